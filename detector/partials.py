"""What one tick brought to each entity of the windows, as partial sums that shards can work out apart and add up.

A shard reduces its rows of a tick to one entry for each entity that they touched (``reduce_rows``); whoever keeps the
windows merges the entries of all shards by entity (``detector.partials_packed``). Exact in any grouping and any order:

* counts are whole numbers (sums of what is not whole are kept in fixed point);
* a sketch's part is the set of its registers that were hit, 64 bits, merged by OR: all hits of a tick bear its time;
* the rhythm needs the first and the last time of the tick: a tick is shorter than the silence that parts two bursts,
  so no more than one burst begins in it;
* what closed flows taught is their number, sum and sum of squares;
* who claimed an address in ARP needs its order, and is an ordered list of those few rows.

The order of entries is that of the frames that first touched the entity: it decides who gives way where room is short.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.flowtable import BEFORE, FLOW, FlowTable
from detector.prefetch import prefetch
from detector.windows_events import BYTES_BWD, BYTES_FWD, COUNTS, DNS_ENTROPY, Event, Flow, describe
from detector.windows_state import CONVERSATION, DST, KINDS, MAC, PAIR, REGISTERS, SERVICE, SRC, keys_of, mix

LOGS: Final = 1 << 17  # fixed point of logarithms: squares of a tick's 65,536 flows stay below 2**63
BITS: Final = 1 << 10  # ... of bits of entropy
_AHEAD: Final = 3
_FLOW_BYTES: Final = FLOW.itemsize
_BEFORE_BYTES: Final = BEFORE.itemsize
_EVEN: Final = COUNTS + COUNTS % 2  # entries are whole words, of which a mask of 32 bits tells (``partials_packed``)

ENTRY: Final = np.dtype(
    [
        ("key", "<u8"),
        ("at", "<i8"),  # of the row that touched it first, and within it of the kind
        ("began", "<i8"),  # ns: last frame of that row's flow
        ("until", "<i8"),  # ns: last frame of all
        ("bytes", "<i8", (2,)),
        ("payload", "<i8", (2,)),
        ("sent", "<i8"),  # of closed flows: sums of ln(1 + payload), in fixed point
        ("sent_squares", "<i8"),
        ("got", "<i8"),
        ("got_squares", "<i8"),
        ("turns", "<i8"),
        ("peers", "<u8"),  # registers that were hit
        ("ports", "<u8"),
        ("gains", "<i4", (_EVEN,)),  # by count, but those of bytes; the last may be nobody's
        ("closed", "<i4"),
        ("kind", "<i4"),
    ]
)
WORDS: Final = ENTRY.itemsize // 8
CLAIM: Final = np.dtype([("at", "<i8"), ("source", "<u8"), ("key", "<u8"), ("mac", "<u8")])
Array = npt.NDArray[Any]
Entry = Any  # one record of ENTRY, as numba sees it
_UNITS: Final = np.array(
    [0 if c in (BYTES_FWD, BYTES_BWD) else BITS if c == DNS_ENTROPY else 1 for c in range(COUNTS)], np.float32
)


class Partials(NamedTuple):
    """Of one tick: entries (n,) of ENTRY, claims (m,) of CLAIM, both ascending by ``at``, no entity twice."""

    entries: Array
    claims: Array


class Room(NamedTuple):
    """Where entries are gathered: ``places`` finds them by entity, open addressing, a power of two, -1 where empty."""

    places: npt.NDArray[np.int32]
    entries: Array
    claims: Array
    used: npt.NDArray[np.int64]  # (2,) entries, claims
    words: npt.NDArray[np.uint64]  # the entries' own memory
    numbers: npt.NDArray[np.int64]  # (KINDS,) entries of one row
    keys: npt.NDArray[np.uint64]  # (KINDS,)
    gains: npt.NDArray[np.float32]  # (COUNTS,)


class Gatherer:
    """Keeps the room from tick to tick; it grows to what the fullest tick needs."""

    def __init__(self, seed: npt.NDArray[np.uint64]) -> None:
        self._seed = seed
        self._room = self._new(64, 1)

    @staticmethod
    def _new(entries: int, claims: int) -> Room:
        room = np.empty(entries, ENTRY)
        return Room(
            np.empty(1 << (2 * entries - 1).bit_length(), np.int32),
            room,
            np.empty(claims, CLAIM),
            np.zeros(2, np.int64),
            room.view(np.uint64).reshape(entries, WORDS),
            np.zeros(KINDS, np.int64),
            np.zeros(KINDS, np.uint64),
            np.zeros(COUNTS, np.float32),
        )

    def room(self, entries: int, claims: int = 1) -> Room:
        """Empty room for so many at most."""
        room = self._room
        if entries > len(room.entries) or claims > len(room.claims):
            grown = max(entries, len(room.entries)), max(claims, len(room.claims))
            room = self._room = self._new(*(1 << (n - 1).bit_length() for n in grown))
        places = room.places[: 1 << max(2 * entries - 1, 1).bit_length()]
        places[:] = -1
        room.used[:] = 0
        return room._replace(places=places)

    def reduce(self, table: FlowTable, slots: npt.NDArray[np.int32], at: npt.NDArray[np.int64]) -> Partials:
        """What these rows of a tick bring; ``at`` (n,) ascends. Valid until the next call."""
        room = self.room(len(slots) * KINDS, len(slots))
        reduce_rows(table, slots, at, self._seed, room)
        return Partials(room.entries[: room.used[0]], room.claims[: room.used[1]])


@lean_kernel
def reduce_rows(
    table: FlowTable,
    slots: npt.NDArray[np.int32],
    at: npt.NDArray[np.int64],
    seed: npt.NDArray[np.uint64],
    room: Room,
) -> None:
    """Add up by entity what changed in these slots since the last tick."""
    keys, numbers = room.keys, room.numbers
    for row in range(len(slots)):
        if row + _AHEAD < len(slots):
            coming = np.int64(slots[row + _AHEAD])
            for line in range(0, _FLOW_BYTES, 64):
                prefetch(table.flows, coming, line)
            for line in range(0, _BEFORE_BYTES + 63, 64):
                prefetch(table.before, coming, line)
        slot = slots[row]
        flow = table.flows[slot]
        event = describe(flow, table.before[slot], table.payload[flow["payload_row"]], room.gains)
        keys_of(flow, seed[0], keys)
        for kind in range(KINDS):
            numbers[kind] = -1
            if keys[kind] != np.uint64(0):
                numbers[kind] = _entry(room, kind, keys[kind], at[row] * KINDS + kind, event.when)
                _add(room.entries[numbers[kind]], room.gains, event)
        _sketch(room, flow, event, seed[1])
        _claim(room, flow, at[row])


@lean_part
def _entry(room: Room, kind: int, key: np.uint64, at: int, began: int) -> int:
    """The number of an entity's entry; a new one is empty."""
    found = find(room, kind, key)
    if found >= 0:
        return found
    number = -1 - found
    for word in range(WORDS):
        room.words[number, word] = np.uint64(0)
    entry = room.entries[number]
    entry["key"], entry["kind"], entry["at"] = key, np.int32(kind), at
    entry["began"], entry["until"] = began, began
    return number


