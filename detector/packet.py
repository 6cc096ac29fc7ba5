"""What decoding makes of one frame, and how bytes are read in kernels."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.jit import lean_part

Bytes = npt.NDArray[np.uint8]
Record = Any  # one element of a structured array: numpy has no type for it, numba infers it
Int = Any  # an integer in a kernel: int64 there, int or a numpy scalar where the plain function is called

# Why a frame is not metered; index = code, 0 is none. The names stand in the ledger.
REASONS: Final = (
    "",
    "unknown_link",  # a link type that is not decoded
    "cut_in_link_header",  # fewer bytes than the link header has
    "not_ip",  # neither IP nor ARP: STP, LLDP, EAPOL, ...
    "cut_in_network_header",  # snapped or cut within the IP or ARP header
    "bad_ip_header",  # version, header length or total length cannot be
    "bad_arp",  # ARP, but not of IPv4 over a link with addresses of 1 to 8 bytes
    "table_full",  # no slot: the table is full and ended flows were not released
    "encrypted",  # a wireless frame whose data only its network can read
    "not_one_packet",  # a wireless frame that holds several packets, or a later part of one
    "bad_check_sequence",  # a wireless frame that arrived damaged, by the word of the card
)
UNKNOWN_LINK: Final = 1
CUT_IN_LINK_HEADER: Final = 2
NOT_IP: Final = 3
CUT_IN_NETWORK_HEADER: Final = 4
BAD_IP_HEADER: Final = 5
BAD_ARP: Final = 6
NO_SLOT: Final = 7
ENCRYPTED: Final = 8
NOT_ONE_PACKET: Final = 9
BAD_CHECK_SEQUENCE: Final = 10

ARP: Final = 0x0806
IPV4: Final = 0x0800
IPV6: Final = 0x86DD
DNS_PORTS: Final = (53, 5353, 5355)  # DNS, mDNS, LLMNR

# One decoded frame. Pairs are (sender, receiver).
PACKET: Final = np.dtype(
    [
        ("address", "u8", (2, 2)),  # words of the 16-byte addresses, most significant first
        ("hash", "u8"),
        ("slot", "i8"),  # where a flow with that hash lies, -1 where none does; whether it is the one is yet to be seen
        ("key_port", "u2", (2,)),
        ("port", "u2", (2,)),
        ("protocol", "u2"),
        ("reason", "u1"),
        ("version", "u1"),
        ("flags", "u1"),
        ("has_tcp", "u1"),  # the TCP header was readable as far as its flags
        ("ttl", "u1"),
        ("fragment", "u1"),  # 0 none, 1 first, 2 later
        ("size", "u4"),  # bytes from the network header on
        ("payload", "u4"),  # bytes behind the transport header
        ("payload_at", "i8"),  # where they begin in the data
        ("payload_captured", "i4"),  # how many of them were captured
        ("seq", "u4"),
        ("ack", "u4"),
        ("window", "u2"),
        ("mss", "u2"),
        ("vlan", "u2"),
        ("ethertype", "u2"),
        ("mac", "u8", (2,)),
        ("arp_mac", "u8"),  # MAC that the sender claims
        ("arp_operation", "u1"),
        ("quoted", "u1"),  # class of an ICMP error that quotes a packet (detector.rare_facts), 0 where none
        ("quoted_port", "u2", (2,)),  # as key_port
        ("quoted_protocol", "u2"),
        ("quoted_address", "u8", (2, 2)),
    ],
    align=True,
)


class Columns(NamedTuple):
    """A FRAMES batch as arrays over Arrow's own memory. The batch must be sound (contract.arrow_io.check_batch)."""

    ts: npt.NDArray[np.int64]  # (n,) epoch ns
    offsets: npt.NDArray[np.int32]  # (n + 1,) where each frame begins in ``data``
    data: Bytes
    wire_len: npt.NDArray[np.uint32]  # (n,)
    link: npt.NDArray[np.uint16]  # (n,)


def columns_of(batch: pa.RecordBatch) -> Columns:
    """The columns of a FRAMES batch without a copy.

    They are not to be written: for arrays that may be, kernels are compiled anew.
    """
    frames = batch.column("frame")
    _, offsets, data = frames.buffers()
    count = len(frames)
    columns = Columns(
        ts=_values(batch.column("ts"), np.int64),
        offsets=np.frombuffer(offsets, np.int32, count + 1, frames.offset * 4) if count else np.zeros(1, np.int32),
        data=np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8),
        wire_len=_values(batch.column("wire_len"), np.uint32),
        link=_values(batch.column("link"), np.uint16),
    )
    for column in columns:
        column.flags.writeable = False
    return columns


def _values(column: pa.Array, dtype: type[np.generic]) -> npt.NDArray[Any]:
    if len(column) == 0:
        return np.zeros(0, dtype)
    return np.frombuffer(column.buffers()[1], dtype, len(column), column.offset * np.dtype(dtype).itemsize)


# Indices are unsigned below: numba then leaves out its test for negative ones, and LLVM makes one load of the bytes.


@lean_part
def u8(data: Bytes, at: Int) -> Int:
    """One byte, as int64."""
    return np.int64(data[np.uint64(at)])


@lean_part
def be16(data: Bytes, at: Int) -> Int:
    """Two bytes in network order, as int64."""
    i = np.uint64(at)
    return np.int64((np.uint64(data[i]) << np.uint64(8)) | np.uint64(data[i + np.uint64(1)]))


@lean_part
def be32(data: Bytes, at: Int) -> Int:
    """Four bytes in network order, as int64."""
    i = np.uint64(at)
    return np.int64(
        (np.uint64(data[i]) << np.uint64(24))
        | (np.uint64(data[i + np.uint64(1)]) << np.uint64(16))
        | (np.uint64(data[i + np.uint64(2)]) << np.uint64(8))
        | np.uint64(data[i + np.uint64(3)])
    )


@lean_part
def be48(data: Bytes, at: Int) -> Int:
    """Six bytes in network order, as uint64: a MAC address."""
    return np.uint64((be16(data, at) << 32) | be32(data, at + 2))


@lean_part
def be64(data: Bytes, at: Int) -> Int:
    """Eight bytes in network order, as uint64."""
    return (np.uint64(be32(data, at)) << np.uint64(32)) | np.uint64(be32(data, at + 4))
