"""The state of the windows: one bounded table of entities, how one is found, and how what it counted fades."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from contract.schemas import ARP
from detector.flowtable import FlowTable
from detector.prefetch import prefetch
from detector.windows_events import COUNTS, Flow

# kinds of entity
SRC: Final = 0  # who starts flows
DST: Final = 1  # who is addressed
SERVICE: Final = 2  # destination, port, protocol
PAIR: Final = 3  # source and destination
CONVERSATION: Final = 4  # source, destination, port, protocol
MAC: Final = 5  # sender MAC of ARP
KINDS: Final = 6
PLACES: Final = (16384, 8192, 8192, 16384, 16384, 1024)

TAUS: Final = (1.0, 10.0, 60.0, 600.0)  # seconds
REGISTERS: Final = 64
WAYS: Final = 8
_AHEAD: Final = 8  # flows whose memory is on its way
_GRACE_NS: Final = 5_000_000_000
_GOLDEN: Final = 0x9E3779B97F4A7C15
_MASK: Final = (1 << 64) - 1
_SKETCH_NS: Final = 10_000_000  # resolution of a sketch's times

# columns of ``Windows.times``
FIRST: Final = 0
LAST: Final = 1
ONSET: Final = 2  # when the running burst began
ACTIVE: Final = 3  # last frame

# columns of ``Windows.rhythm``
ONSETS: Final = 0
GAP_MEAN: Final = 1  # seconds between onsets
GAP_VAR: Final = 2
BURST_FWD: Final = 3  # bytes of the running burst
BURST_BWD: Final = 4
FWD_MEAN: Final = 5  # of ln(1 + bytes) of finished bursts
FWD_VAR: Final = 6
BWD_MEAN: Final = 7
BWD_VAR: Final = 8
CLOSED: Final = 9  # finished flows
SENT_MEAN: Final = 10  # of ln(1 + payload) of finished flows
SENT_VAR: Final = 11
GOT_MEAN: Final = 12
GOT_VAR: Final = 13
TURNS_MEAN: Final = 14
TURNS_VAR: Final = 15
STARTED: Final = 16  # flows ever started (for the eviction policy)
LAST_MAC_CONFLICT: Final = 17
RHYTHM: Final = 18

EVICTED: Final = 0
BASE: Final = 1  # time 0 of the sketches, ns


class Windows(NamedTuple):
    """All state. ``n`` places; kind ``k`` has those from ``offsets[k]`` to ``offsets[k + 1]``."""

    keys: npt.NDArray[np.uint64]  # (n,) 0 where free
    times: npt.NDArray[np.int64]  # (n, 4) ns
    counts: npt.NDArray[np.float32]  # (n, 4, COUNTS) as of ``times[:, LAST]``
    rhythm: npt.NDArray[np.float32]  # (n, RHYTHM)
    peers: npt.NDArray[np.uint32]  # (n, REGISTERS) when an element was last seen, 0 never
    ports: npt.NDArray[np.uint32]  # (n, REGISTERS)
    macs: npt.NDArray[np.uint64]  # (n,) sender MAC that last claimed this host in ARP
    offsets: npt.NDArray[np.int64]  # (KINDS + 1,)
    counters: npt.NDArray[np.int64]
    seed: npt.NDArray[np.uint64]  # (2,) of the keys, and of what the sketches count
    # room to work in, of one flow at a time: a lean kernel may not make arrays
    work_keys: npt.NDArray[np.uint64]  # (KINDS,)
    work_places: npt.NDArray[np.int64]  # (KINDS,)
    work_gains: npt.NDArray[np.float32]  # (COUNTS,)
    work_counts: npt.NDArray[np.float32]  # (KINDS, 4, COUNTS)


def new_windows(seed: int = 0, places: tuple[int, ...] = PLACES) -> Windows:
    """Empty windows. ``places`` per kind are powers of two, 8 or more; memory is taken as they fill."""
    n = sum(places)
    return Windows(
        keys=np.zeros(n, np.uint64),
        times=np.zeros((n, 4), np.int64),
        counts=np.zeros((n, len(TAUS), COUNTS), np.float32),
        rhythm=np.zeros((n, RHYTHM), np.float32),
        peers=np.zeros((n, REGISTERS), np.uint32),
        ports=np.zeros((n, REGISTERS), np.uint32),
        macs=np.zeros(n, np.uint64),
        offsets=np.concatenate(([0], np.cumsum(places))).astype(np.int64),
        counters=np.zeros(4, np.int64),
        seed=np.array([(seed * 2 + 1) * _GOLDEN & _MASK, seed * _GOLDEN & _MASK], np.uint64),
        work_keys=np.zeros(KINDS, np.uint64),
        work_places=np.full(KINDS, -1, np.int64),
        work_gains=np.zeros(COUNTS, np.float32),
        work_counts=np.zeros((KINDS, len(TAUS), COUNTS), np.float32),
    )


def own_room(windows: Windows) -> Windows:
    """The same windows with room of one's own to work in: for a thread that reads them beside others."""
    names = [name for name in Windows._fields if name.startswith("work_")]
    return windows._replace(**{name: getattr(windows, name).copy() for name in names})


