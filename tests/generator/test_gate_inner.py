"""Headers that the gate walks through, one refusal of each; ``test_hostile`` tries them by the million."""

from __future__ import annotations

import numpy as np
import pytest
from scapy.layers.inet import GRE, ICMP, IP, UDP, IPOption, IPOption_LSRR, IPOption_RR
from scapy.layers.inet6 import (
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    RouterAlert,
)
from scapy.layers.l2 import Ether

from generator import gate
from generator.gate_inner import (
    OK,
    OPTION,
    OUTSIDE_V4,
    OUTSIDE_V6,
    PIECE,
    PROTOCOL,
    REASONS,
    SHORT,
    TOO_DEEP,
    UNKNOWN_TYPE,
)

LINK = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
V4, V6 = IP(src="198.18.3.4", dst="198.19.0.1"), IPv6(src="2001:2::9", dst="2001:2::a")
PAPER4, PAPER6 = IP(src="192.0.2.1", dst="203.0.113.9"), IPv6(src="2001:db8::1", dst="3fff:fff::1")


def word(packet, wire: bool = True) -> int:
    data = np.frombuffer(bytes(LINK / packet), np.uint8).copy()
    return int(gate.inspect(data, np.int64(0), np.int64(len(data)), wire))


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (V4 / UDP(), OK),
        (IP(src=V4.src, dst=V4.dst, options=[IPOption(b"\x94\x04\0\0")]) / UDP(), OK),
        (IP(src=V4.src, dst=V4.dst, options=[IPOption_LSRR(routers=["8.8.8.8"])]) / UDP(), OPTION),
        (IP(src=V4.src, dst=V4.dst, options=[IPOption_RR(routers=["198.18.0.1"])]) / UDP(), OPTION),
        (IP(src=V4.src, dst=V4.dst, frag=185, proto=17) / b"piece", OK),
        (IP(src=V4.src, dst=V4.dst, frag=185, proto=1) / b"piece", OK),
        (IP(src=V4.src, dst=V4.dst, frag=2, proto=1) / b"over the quoted addresses", PIECE),
        (IP(src=V4.src, dst=V4.dst, frag=185, proto=4) / b"piece", PIECE),
        (IP(src=V4.src, dst=V4.dst, flags="MF", proto=41) / V6, PIECE),
        (IP(src=V4.src, dst=V4.dst, proto=51) / bytes(24), PROTOCOL),
        (IP(src=V4.src, dst=V4.dst, proto=97) / b"\x30\0" / LINK, PROTOCOL),
        (IP(src=V4.src, dst=V4.dst, proto=89) / b"a routing protocol", PROTOCOL),
        (IP(src=V4.src, dst=V4.dst, proto=50) / b"encrypted", PROTOCOL),
        (IP(src=V4.src, dst=V4.dst, proto=253) / b"an experiment", OK),
        (IP(src=V4.src, dst=V4.dst, proto=17, flags="MF") / bytes(7), PIECE),
        (V4 / GRE() / V4 / UDP(), OK),
        (V4 / GRE() / PAPER4 / UDP(), OUTSIDE_V4),
        (V4 / GRE(key_present=1, seqnum_present=1) / PAPER6 / UDP(), OUTSIDE_V6),
        (V4 / GRE(proto=0x6558) / LINK / PAPER4 / UDP(), OUTSIDE_V4),
        (V4 / GRE(proto=0x880B) / b"PPP", UNKNOWN_TYPE),
        (V4 / GRE(version=1) / V4, UNKNOWN_TYPE),
        (V4 / ICMP(type=5, gw="8.8.8.8") / V4 / UDP(), OUTSIDE_V4),
        (V4 / ICMP(type=9) / bytes(8), UNKNOWN_TYPE),
        (V4 / ICMP(type=3) / bytes(V4)[:12], SHORT),
        (V4 / V4 / V4 / V4 / V4 / V4 / V4 / V4 / V4, TOO_DEEP),
        (V6 / UDP(), OK),
        (V6 / IPv6ExtHdrHopByHop(options=[RouterAlert()]) / UDP(), OK),
        (V6 / IPv6ExtHdrRouting(addresses=["2001:2::5"]) / UDP(), OPTION),
        (V6 / IPv6ExtHdrDestOpt() / UDP(), OPTION),
        (V6 / IPv6ExtHdrFragment(offset=9, nh=4) / b"piece", PIECE),
        (V6 / IPv6ExtHdrFragment(offset=9, nh=58) / b"piece", PIECE),
        (V6 / IPv6ExtHdrFragment(offset=180, m=1, nh=58) / b"piece", OK),
        (V6 / IPv6ExtHdrFragment(m=1, nh=44) / IPv6ExtHdrFragment(nh=4) / PAPER4, OPTION),
        (V6 / ICMPv6ND_NS(tgt="2001:2::77"), OK),
        (V6 / ICMPv6ND_NS(tgt="fe80::77"), OUTSIDE_V6),
        (V6 / ICMPv6ND_RA(), UNKNOWN_TYPE),
        (PAPER4 / UDP(), OUTSIDE_V4),
        (PAPER6 / UDP(), OUTSIDE_V6),
    ],
)
def test_each_header_gives_its_reason(packet, reason: int) -> None:
    assert REASONS[word(packet)] == REASONS[reason]


def test_no_protocol_passes_unread_but_those_that_carry_nothing() -> None:
    read = {1, 2, 4, 6, 17, 41, 47, 58, 59, 132, 253, 254}
    body = b"\xff" * 64
    for protocol in range(256):
        assert (word(IP(src=V4.src, dst=V4.dst, proto=protocol) / body) == PROTOCOL) == (
            protocol not in read | {0, 43, 44, 60}
        )
        passes = word(IP(src=V4.src, dst=V4.dst, proto=protocol) / body) == OK
        assert passes == (protocol in {6, 17, 59, 253, 254})


@pytest.mark.parametrize("packet", [PAPER4 / UDP(), PAPER6 / UDP(), V4 / GRE() / PAPER4 / UDP(), V6 / PAPER4 / UDP()])
def test_documentation_may_stand_in_a_file(packet) -> None:
    assert word(packet, wire=False) == OK


@pytest.mark.parametrize("text", ["192.0.3.0", "198.51.99.255", "203.0.114.0"])
def test_what_only_borders_on_documentation_may_stand_nowhere(text: str) -> None:
    assert word(IP(src=text, dst=V4.dst) / UDP(), wire=False) == OUTSIDE_V4


def test_what_only_borders_on_documentation_may_stand_nowhere_in_ipv6_either() -> None:
    for text in ("2001:db7:ffff::1", "2001:db9::1", "3fff:1000::1", "3ffe:ffff::1"):
        assert word(IPv6(src=text, dst=V6.dst) / UDP(), wire=False) == OUTSIDE_V6
