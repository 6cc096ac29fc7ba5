"""The flow table: one record of fixed size per biflow, and the arrays that find, end and list them.

A slot is a row of ``FlowTable.flows`` and keeps its number from the first frame of a flow until ``Meter.release``, so
other rooms may keep arrays of their own beside it, indexed by slot. All facts of a flow lie together in memory (a frame
then touches a few cache lines, not one per fact), and each is reached by name, alike in numpy and in a kernel::

    table.flows["packets"][slots, FWD]           # numpy: one fact of many flows
    flow = table.flows[slot]                     # kernel: one flow ...
    flow["packets"][FWD]                         # ... and one of its facts

Facts of shape ``(2,)`` are by direction: ``[FWD]`` is that of who started the flow, ``[BWD]`` the other one (RFC 5103).
"""

from __future__ import annotations

import math
import mmap
from contextlib import suppress
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detector.messages import Messages, new_messages
from detector.rare_facts import RARE
from detector.side_rows import Make, SideRows, new_side_rows
from detector.signs import Signs
from detector.signs import table as table_of_signs

FWD: Final = 0
BWD: Final = 1

# ``state`` of a slot
FREE: Final = 0
LIVE: Final = 1
ENDED: Final = 2  # not found by frames any more; readable until released

# ``ended``: index into contract.schemas.ENDED
IDLE: Final = 0
ACTIVE: Final = 1
FIN: Final = 2
RST: Final = 3
END_OF_INPUT: Final = 4
TABLE_FULL: Final = 5
NOT_ENDED: Final = 255

# bits of ``tcp_state``
SYN_SEEN: Final = 1
SYN_ACK_SEEN: Final = 2
ESTABLISHED: Final = 4  # the starter acknowledged the SYN/ACK
FIN_FWD: Final = 8
FIN_BWD: Final = 16
RST_FWD: Final = 32
RST_BWD: Final = 64

FIRST_SIZES: Final = 16
PAYLOAD_BYTES: Final = 128
NEVER: Final = np.iinfo(np.int64).max