@lean_part
def find(room: Room, kind: int, key: np.uint64) -> int:
    """The number of an entity's entry; where it has none it is given one that is not written yet: -1 - number."""
    mask = np.int64(len(room.places) - 1)
    place = np.int64(key >> np.uint64(12)) & mask
    while room.places[place] >= 0:
        found = np.int64(room.places[place])
        if room.entries[found]["key"] == key and room.entries[found]["kind"] == kind:
            return int(found)
        place = (place + 1) & mask
    number = room.used[0]
    room.used[0] += 1
    room.places[place] = np.int32(number)
    return int(-1 - number)


@lean_part
def _add(entry: Entry, gains: npt.NDArray[np.float32], event: Event) -> None:
    for c in range(COUNTS):
        entry["gains"][c] += np.int32(gains[c] * _UNITS[c])
    entry["bytes"][0] += np.int64(gains[BYTES_FWD])
    entry["bytes"][1] += np.int64(gains[BYTES_BWD])
    entry["payload"][0] += np.int64(event.payload_fwd)
    entry["payload"][1] += np.int64(event.payload_bwd)
    entry["until"] = max(entry["until"], event.when)
    if event.closed:
        sent, got = np.int64(event.sent * LOGS + 0.5), np.int64(event.got * LOGS + 0.5)
        entry["closed"] += np.int32(1)
        entry["sent"] += sent
        entry["sent_squares"] += sent * sent
        entry["got"] += got
        entry["got_squares"] += got * got
        entry["turns"] += np.int64(event.turns)


