"""Control messages that the gate reads, one refusal of each; ``test_hostile`` tries them by the million."""

from __future__ import annotations

import struct

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_Redirect,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptRedirectedHdr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)

from contract.addresses import to_bytes
from generator.gate_control import OK, OPTION, OUTSIDE_V4, OUTSIDE_V6, SHORT, UNKNOWN_TYPE
from generator.gate_inner import REASONS
from tests.generator.test_gate_inner import V4, V6, word

MAC = "02:00:00:00:00:07"
OUT = IPv6(src="2001:4860::8", dst="2001:2::9") / UDP()
REDIRECT = ICMPv6ND_Redirect(tgt="2001:2::5", dst="2001:2::6")
JOINING = IP(src="198.18.3.4", dst="198.19.0.1", proto=2)


def ip4(text: str) -> bytes:
    return to_bytes(text)[12:]


def record(group: str, *sources: str, more: int = 0) -> bytes:
    return struct.pack(">BBH", 1, more, len(sources)) + ip4(group) + b"".join(map(ip4, sources))


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (V4 / ICMP(type=13) / bytes(12), OK),
        (V4 / ICMP(type=3, length=8) / V4 / UDP(), OPTION),  # behind the quoted packet something follows
        (V4 / ICMP(type=12) / V4 / UDP(), OK),
        (V4 / ICMP(type=42) / bytes(8), UNKNOWN_TYPE),  # extended echo names interfaces by address
        (V4 / ICMP(type=37) / bytes(8), UNKNOWN_TYPE),
        (V6 / ICMPv6DestUnreach(length=8) / V6 / UDP(), OPTION),
        (V6 / ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=MAC), OK),
        (V6 / ICMPv6ND_RS() / ICMPv6NDOptMTU(), OK),
        (V6 / ICMPv6ND_NS(tgt="2001:2::5") / ICMPv6NDOptSrcLLAddr(lladdr=MAC), OK),
        (V6 / ICMPv6ND_NA(tgt="2001:2::5") / ICMPv6NDOptRDNSS(dns=["2001:4860::8"]), OPTION),
        (V6 / ICMPv6ND_NA(tgt="2001:2::5") / ICMPv6NDOptPrefixInfo(prefix="2001:4860::"), OPTION),
        (V6 / ICMPv6ND_NA(tgt="2001:2::5") / bytes(8), SHORT),  # an option of no length
        (V6 / REDIRECT / ICMPv6NDOptDstLLAddr(lladdr=MAC), OK),
        (V6 / REDIRECT / ICMPv6NDOptRedirectedHdr(pkt=V6 / UDP()), OK),
        (V6 / REDIRECT / ICMPv6NDOptRedirectedHdr(pkt=OUT), OUTSIDE_V6),
        (V6 / REDIRECT / ICMPv6NDOptDstLLAddr(lladdr=MAC) / ICMPv6NDOptRedirectedHdr(pkt=OUT), OUTSIDE_V6),
        (V6 / REDIRECT / ICMPv6NDOptRedirectedHdr(pkt=V6 / UDP()) / ICMPv6NDOptMTU(), OPTION),
        (JOINING / (b"\x16\0\0\0" + ip4("239.1.2.3")), OK),
        (JOINING / (b"\x11\0\0\0" + bytes(4)), OK),
        (JOINING / (b"\x16\0\0\0" + ip4("8.8.8.8")), OUTSIDE_V4),
        (JOINING / (b"\x13\0\0\0" + ip4("239.1.2.3")), UNKNOWN_TYPE),
        (JOINING / (b"\x11\0\0\0" + bytes(4) + struct.pack(">HH", 0, 1) + ip4("198.18.0.9")), OK),
        (JOINING / (b"\x11\0\0\0" + bytes(4) + struct.pack(">HH", 0, 1) + ip4("8.8.8.8")), OUTSIDE_V4),
        (JOINING / (b"\x11\0\0\0" + bytes(4) + struct.pack(">HH", 0, 2) + ip4("198.18.0.9")), SHORT),
        (JOINING / (b"\x22" + bytes(5) + b"\0\1" + record("239.1.2.3", "198.18.0.9")), OK),
        (JOINING / (b"\x22" + bytes(5) + b"\0\2" + record("239.1.2.3") + record("239.1.2.3", "8.8.8.8")), OUTSIDE_V4),
        (JOINING / (b"\x22" + bytes(5) + b"\0\1" + record("8.8.8.8")), OUTSIDE_V4),
        (JOINING / (b"\x22" + bytes(5) + b"\0\1" + record("239.1.2.3", more=1) + bytes(4)), OPTION),
        (JOINING / (b"\x22" + bytes(5) + b"\0\2" + record("239.1.2.3")), SHORT),
        (IP(src="198.18.3.4", dst="198.19.0.1", proto=2, flags="MF") / (b"\x16\0\0\0" + bytes(4)), 6),
    ],
)
def test_each_message_gives_its_reason(packet, reason: int) -> None:
    assert REASONS[word(packet)] == REASONS[reason]
