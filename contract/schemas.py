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

ALL: Final = {s.metadata[_KEY_NAME].decode(): s for s in (FRAMES, TRUTH, FLOWS, VERDICTS)}


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