@lean_part
def _sketch(room: Room, flow: Flow, event: Event, seed: np.uint64) -> None:
    """Whom and what each entity met: one register for each."""
    entries, numbers = room.entries, room.numbers
    mac = numbers[MAC]
    if not event.started and event.message == np.uint64(0) and mac < 0:
        return
    source = _register(flow["address"][0, 0] ^ mix(flow["address"][0, 1] ^ seed))
    target = _register(flow["address"][1, 0] ^ mix(flow["address"][1, 1] ^ seed))
    if event.started:
        entries[numbers[SRC]]["peers"] |= target
        entries[numbers[DST]]["peers"] |= source
        entries[numbers[SERVICE]]["peers"] |= source
        if flow["port"][1] > 0:
            port = _register(np.uint64(flow["port"][1]) ^ mix(np.uint64(flow["protocol"]) ^ seed))
            entries[numbers[SRC]]["ports"] |= port
            entries[numbers[DST]]["ports"] |= port
            entries[numbers[PAIR]]["ports"] |= port
    if event.message != np.uint64(0):
        message = _register(event.message ^ seed)
        entries[numbers[CONVERSATION]]["peers"] |= message
        entries[numbers[PAIR]]["peers"] |= message
        entries[numbers[SERVICE]]["ports"] |= message
    if mac >= 0:
        entries[mac]["peers"] |= source
        entries[mac]["ports"] |= target


@lean_part
def _register(element: np.uint64) -> np.uint64:
    """The bit of the register of a sketch to which an element falls: the seed keeps anybody from choosing it."""
    return np.uint64(1) << (mix(element) & np.uint64(REGISTERS - 1))


@lean_part
def _claim(room: Room, flow: Flow, at: int) -> None:
    """ARP: who says that the source's address is its own. 0.0.0.0 probes (RFC 5227) claim nothing."""
    mac = flow["arp_mac"][0]
    if room.numbers[MAC] < 0 or mac == np.uint64(0) or (flow["address"][0, 1] & np.uint64(0xFFFFFFFF)) == np.uint64(0):
        return
    claim = room.claims[room.used[1]]
    claim["at"], claim["mac"] = at, mac
    claim["source"], claim["key"] = room.keys[SRC], room.keys[MAC]
    room.used[1] += 1


@lean_part
def join(entry: Entry, one: Entry) -> None:
    """Add to an entry what another shard saw of the same entity, all of it touched later."""
    for c in range(COUNTS):
        entry["gains"][c] += one["gains"][c]
    for side in range(2):
        entry["bytes"][side] += one["bytes"][side]
        entry["payload"][side] += one["payload"][side]
    entry["until"] = max(entry["until"], one["until"])
    entry["sent"] += one["sent"]
    entry["sent_squares"] += one["sent_squares"]
    entry["got"] += one["got"]
    entry["got_squares"] += one["got_squares"]
    entry["turns"] += one["turns"]
    entry["peers"] |= one["peers"]
    entry["ports"] |= one["ports"]
    entry["closed"] += one["closed"]