_FIELDS: Final[list[tuple[Any, ...]]] = [
    # Five cache lines that nearly every frame touches: who, when and how much, sizes, rhythm, sequence.
    # who: 64-bit words of the 16-byte address (contract.addresses), most significant first; address[FWD] is the source
    ("address", "u8", (2, 2)),
    ("key_port", "u2", (2,)),  # what frames are matched by: ports; ICMP: type of the request and code, the same twice
    ("port", "u2", (2,)),  # source and destination port; ICMP: type and code of the first message; else 0
    ("protocol", "u2"),  # IP protocol, or 0x0806 for ARP
    ("ip_version", "u1"),  # 4 or 6 (4 for ARP)
    ("state", "u1"),  # FREE, LIVE or ENDED
    ("ended", "u1"),  # why it ended: index into contract.schemas.ENDED, NOT_ENDED while it lives
    ("fresh", "u1"),  # 1 until the first ``Meter.clear_dirty`` after its first frame
    ("dirty", "u1"),  # 1 while it is on the dirty list
    ("tcp_state", "u1"),  # bits SYN_SEEN ... RST_BWD
    ("last_sender", "u1"),  # side of the last payload: 0 none yet, 1 starter, 2 other
    ("sizes_count", "u1"),
    ("payload_kept", "u1", (2,)),  # how many bytes of ``FlowTable.payload`` are set in each direction
    ("flags", "u1", (2,)),  # all flags seen, ORed (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128)
    ("ttl_first", "u1", (2,)),  # TTL or hop limit of the first frame of each direction
    ("turns", "u4"),  # how often the side that sends payload changed
    ("payload_row", "u4"),  # row of ``FlowTable.payload``, 0 while no payload came
    ("first", "i8"),
    ("last", "i8"),
    ("last_in", "i8", (2,)),  # last frame of each direction, 0 where there was none
    ("packets", "u4", (2,)),
    ("bytes", "u8", (2,)),  # from the network header on, by its length field (not by what was captured)
    ("next_seq", "u4", (2,)),  # TCP: sequence number expected next
    ("payload", "u8", (2,)),  # bytes behind the transport header
    ("payload_packets", "u4", (2,)),  # frames with payload
    ("size_squares", "u8", (2,)),  # sum of squares of the sizes that ``bytes`` adds up
    ("size_min", "u2", (2,)),  # smallest of those sizes (0 where no frame)
    ("size_max", "u2", (2,)),
    # gaps between frames of one direction: Welford's mean and sum of squared distances, in seconds
    ("gap_max", "f4", (2,)),
    ("gap_min", "f4", (2,)),  # 0 where there are fewer than two frames
    ("gap_mean", "f8", (2,)),
    ("gap_m2", "f8", (2,)),
    ("pauses", "u4", (2,)),  # gaps of more than a second
    ("acks", "u4", (2,)),  # frames with the flag ACK
    ("pushes", "u4", (2,)),  # ... PSH
    ("payload_max", "u2", (2,)),  # largest payload of a frame
    ("window_min", "u2", (2,)),  # smallest window of a frame without SYN and RST (65535 where none)
    ("sizes", "i2", (FIRST_SIZES,)),  # first payloads, those of the other side negative
    ("retransmissions", "u4", (2,)),  # frames whose sequence space was wholly seen before
    ("out_of_order", "u4", (2,)),  # frames that leave a hole
    ("zero_windows", "u4", (2,)),
    ("window_first", "u2", (2,)),
    # HTTP/1, of all messages that begin a segment
    ("http_open", "u1"),  # 1 while the head of the last request has not ended
    ("http_signs", "u1"),  # most signs of an exploit in one request (``detector.signs``)
    ("vlan", "u2"),  # outermost VLAN id of the first frame, 0 where none
    # What some frames touch: begin, handshake and end
    ("flow_id", "u8"),  # 1 and the number of its first frame among all that the meter was given
    ("syn_at", "i8", (2,)),  # time of the last SYN (FWD) and first SYN/ACK (BWD), -1 where none
    ("rtt", "i8", (2,)),  # ns from SYN to SYN/ACK (FWD) and from SYN/ACK to its ACK (BWD), -1 where not seen
    ("response", "i8"),  # ns from the first frame to the first one of the other direction, -1 while there is none
    # link layer: MACs of the first frame (its source, its destination), 48-bit numbers, 0 where the link has none
    ("mac", "u8", (2,)),
    ("fins", "u4", (2,)),  # frames with each of the rarer flags
    ("syns", "u4", (2,)),
    ("resets", "u4", (2,)),
    ("urgents", "u4", (2,)),
    ("eces", "u4", (2,)),
    ("cwrs", "u4", (2,)),
    ("fragments", "u4", (2,)),  # frames that are IP fragments
    ("no_flags", "u4"),  # TCP frames without any flag
    ("unreachable", "u4"),  # ICMP "unreachable" of others that quote a packet of this flow (a refused UDP probe)
    ("mss", "u2", (2,)),  # MSS option of the SYN and the SYN/ACK, 0 where none
    ("logins_refused", "u2"),  # messages of the other side that refuse a login (``detector.refusals``)
    ("over_reads", "u2"),  # TLS heartbeats that claim to be longer than their record
    # ARP: sender MAC per side (address[FWD] / address[BWD]) as last claimed, 0 where none
    ("arp_mac", "u8", (2,)),
    ("arp_mac_changes", "u4"),  # how often a side of this flow claimed another MAC than before
    ("arp_requests", "u4"),
    ("arp_replies", "u4"),
    ("arp_gratuitous", "u4"),  # sender and target address alike
    ("arp_operation", "u1"),  # operation of the first frame, 0 where it is no ARP
    # DNS (UDP or TCP port 53, 5353, 5355), of all messages of the flow
    ("dns_labels_max", "u1"),  # most labels of a name
    ("dns_label_max", "u1"),  # longest label, bytes
    ("dns_name_max", "u1"),  # longest name, bytes
    ("dns_type_first", "u2"),  # type of the first question
    ("dns_rcode_last", "u1"),
    ("dns_queries", "u4"),
    ("dns_replies", "u4"),
    ("dns_name_bytes", "u4"),  # sum of name lengths of the queries
    ("dns_entropy_sum", "f4"),  # sum over queries of the entropy of the name without its last two labels, bits/char
    ("dns_entropy_max", "f4"),
    ("dns_digits", "u4"),  # digits in those names
    ("dns_name_changes", "u4"),  # queries for another name than the query before
    ("dns_rare_types", "u4"),  # queries for other than A, AAAA, PTR, SOA, NS, SRV, HTTPS
    ("dns_any", "u4"),  # queries for ANY
    ("dns_nxdomain", "u4"),  # replies with rcode 3
    ("dns_failed", "u4"),  # replies with any rcode but 0
    ("dns_answers", "u4"),  # answer records announced by the replies
    ("dns_reply_bytes", "u8"),
    ("asked_hash", "u8"),  # hash of the last name (DNS) or request line (HTTP) asked for
    ("dns_domain_hash", "u8"),  # hash of its last two labels
    ("http_requests", "u4"),
    ("http_refused", "u4"),  # answers with a status of 4xx
]
FLOW: Final = np.dtype(_FIELDS, align=True)
HOT_BYTES: Final = 320

