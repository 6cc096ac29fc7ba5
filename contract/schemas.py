"""Arrow schemas that travel between rooms and processes, each with its name and version in the metadata.

Units: times are nanoseconds since the epoch in UTC, sizes are bytes. Addresses are 16 bytes (``contract.addresses``).
``protocol`` is the IP protocol number, or 0x0806 (its EtherType) for ARP; an ICMP flow has the type of its first
message as ``src_port`` and the code as ``dst_port``.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from contract.errors import InputError

ARP: Final = 0x0806
TIME: Final = pa.timestamp("ns", "UTC")
ADDRESS: Final = pa.binary(16)
NAME: Final = pa.dictionary(pa.int16(), pa.string())
_KEY_NAME: Final = b"tenfold.schema"


def _schema(name: str, fields: list[tuple[str, pa.DataType]]) -> pa.Schema:
    return pa.schema([pa.field(n, t, nullable=False) for n, t in fields], metadata={_KEY_NAME: name.encode()})


_FLOW_KEY: Final = [
    ("src", ADDRESS),
    ("dst", ADDRESS),
    ("src_port", pa.uint16()),
    ("dst_port", pa.uint16()),
    ("protocol", pa.uint16()),
]

FRAMES: Final = _schema(
    "frames/1",
    [
        ("ts", TIME),
        ("frame", pa.binary()),  # what was captured, from the link header on
        ("wire_len", pa.uint32()),  # length on the wire, at least that of ``frame``
        ("link", pa.uint16()),  # link type as in pcap (1 Ethernet, 101 raw IP, 113 Linux cooked, ...)
    ],
)

# One row a (attempt or ordinary conversation, flow). ``attempt`` numbers attacks and ordinary conversations alike.
TRUTH: Final = _schema(
    "truth/1",
    [
        ("attempt", pa.int64()),
        ("family", NAME),
        ("intended", TIME),  # when the plan wanted the first frame of the attempt to leave
        *_FLOW_KEY,
        ("first", TIME),
        ("last", TIME),
        ("frames", pa.uint32()),
    ],
)

# One row a biflow, at its end. ``fwd`` is the direction of who started it (RFC 5103).
FLOWS: Final = _schema(
    "flows/1",
    [
        ("flow_id", pa.uint64()),
        *_FLOW_KEY,
        ("ip_version", pa.uint8()),
        ("first", TIME),
        ("last", TIME),
        ("packets_fwd", pa.uint32()),
        ("packets_bwd", pa.uint32()),
        ("bytes_fwd", pa.uint64()),  # from the network header on
        ("bytes_bwd", pa.uint64()),
        ("payload_fwd", pa.uint64()),  # behind the transport header
        ("payload_bwd", pa.uint64()),
        ("tcp_flags_fwd", pa.uint8()),  # all flags seen, ORed
        ("tcp_flags_bwd", pa.uint8()),
        ("src_mac", pa.uint64()),  # 0 where the link has none
        ("dst_mac", pa.uint64()),
        ("arp_operation", pa.uint8()),  # 0 where it is no ARP
        ("ended", pa.uint8()),  # contract.schemas.ENDED
    ],
)
ENDED: Final = ("idle", "active", "fin", "rst", "end_of_input", "table_full")

# The classifier's word on one flow. A flow may have several rows; the last one counts.
VERDICTS: Final = _schema(
    "verdicts/1",
    [
        ("flow_id", pa.uint64()),
        *_FLOW_KEY,
        ("first", TIME),
        ("last", TIME),
        ("packets", pa.uint32()),
        ("bytes", pa.uint64()),
        ("decided", TIME),  # event time: the end of the tick in which it was decided
        ("family", NAME),  # a family, or ``benign``
        ("score", pa.float32()),  # of an attack: probability that the flow is any attack; of benign: that it is none
        ("final", pa.bool_()),  # the flow has ended
        ("alert_id", pa.uint64()),  # the incident to which it belongs, 0 where none
    ],
)

# What a sensor tells of a flow that frames touched in a tick: all that its meter knows of it at the end of that tick.
# Beside ``_REQUIRED`` any column may be left out: its facts are then unknown, zero. Names ending in ``_fwd`` and
# ``_bwd`` are of the two directions; what each means stands at ``detector.flowtable.FLOW``.
_U8, _U16, _U32, _U64, _I64, _F32, _F64 = (
    pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.int64(), pa.float32(), pa.float64(),
)  # fmt: skip


def _both(kind: pa.DataType, names: str) -> list[tuple[str, pa.DataType]]:
    return [(f"{name}_{side}", kind) for name in names.split() for side in ("fwd", "bwd")]


def _each(kind: pa.DataType, names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, kind) for name in names.split()]


# Facts that few flows have: a list of one such row, or of none.
RARE_FACTS: Final = pa.struct(
    [
        ("active_since", _I64),
        ("period_mean", pa.list_(_F64, 2)),
        ("period_m2", pa.list_(_F64, 2)),
        ("period_min", pa.list_(_F32, 2)),
        ("period_max", pa.list_(_F32, 2)),
        ("period_count", pa.list_(_U32, 2)),
        ("icmp_errors", pa.list_(_U32, 6)),
        ("exchanged", pa.list_(_U64, 4)),
        ("marked", pa.list_(_U64, 2)),
        ("resumed", pa.list_(_U32, 2)),
        ("begun", _U64),
    ]
)
FIRST_MESSAGES: Final = pa.struct(
    [
        ("name_hash", _U64),
        *_each(_U8, "seen alpn_length"),
        *_each(_U16, "version ciphers extensions sni_length"),
        ("sni", pa.binary(64)),
        ("alpn", pa.binary(16)),
        ("ja4", pa.binary(36)),
        *_each(_U16, "chosen_version chosen_cipher server_extensions"),
        *_each(_U8, "method uri_depth"),
        *_each(_U16, "uri_length parameters host_length agent_length status"),
        ("host", pa.binary(64)),
    ]
)
FLOW_UPDATES: Final = _schema(
    "flow-updates/1",
    [
        ("tick", TIME),  # the end of the tick
        ("touched", TIME),  # when a frame of this tick first touched the flow; the end of the tick where none did
        ("flow_id", _U64),  # the sensor's own number of the flow
        *_FLOW_KEY,
        ("first", TIME),
        ("last", TIME),
        ("ended", _U8),  # contract.schemas.ENDED, or 255 while it lives
        *_both(_U32, "packets"),
        *_both(_U64, "bytes payload"),
        *_both(_U8, "tcp_flags"),
        ("tcp_state", _U8),
        ("ip_version", _U8),
        *_both(_U8, "ttl_first"),
        *_each(_U64, "src_mac dst_mac"),
        ("vlan", _U16),
        *_each(_U8, "arp_operation last_sender sizes_count"),
        ("turns", _U32),
        *_both(_I64, "last_in"),
        *_both(_U32, "next_seq payload_packets"),
        *_both(_U64, "size_squares"),
        *_both(_U16, "size_min size_max"),
        *_both(_F32, "gap_max gap_min"),
        *_both(_F64, "gap_mean gap_m2"),
        *_both(_U32, "pauses acks pushes"),
        *_both(_U16, "payload_max window_min"),
        *_both(_I64, "syn_at rtt"),
        ("response", _I64),
        *_both(_U32, "fins syns resets urgents eces cwrs retransmissions out_of_order zero_windows fragments"),
        *_each(_U32, "no_flags unreachable"),
        *_both(_U16, "mss window_first"),
        *_each(_U16, "logins_refused over_reads"),
        ("sizes", pa.list_(pa.int16(), 16)),
        *_both(_U64, "arp_mac"),
        *_each(_U32, "arp_mac_changes arp_requests arp_replies arp_gratuitous"),
        *_each(_U8, "dns_labels_max dns_label_max dns_name_max dns_rcode_last http_open http_signs"),
        ("dns_type_first", _U16),
        *_each(_U32, "dns_queries dns_replies dns_name_bytes"),
        *_each(_F32, "dns_entropy_sum dns_entropy_max"),
        *_each(_U32, "dns_digits dns_name_changes dns_rare_types dns_any dns_nxdomain dns_failed dns_answers"),
        *_each(_U64, "dns_reply_bytes asked_hash dns_domain_hash"),
        *_each(_U32, "http_requests http_refused"),
        *_both(pa.binary(), "first_payload"),  # the first bytes, 128 at most; empty where the sensor told them before
        ("rare", pa.list_(RARE_FACTS)),
        ("messages", pa.list_(FIRST_MESSAGES)),
    ],
)
FLOW_UPDATES_REQUIRED: Final = ("tick", "flow_id", *(name for name, _ in _FLOW_KEY), "first", "last")

ALL: Final = {s.metadata[_KEY_NAME].decode(): s for s in (FRAMES, TRUTH, FLOWS, VERDICTS, FLOW_UPDATES)}


def name_of(schema: pa.Schema) -> str:
    """The name and version that a schema carries ('' where it carries none)."""
    name: bytes = (schema.metadata or {}).get(_KEY_NAME, b"")
    return name.decode(errors="replace")


def check_schema(schema: pa.Schema, expected: pa.Schema, where: str) -> None:
    """Raise ``InputError`` unless ``schema`` has the name and fields of ``expected``."""
    wanted, found = name_of(expected), name_of(schema)
    if found and found != wanted:
        raise InputError(f"{where}: expected schema {wanted}, found {found}")
    if not schema.equals(expected):
        fields = {f.name: f for f in schema}
        for f in expected:
            if f.name not in fields:
                raise InputError(f"{where}: column {f.name!r} of schema {wanted} is missing")
            if fields[f.name].type != f.type:
                raise InputError(f"{where}: column {f.name!r} is {fields[f.name].type}, schema {wanted} has {f.type}")
        raise InputError(f"{where}: columns differ from schema {wanted}: {', '.join(schema.names)}")
