"""Packets that cannot be rewritten safely are told by reason."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest

from tests.generator.replay.helpers import batch, people_of, rewritten
from tests.generator.replay.packets import made

ETHER = made("udp", lambda name: name, b"")[:12]


def four(protocol: int, body: bytes, *, options: bytes = b"", total: int | None = None) -> bytes:
    length = 20 + len(options) + len(body) if total is None else total
    head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, 0, length, 1, 0, 64, protocol, 0)
    return ETHER + b"\x08\0" + head + ip_address("10.0.0.1").packed + ip_address("10.0.0.2").packed + options + body


def six(following: int, body: bytes) -> bytes:
    head = struct.pack("!IHBB", 6 << 28, len(body), following, 64)
    return ETHER + b"\x86\xdd" + head + ip_address("2001:db8::1").packed + ip_address("2001:db8::2").packed + body


UDP = struct.pack("!HHHH", 1, 2, 8, 0)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (four(17, UDP, options=b"\x83\x07\x04\x0a\0\0\x09\0"), "route_in_header"),
        (four(17, UDP, options=b"\x07\x07\x04\x0a\0\0\x09\0"), "route_in_header"),
        (four(17, UDP, options=b"\x94\x01\0\0"), "bad_ip_header"),
        (six(43, b"\x11\x02\0\x01" + bytes(20) + UDP), "route_in_header"),
        (six(51, bytes(16)), "authenticated"),
        (four(51, bytes(24)), "authenticated"),
        (four(89, bytes(44)), "routing_protocol"),
        (four(47, b"\0\0\x65\x58" + bytes(30)), "tunnel"),
        (four(47, b"\x30\x01\x88\x0b" + bytes(12)), "tunnel"),
        (four(17, struct.pack("!HHHH", 1, 4789, 38, 0) + b"\x08\0\0\0" + bytes(26)), "tunnel"),
        (four(17, struct.pack("!HHHH", 2152, 2152, 38, 0) + b"\x30\xff" + bytes(28)), "tunnel"),
        (four(4, b"\x45"), "cut_in_network_header"),
        (four(1, b"\x03\x03" + bytes(6) + b"\x45" + bytes(10)), "cut_in_network_header"),
        (four(17, UDP, total=19), "bad_ip_header"),
        (ETHER + b"\x08\0\x55" + bytes(30), "bad_ip_header"),
        (ETHER + b"\x08\x06" + bytes(20), "cut_in_network_header"),
        (ETHER + b"\x08\x06" + bytes(30), "bad_arp"),
        (four(4, four(4, four(4, four(4, four(17, UDP)[14:])[14:])[14:])[14:]), "too_deep"),
    ],
)
def test_a_frame_that_is_not_safe_to_rewrite_is_left_out(frame: bytes, reason: str) -> None:
    frames = batch([frame])
    found, rewriter = rewritten(frames, people_of(frames))
    assert not found
    assert rewriter.left_out == {reason: 1}


def test_datagrams_to_the_port_of_a_tunnel_that_carry_none_are_kept() -> None:
    frames = batch([four(17, struct.pack("!HHHH", 1, 4789, 26, 0) + b"a probe of 18 byte")])
    assert len(rewritten(frames, people_of(frames))[0]) == 1


def test_a_longer_packet_than_ip_has_is_left_out() -> None:
    frames = batch([four(17, UDP)], wire=[70_000])
    for cut in ("keep", "fill"):
        found, rewriter = rewritten(frames, people_of(frames, cut=cut), cut)
        assert not found
        assert rewriter.left_out == {"too_long": 1}
