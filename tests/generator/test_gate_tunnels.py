"""Tunnels that the gate reads, one refusal of each; ``test_hostile`` tries them by the million."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import ARP

from contract.addresses import to_bytes
from contract.safety import TUNNEL_PORTS
from generator import gate
from generator.gate_inner import OK, OPTION, OUTSIDE_V4, OUTSIDE_V6, PIECE, REASONS, SHORT, TOO_DEEP, TUNNEL
from generator.gate_tunnels import LEAST, PORTS
from tests.generator.test_gate_inner import LINK, V4, V6, word

BACK4, BACK6 = bytes(V4 / UDP()), bytes(V6 / UDP())
OUT4, OUT6 = (
    bytes(IP(src="198.18.3.4", dst="8.8.8.8") / UDP()),
    bytes(IPv6(src="2001:4860::8", dst="2001:2::9") / UDP()),
)
NET = b"\x08\0\0\0\0\0\x07\0"  # of VXLAN
ETHER = bytes(LINK)[:12]
T_PDU = b"\x30\xff\0\x10\0\0\0\x01"
INIT = struct.pack(">IIHHI", 7, 65535, 1, 1, 7)


def over(port: int, body: bytes, source: int = 40000):
    return V4 / UDP(sport=source, dport=port) / body


def init(*parameters: bytes, kind: int = 1) -> object:
    body = INIT + b"".join(parameters)
    head = struct.pack(">HHII", 5000, 38412, 0, 0)
    return IP(src=V4.src, dst=V4.dst, proto=132) / (head + struct.pack(">BBH", kind, 0, 4 + len(body)) + body)


def parameter(kind: int, body: bytes) -> bytes:
    return struct.pack(">HH", kind, 4 + len(body)) + body + bytes(-len(body) % 4)


def chunk(kind: int, body: bytes = b"") -> object:
    return IP(src=V4.src, dst=V4.dst, proto=132) / (bytes(12) + struct.pack(">BBH", kind, 0, 4 + len(body)) + body)


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (over(4789, NET + ETHER + b"\x08\0" + BACK4), OK),
        (over(8472, NET + ETHER + b"\x86\xdd" + BACK6), OK),
        (over(40000, NET + ETHER + b"\x08\0" + BACK4, source=4789), OK),
        (over(4789, NET + bytes(LINK / ARP(psrc=V4.src, pdst=V4.dst))), OK),
        (over(4789, NET + ETHER + b"\x08\0" + OUT4), OUTSIDE_V4),
        (over(8472, NET + ETHER + b"\x86\xdd" + OUT6), OUTSIDE_V6),
        (over(40000, NET + ETHER + b"\x08\0" + OUT4, source=4789), OUTSIDE_V4),
        (over(4789, b"\x88\0\0\x09\0\0\x07\0" + ETHER + b"\x08\0" + OUT4), OUTSIDE_V4),
        (over(4789, b"\x0c\0\0\x01\0\0\x07\0" + BACK4), TUNNEL),  # says what follows
        (over(4789, b"just payload, long enough to be more"), TUNNEL),
        (over(4789, b"a probe"), OK),
        (V6 / UDP(sport=9, dport=4789) / (NET + ETHER + b"\x08\0" + OUT4), OUTSIDE_V4),
        (V6 / UDP(sport=9, dport=4789) / (NET + ETHER + b"\x08\0" + BACK4), OK),
        (over(6081, b"\0\0\x65\x58\0\0\x07\0" + ETHER + b"\x08\0" + BACK4), OK),
        (over(6081, b"\0\0\x65\x58\0\0\x07\0" + ETHER + b"\x08\0" + OUT4), OUTSIDE_V4),
        (over(6081, b"\0\0\x08\0\0\0\x07\0" + OUT4), OUTSIDE_V4),
        (over(6081, b"\0\0\x86\xdd\0\0\x07\0" + OUT6), OUTSIDE_V6),
        (over(6081, b"\x01\0\x08\0\0\0\x07\0" + bytes(4) + BACK4), TUNNEL),  # options
        (over(6081, b"\0\0\x88\x47\0\0\x07\0" + BACK4), TUNNEL),
        (over(2152, T_PDU + BACK4), OK),
        (over(2152, T_PDU + OUT4), OUTSIDE_V4),
        (over(2152, T_PDU + OUT6), OUTSIDE_V6),
        (over(2152, b"\x32" + T_PDU[1:] + bytes(4) + OUT4), OUTSIDE_V4),
        (over(2152, b"\x34" + T_PDU[1:] + b"\0\0\0\x85" + b"\x01\x10\x01\0" + BACK4), OK),
        (over(2152, b"\x34" + T_PDU[1:] + b"\0\0\0\x85" + b"\x01\x10\x01\0" + OUT4), OUTSIDE_V4),
        (over(2152, b"\x34" + T_PDU[1:] + b"\0\0\0\x20" + b"\x01\x10\x01\0" + BACK4), TUNNEL),
        (over(2152, b"\x34" + T_PDU[1:] + b"\0\0\0\x85" + b"\xff\x10\x01\0" + BACK4), SHORT),
        (over(2152, b"\x30\x1a" + bytes(26)), TUNNEL),  # an error indication names its peer
        (over(2152, b"\x32\x01" + bytes(26)), OK),  # an echo
        (over(3544, BACK6), OK),
        (over(3544, OUT6), OUTSIDE_V6),
        (over(40000, OUT6, source=3544), OUTSIDE_V6),
        (over(3544, b"\0\0" + bytes(6) + BACK6), TUNNEL),  # tells an address in disguise
        (over(4789, NET + ETHER + b"\x08\0" + BACK4, source=6081), TUNNEL),
        (over(4789, NET + ETHER + b"\x08\0" + bytes(over(4789, NET + ETHER + b"\x08\0" + OUT4))), OUTSIDE_V4),
        (V4 / V4 / V4 / V4 / V4 / over(4789, NET + ETHER + b"\x08\0" + BACK4), TOO_DEEP),
        (IP(src=V4.src, dst=V4.dst, flags="MF") / UDP(dport=4789) / NET, PIECE),
        (V6 / IPv6ExtHdrFragment(m=1, nh=17) / UDP(sport=9, dport=2152) / bytes(8), PIECE),
        (IP(src=V4.src, dst=V4.dst, flags="MF") / UDP(dport=53) / bytes(16), OK),
        (init(), OK),
        (init(parameter(5, to_bytes("198.18.0.9")[12:]), parameter(6, to_bytes("2001:2::9"))), OK),
        (init(parameter(12, b"\0\5\0\6"), parameter(5, b"\x08\x08\x08\x08")), OUTSIDE_V4),
        (init(parameter(0xC000, b""), parameter(6, to_bytes("2001:4860::8")), kind=2), OUTSIDE_V6),
        (init(parameter(11, b"host.example")), OPTION),
        (init(parameter(7, bytes(200)), kind=2), OK),
        (init(parameter(5, b"\x08")[:5]), SHORT),
        (chunk(0, bytes(60)), OK),
        (chunk(11) / bytes(10), OK),  # padded by the link
        (chunk(6), OK),
        (chunk(6, struct.pack(">HHHHI", 5, 12, 5, 8, 0x08080808)), OPTION),
        (chunk(0xC1, bytes(4) + parameter(5, b"\x08\x08\x08\x08")), OPTION),
        (chunk(14) / bytes(init(parameter(5, b"\x08\x08\x08\x08")))[32:], OUTSIDE_V4),
        (IP(src=V4.src, dst=V4.dst, proto=132, flags="MF") / bytes(24), PIECE),
    ],
)
def test_each_tunnel_gives_its_reason(packet, reason: int) -> None:
    assert REASONS[word(packet)] == REASONS[reason]


@pytest.mark.parametrize("port", sorted(set(PORTS) - {2152, 3544, 4789, 6081, 8472}))
def test_what_is_not_read_is_refused_once_it_could_hold_a_packet(port: int) -> None:
    for packet in (over(port, b"\x45" * 20), over(40000, b"\x45" * 20, source=port)):
        assert word(packet) == TUNNEL
    assert word(over(port, b"\x45" * (LEAST - 9))) == OK


def test_both_layers_know_the_same_ports() -> None:
    assert set(PORTS) == TUNNEL_PORTS
    size = len(LINK / over(1, b"x" * 40))
    rows = np.tile(np.frombuffer(bytes(LINK / over(1, b"x" * 40)), np.uint8), (1 << 16, 1))
    rows[:, 36:38] = np.arange(1 << 16, dtype=">u2").view(np.uint8).reshape(-1, 2)
    offsets = (np.arange((1 << 16) + 1) * size).astype(np.int32)
    assert gate.survey(rows.reshape(-1), offsets, True)[1] == len(PORTS)