@lean_kernel
def mix(x: np.uint64) -> np.uint64:
    """The finaliser of SplitMix64."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@lean_kernel
def keys_of(flow: Flow, seed: np.uint64, out: npt.NDArray[np.uint64]) -> None:
    """The key of each kind for one flow; 0 for a kind that it has not. ``out`` is ``(KINDS,)``."""
    source = mix(flow["address"][0, 0] ^ mix(flow["address"][0, 1] ^ seed))
    target = mix(flow["address"][1, 0] ^ mix(flow["address"][1, 1] ^ seed))
    protocol = np.uint64(flow["protocol"])
    port = np.uint64(flow["port"][1])
    if protocol == np.uint64(1) or protocol == np.uint64(58):
        port = np.uint64(flow["port"][0])
    service = protocol << np.uint64(16) | port
    out[SRC] = source | np.uint64(1)
    out[DST] = mix(target + np.uint64(DST)) | np.uint64(1)
    out[SERVICE] = mix(target + mix(service)) | np.uint64(1)
    pair = mix(source + mix(target))
    out[PAIR] = pair | np.uint64(1)
    out[CONVERSATION] = mix(pair + mix(service)) | np.uint64(1)
    out[MAC] = np.uint64(0)
    if protocol == np.uint64(ARP) and flow["arp_mac"][0] != np.uint64(0):
        out[MAC] = mix(flow["arp_mac"][0] ^ seed) | np.uint64(1)


@lean_kernel
def locate(windows: Windows, table: FlowTable, slots: npt.NDArray[np.int32], out: npt.NDArray[np.int64]) -> None:
    """The places ``(n, KINDS)`` of the entities of flows, -1 where they are not kept or there is none."""
    keys = windows.work_keys
    for row in range(len(slots)):
        if row + _AHEAD < len(slots):
            prefetch(table.flows, np.int64(slots[row + _AHEAD]), 0)
        keys_of(table.flows[slots[row]], windows.seed[0], keys)
        for kind in range(KINDS):
            out[row, kind] = find(windows, kind, keys[kind])


@lean_part
def fetch(windows: Windows, places: npt.NDArray[np.int64]) -> None:
    """Have the memory of these places (KINDS,) brought near."""
    for kind in range(KINDS):
        place = places[kind]
        if place < 0:
            continue
        prefetch(windows.times, place, 0)
        for line in range(0, len(TAUS) * COUNTS * 4 + 63, 64):
            prefetch(windows.counts, place, line)
        for line in range(0, RHYTHM * 4 + 63, 64):
            prefetch(windows.rhythm, place, line)
        for line in range(0, REGISTERS * 4, 64):
            prefetch(windows.peers, place, line)
            prefetch(windows.ports, place, line)


@lean_part
def find(windows: Windows, kind: int, key: np.uint64) -> int:
    """The place of an entity, -1 where it is not kept."""
    if key == np.uint64(0):
        return -1
    first = _set(windows, kind, key)
    for place in range(first, first + WAYS):
        if windows.keys[place] == key:
            return place
    return -1


@lean_part
def _set(windows: Windows, kind: int, key: np.uint64) -> int:
    sets = (windows.offsets[kind + 1] - windows.offsets[kind]) // WAYS
    return int(windows.offsets[kind]) + int((key >> np.uint64(20)) & np.uint64(sets - 1)) * WAYS


@lean_part
def claim(windows: Windows, kind: int, key: np.uint64, now: int) -> int:
    """The place of an entity; where it is not kept yet, the weakest of its set gives way."""
    place = find(windows, kind, key)
    return place if place >= 0 else _replace(windows, _set(windows, kind, key), key, now)


@lean_kernel
def _replace(windows: Windows, first: int, key: np.uint64, now: int) -> int:
    """Give the place of the weakest of a set to a new entity."""
    weakest = first
    least = np.int64(np.iinfo(np.int64).max)
    for place in range(first, first + WAYS):
        value = np.int64(-1)
        if windows.keys[place] != np.uint64(0):
            grace = min(windows.rhythm[place, STARTED], np.float32(64.0))
            value = windows.times[place, LAST] + np.int64(grace) * _GRACE_NS
        if value < least:
            weakest, least = place, value
    if windows.keys[weakest] != np.uint64(0):
        windows.counters[EVICTED] += 1
    windows.keys[weakest] = key
    windows.times[weakest, FIRST] = now
    windows.times[weakest, LAST] = now
    windows.times[weakest, ONSET] = 0
    windows.times[weakest, ACTIVE] = 0
    windows.counts[weakest] = np.float32(0.0)
    windows.rhythm[weakest] = np.float32(0.0)
    windows.peers[weakest] = np.uint32(0)
    windows.ports[weakest] = np.uint32(0)
    windows.macs[weakest] = np.uint64(0)
    return weakest


@lean_part
def decay(windows: Windows, place: int, now: int) -> None:
    """Bring the counts of a place to ``now``."""
    passed = np.float64(now - windows.times[place, LAST]) * 1e-9
    if passed <= 0.0:
        return
    windows.times[place, LAST] = now
    for w in range(len(TAUS)):
        factor = np.float32(np.exp(-passed / TAUS[w]))
        for c in range(COUNTS):
            windows.counts[place, w, c] *= factor


@lean_kernel
def sketch_time(windows: Windows, now: int) -> np.uint32:
    """A time as a sketch keeps it: steps of 10 ms, 1 and up."""
    return np.uint32(max((now - windows.counters[BASE]) // _SKETCH_NS, 0) + 1)


@lean_part
def empty(registers: npt.NDArray[np.uint32], stamp: np.uint32, seconds: float) -> int:
    """How many registers the last ``seconds`` left empty."""
    back = np.uint32(seconds * 1e9 / _SKETCH_NS)
    since = stamp - back if stamp > back else np.uint32(1)
    count = np.uint32(0)
    for r in range(REGISTERS):
        count += np.uint32(registers[r] < since)
    return int(count)


@lean_kernel
def distinct(registers: npt.NDArray[np.uint32], stamp: np.uint32, seconds: float) -> float:
    """How many distinct elements the last ``seconds`` had, by linear counting over registers of last-seen times.

    Exact to a few per cent up to about 100; saturates at 266 (Whang et al., 1990).
    """
    left = max(np.float64(empty(registers, stamp, seconds)), 1.0)
    return float(-REGISTERS * np.log(left / REGISTERS))