# Facts of a flow as of the last ``Meter.clear_dirty`` (the last tick): now minus these is what the tick brought. They
# lie apart: frames do not carry them through the caches, and a meter without ticks never takes their memory.
_REMEMBERED: Final = (
    "packets",
    "bytes",
    "payload",
    "flags",
    "tcp_state",
    "unreachable",
    "logins_refused",
    "dns_queries",
    "dns_nxdomain",
    "dns_name_bytes",
    "dns_name_changes",
    "dns_entropy_sum",
    "arp_requests",
    "arp_replies",
    "http_requests",
    "http_refused",
)
BEFORE: Final = np.dtype([field for field in _FIELDS if field[0] in _REMEMBERED], align=True)

# Names of ``FlowTable.counters``
LIVE_FLOWS: Final = 0
FREE_SLOTS: Final = 1
DIRTY: Final = 2
ENDED_WAITING: Final = 3
FRAMES: Final = 4  # that the meter was given so far
HIGH_WATER: Final = 5  # no slot at or beyond it was ever used
HAND: Final = 6  # where the search for a flow to evict goes on
NEXT_DEADLINE: Final = 7  # no live flow ends before (ns); a lower bound
EVICTED: Final = 8  # flows ended because the table was full
BACKWARDS: Final = 9  # frames older than the newest one of their flow
LAST_TS: Final = 10  # newest timestamp seen
NOW: Final = 11  # what is being worked on: twice the number of a frame, one more for the packet that it quotes
FIRST_SLOT: Final = 12  # no slot before it belongs to this table
AFTER: Final = 1 << 62  # ``NOW`` behind all frames of a tick: this and the id of a flow that expires
PAYLOAD_FREE: Final = 13  # rows of payload that were given back
PAYLOAD_USED: Final = 14  # the last row of payload that was ever used
COUNTERS: Final = 24


