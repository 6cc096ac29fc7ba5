from __future__ import annotations

import numpy as np
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6

from contract.addresses import to_bytes
from contract.errors import UnsafeError
from contract.safety import Target
from generator.conversation import Conversation, Rand
from generator.plan_check import check_addresses, check_templates, outside
from tests.generator.helpers import arp_kind, every_kind, world

IN4, OUT4 = bytes(IP(src="198.18.0.1", dst="198.19.0.1") / UDP()), bytes(IP(src="198.18.0.1", dst="192.0.2.1") / UDP())
IN6 = bytes(IPv6(src="2001:2::1", dst="2001:2::2") / UDP())


def rows(*texts: str) -> np.ndarray:
    return np.stack([np.frombuffer(to_bytes(text), np.uint8) for text in texts])


def test_addresses_are_named_with_their_family() -> None:
    inside = rows("198.18.0.0", "198.19.255.255", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff")
    assert not outside(inside).any()
    check_addresses(inside, inside, "mail")
    with pytest.raises(UnsafeError, match=r"mail: 2 planned addresses lie outside 198\.18"):
        check_addresses(inside, rows("198.17.255.255", "::198.18.0.1"), "mail")


def test_ordinary_templates_pass() -> None:
    for make in (every_kind, arp_kind):
        check_templates(make(world()), "family")
    check_templates([Conversation.icmp(world()).ping([b"x", Rand(4000)])], "family")
    check_templates([Conversation.udp(world()).datagram(bytes(4000))], "family")


@pytest.mark.parametrize(
    ("protocol", "payload", "word"),
    [
        (4, OUT4, "carries the address 192.0.2.1"),
        (4, IN4[:5], "ends too early"),
        (4, b"\x55" + IN4[1:], "cannot be read"),
        (4, IN4[:6] + b"\x20" + IN4[7:], "wraps a fragment"),
        (4, IN4[:9] + b"\x33" + IN4[10:], "protocol 51"),
        (4, [Rand(20, "bytes")], "random bytes"),
        (41, IN6[:6] + b"\x04" + IN6[7:40] + OUT4, "carries the address 192.0.2.1"),
        (47, b"\0\0\x65\x58" + bytes(40), "GRE that cannot be read"),
        (47, b"\0\0\x08\0" + OUT4, "carries the address 192.0.2.1"),
        (58, b"\x86" + bytes(15), "ICMPv6 of type 134"),
        (58, b"\x87" + bytes(7) + to_bytes("fe80::1"), "carries the address fe80::1"),
        (43, bytes(24), "protocol 43"),
    ],
)
def test_what_a_template_wraps_is_read(protocol: int, payload, word: str) -> None:
    with pytest.raises(UnsafeError, match=f"family: a template .*{word}"):
        check_templates([Conversation.ip(world(), protocol).client(payload)], "family")


def test_packets_in_packets_end_somewhere() -> None:
    nested = IN4
    for _ in range(3):
        nested = IN4[:9] + b"\x04" + IN4[10:20] + nested
    with pytest.raises(UnsafeError, match="too deeply"):
        check_templates([Conversation.ip(world(), 4).client(nested)], "family")


def test_documentation_may_be_wrapped_for_a_file() -> None:
    check_templates([Conversation.ip(world(), 4).client(OUT4)], "family", Target.FILE)
