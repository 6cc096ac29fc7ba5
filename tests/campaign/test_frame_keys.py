"""Addresses, ports and protocol of frames, in columns."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from campaign.frame_keys import Pieces, keys_of
from contract.addresses import column_to_array, texts

MACS = b"\x02" * 6 + b"\x04" * 6
IP = b"\x45" + bytes(8) + b"\x06" + bytes(2) + bytes([198, 18, 0, 1, 198, 18, 1, 1])


def key(frame: bytes) -> tuple[str, str, int, int, int]:
    table = keys_of(np.frombuffer(frame, np.uint8), np.array([0, len(frame)]), np.array([5]))
    src, dst = (texts(column_to_array(table.column(side)))[0] for side in ("src", "dst"))
    src, dst = (word if isinstance(word, str) else word.as_py() for word in (src, dst))
    return src, dst, *(table.column(name)[0].as_py() for name in ("src_port", "dst_port", "protocol"))


@pytest.mark.parametrize("tags", [b"", b"\x81\x00\x00\x05", b"\x88\xa8\x00\x05\x81\x00\x00\x06"])
def test_ipv4_with_and_without_tags(tags: bytes) -> None:
    frame = MACS + tags + b"\x08\x00" + IP + struct.pack("!HH", 40_000, 22) + bytes(16)
    assert key(frame) == ("198.18.0.1", "198.18.1.1", 40_000, 22, 6)


def test_ipv6_arp_and_icmp() -> None:
    six = b"\x60" + bytes(5) + b"\x11\x40" + bytes(15) + b"\x01" + bytes(15) + b"\x02" + struct.pack("!HH", 5, 53)
    assert key(MACS + b"\x86\xdd" + six) == ("::1", "::2", 5, 53, 17)
    arp = b"\x00\x01\x08\x00\x06\x04\x00\x02" + bytes(6) + bytes([198, 18, 0, 1]) + bytes(6) + bytes([198, 18, 1, 1])
    assert key(MACS + b"\x08\x06" + arp) == ("198.18.0.1", "198.18.1.1", 0, 0, 0x0806)
    icmp = IP[:9] + b"\x01" + IP[10:] + b"\x08\x00"
    assert key(MACS + b"\x08\x00" + icmp) == ("198.18.0.1", "198.18.1.1", 8, 0, 1)


def test_what_is_cut_off_or_none_of_these_is_nobodys() -> None:
    assert key(MACS + b"\x88\xcc" + bytes(20))[4] == 65_535
    whole = MACS + b"\x08\x00" + IP + struct.pack("!HH", 40_000, 22)
    for at in range(len(whole)):
        key(whole[:at] or b"\0")


PORTS = struct.pack("!HH", 5000, 53)


def six(following: int, body: bytes) -> bytes:
    ends = bytes(15) + b"\x01" + bytes(15) + b"\x02"
    return MACS + b"\x86\xdd\x60" + bytes(5) + bytes([following, 64]) + ends + body


def cut(following: int, place: int, number: int, *, more: bool) -> bytes:
    """A fragment header (RFC 8200, 4.5); ``place`` in units of eight bytes."""
    return bytes([following, 0]) + struct.pack("!HI", place << 3 | more, number)


@pytest.mark.parametrize(
    ("first", "headers"),
    [
        (0, bytes([17, 0]) + bytes(6)),
        (60, bytes([17, 1]) + bytes(14)),
        (43, bytes([60, 0]) + bytes(6) + bytes([17, 0]) + bytes(6)),
        (51, bytes([17, 2]) + bytes(14)),
        (44, cut(17, 0, 7, more=False)),
        (0, bytes([44, 0]) + bytes(6) + cut(17, 0, 7, more=True)),
    ],
)
def test_extension_headers_are_stepped_over(first: int, headers: bytes) -> None:
    assert key(six(first, headers + PORTS)) == ("::1", "::2", 5000, 53, 17)


def ports(frames: list[bytes], pieces: Pieces) -> list[tuple[int, int]]:
    offsets = np.cumsum([0, *map(len, frames)])
    table = keys_of(np.frombuffer(b"".join(frames), np.uint8), offsets, np.arange(len(frames)), pieces)
    return list(zip(table.column("src_port").to_pylist(), table.column("dst_port").to_pylist(), strict=True))


def four(number: int, place: int, body: bytes) -> bytes:
    return MACS + b"\x08\x00" + IP[:4] + struct.pack("!HH", number, place) + IP[8:9] + b"\x11" + IP[10:] + body


def test_later_fragments_get_the_ports_of_the_first_also_of_the_batch_before() -> None:
    pieces = Pieces()
    whole, rest = four(9, 0x2000, PORTS + bytes(4)), four(9, 3, bytes(8))
    other = four(10, 3, b"\x12\x34\x56\x78")
    assert ports([whole, rest, other], pieces) == [(5000, 53), (5000, 53), (0, 0)]
    assert ports([rest, other], pieces) == [(5000, 53), (0, 0)]
    new = four(9, 0x2000, struct.pack("!HH", 6000, 53))  # the number is used again
    assert ports([new, rest], pieces) == [(6000, 53), (6000, 53)]
    begin, end = (six(44, cut(17, place, 9, more=not place) + PORTS) for place in (0, 2))
    assert ports([begin, end], pieces) == [(5000, 53)] * 2
    assert ports([six(44, cut(60, 2, 11, more=False) + PORTS)], pieces) == [(0, 0)]