class FlowTable(NamedTuple):
    """All state of the meter: ``n`` slots, about 3/4 of them for live flows, the rest for ended ones to be released."""

    flows: npt.NDArray[Any]  # (n,) of FLOW
    before: npt.NDArray[Any]  # (n + 1,) of BEFORE: facts as of the last tick; zeros where the flow is fresh, and last
    payload: npt.NDArray[np.uint8]  # (n + 1, 2, PAYLOAD_BYTES): first payload bytes of each direction, by payload_row
    payload_free: npt.NDArray[np.uint32]  # (n,) stack of rows of payload that were given back
    deadline: npt.NDArray[np.int64]  # (n,) ns; the flow ends not before (``flow_life.due``); NEVER where not live
    places: npt.NDArray[np.uint64]  # (m,) hash << 32 | slot + 1, 0 where empty; m a power of two, twice the live flows
    free: npt.NDArray[np.int32]  # (n,) stack of free slots
    dirty: npt.NDArray[np.int32]  # (n,) slots touched since ``clear_dirty``, in order of first touch
    dirty_at: npt.NDArray[np.int64]  # (n,) ``NOW`` of that touch
    ended: npt.NDArray[np.int32]  # (n,) slots ended and not yet handed out by ``Meter.expire``
    counters: npt.NDArray[np.int64]  # (COUNTERS,)
    letters: npt.NDArray[np.uint16]  # (256,) zeros between uses: letters of one name, counted
    rare: SideRows  # of detector.rare_facts.RARE
    messages: Messages  # first messages of TLS and HTTP
    signs: Signs  # (n, WIDTH) what is looked for in HTTP requests; read-only


def new_table(capacity: int) -> FlowTable:
    """An empty table for ``capacity`` live flows. Memory is taken by the system only for slots that are used."""
    return new_tables(capacity, 1, zeros)[0]


def live_of(capacity: int, shards: int) -> int:
    """Live flows that one of so many shards may have: four standard deviations more than its share."""
    share = capacity / shards
    return capacity if shards == 1 else math.ceil(share + 4 * math.sqrt(share))


def reserve_of(live: int) -> int:
    """Slots beside those for so many live flows: for flows that ended and were not released yet."""
    return max(live // 3, 64)


def new_tables(capacity: int, shards: int, make: Make, *, fresh: bool = True) -> tuple[FlowTable, ...]:
    """The table in so many parts: records are one array with slots numbered through, and each part lists its own.

    ``make`` gives arrays of zeros; where they hold a table already (not ``fresh``) nothing is written.
    """
    live = live_of(capacity, shards)
    slots = live + reserve_of(live)
    flows = make(slots * shards, FLOW)
    before = make(slots * shards + 1, BEFORE)
    payload = make((slots * shards + 1) * 2 * PAYLOAD_BYTES, np.dtype(np.uint8)).reshape(-1, 2, PAYLOAD_BYTES)
    deadline = make(slots * shards, np.dtype(np.int64))
    rare = new_side_rows(slots, RARE, shards, make, fresh=fresh)
    messages = new_messages(slots, shards, make, fresh=fresh)
    places = 1 << (2 * live - 1).bit_length()
    tables = []
    for shard in range(shards):
        first = shard * slots
        table = FlowTable(
            flows,
            before,
            payload,
            payload_free=make(slots, np.dtype(np.uint32)),
            deadline=deadline,
            places=make(places, np.dtype(np.uint64)),
            free=make(slots, np.dtype(np.int32)),
            dirty=make(slots, np.dtype(np.int32)),
            dirty_at=make(slots, np.dtype(np.int64)),
            ended=make(slots, np.dtype(np.int32)),
            counters=make(COUNTERS, np.dtype(np.int64)),
            letters=make(256, np.dtype(np.uint16)),
            rare=rare[shard],
            messages=messages[shard],
            signs=table_of_signs(),
        )
        if fresh:
            deadline[first : first + slots] = NEVER
            table.free[:] = np.arange(first + slots - 1, first - 1, -1)  # the lowest slot is taken first
            table.counters[FREE_SLOTS] = slots
            table.counters[FIRST_SLOT] = table.counters[HIGH_WATER] = first
            table.counters[PAYLOAD_USED] = first
            table.counters[NEXT_DEADLINE] = NEVER
        tables.append(table)
    return tuple(tables)


def zeros(count: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A zeroed array that begins on a page, in huge pages where the system gives them.

    Records are looked up at random: with small pages most of the time would go into finding the pages. Huge ones are
    given for private memory only, and also cost a fifth to take.
    """
    memory = mmap.mmap(-1, max(count * dtype.itemsize, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel without huge pages refuses the advice
            memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, dtype, count)
