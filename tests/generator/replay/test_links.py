"""Every link that is read gets an Ethernet header with the right addresses, type and tags."""

from __future__ import annotations

import struct

import pytest

from tests.generator.replay.helpers import batch, partner, people_of, rewritten
from tests.generator.replay.packets import made

WHOLE = made("udp", lambda name: name, b"hello")
PACKET, SIX = WHOLE[14:], made("udp over ipv6", lambda name: name, b"hello")[14:]
MAC = bytes.fromhex("001b213c4d5e")


def replayed(frame: bytes, link: int) -> tuple[list[bytes], dict[str, int], str]:
    frames = batch([frame], link=link)
    people = people_of(frames)
    found, rewriter = rewritten(frames, people)
    return found, dict(rewriter.left_out), partner(people)("00:1b:21:3c:4d:5e").replace(":", "")


@pytest.mark.parametrize(
    ("frame", "link", "kind"),
    [
        (PACKET, 101, 0x0800),
        (SIX, 101, 0x86DD),
        (PACKET, 228, 0x0800),
        (b"\x02\0\0\0" + PACKET, 0, 0x0800),
        (b"\0\0\0\x18" + SIX, 108, 0x86DD),
        (struct.pack("!HHH", 0, 1, 6) + MAC + b"\0\0\x08\0" + PACKET, 113, 0x0800),
        (b"\x08\0" + bytes(6) + b"\0\x01\0\x06" + MAC + b"\0\0" + PACKET, 276, 0x0800),
    ],
    ids=["raw", "raw 6", "ipv4", "null", "loop", "cooked", "cooked 2"],
)
def test_a_link_without_ethernet_gets_a_header(frame: bytes, link: int, kind: int) -> None:
    (found,), left_out, sender = replayed(frame, link)
    assert not left_out
    assert int.from_bytes(found[12:14], "big") == kind
    assert len(found) == 14 + len(PACKET if kind == 0x0800 else SIX)
    assert found[0] & 3 == 2
    assert found[6] & 3 == 2  # locally administered, of one host
    if link in (113, 276):
        assert found[6:12].hex() == sender


@pytest.mark.parametrize(
    "wrapped",
    [
        b"\x88\x64\x11\0\0\x01" + struct.pack("!H", len(PACKET) + 2) + b"\0\x21" + PACKET,
        b"\x88\x47\0\0\x10\x40\0\0\x11\x40" + PACKET,
        struct.pack("!H", len(PACKET) + 8) + b"\xaa\xaa\x03\0\0\0\x08\0" + PACKET,
    ],
    ids=["PPPoE", "MPLS", "SNAP"],
)
def test_what_wraps_ip_on_ethernet_is_taken_off(wrapped: bytes) -> None:
    # MPLS labels: the first is not the bottom of the stack, the second is.
    frame = WHOLE[:12] + wrapped.replace(b"\0\0\x10\x40\0\0\x11\x40", b"\0\x01\x00\x40\0\x01\x11\x40")
    (found,), left_out, _ = replayed(frame, 1)
    assert not left_out
    assert found == replayed(WHOLE, 1)[0][0]


@pytest.mark.parametrize(
    ("frame", "link", "reason"),
    [
        (WHOLE, 147, "unknown_link"),
        (WHOLE[:13], 1, "cut_in_link_header"),
        (WHOLE[:12] + b"\x88\xcc" + bytes(40), 1, "not_ip"),
        (WHOLE[:12] + b"\0\x26\x42\x42\x03" + bytes(40), 1, "not_ip"),
        (WHOLE[:12] + b"\x81\0\0\x01" * 5 + b"\x08\0" + PACKET, 1, "too_deep"),
        (b"\x50" + PACKET[1:], 101, "not_ip"),
        (b"", 101, "cut_in_link_header"),
        (b"\x02\0\0", 0, "cut_in_link_header"),
    ],
)
def test_what_cannot_be_read_is_left_out_with_a_reason(frame: bytes, link: int, reason: str) -> None:
    found, left_out, _ = replayed(frame, link)
    assert not found
    assert left_out == {reason: 1}
