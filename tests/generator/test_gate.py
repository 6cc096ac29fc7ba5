from __future__ import annotations

import ipaddress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether

from contract.errors import UnsafeError
from contract.safety import LAB_V4, LAB_V6
from generator import gate, gate_inner

IN4, IN6 = "198.18.3.4", "2001:2::9"
LINK = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")  # without them scapy would ask the network for them


def word(frame: bytes) -> int:
    data = np.frombuffer(frame, np.uint8)
    return int(gate.inspect(data, np.int64(0), np.int64(len(data))))


@pytest.mark.parametrize(
    "packet",
    [
        LINK / IP(src=IN4, dst="198.19.255.254") / UDP(),
        LINK / IPv6(src=IN6, dst="2001:2:0:ffff::1") / UDP(),
        LINK / Dot1Q(vlan=7) / IP(src=IN4, dst=IN4) / UDP(),
        LINK / ARP(psrc=IN4, pdst=IN4),
        LINK / ARP(psrc="0.0.0.0", pdst=IN4),
        LINK / IP(src=IN4, dst=IN4) / IP(src=IN4, dst=IN4) / UDP(),
        LINK / IP(src=IN4, dst=IN4, proto=41) / IPv6(src=IN6, dst=IN6) / UDP(),
        LINK / IP(src=IN4, dst=IN4) / ICMP(type=3, code=3) / IP(src=IN4, dst=IN4) / UDP(),
        LINK / IP(src=IN4, dst=IN4) / ICMP() / b"8.8.8.8",
    ],
)
def test_what_stays_in_the_lab_may_leave(packet) -> None:
    assert word(bytes(packet)) == gate.OK


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (LINK / IP(src=IN4, dst="8.8.8.8") / UDP(), gate_inner.OUTSIDE_V4),
        (LINK / IP(src="198.20.0.1", dst=IN4) / UDP(), gate_inner.OUTSIDE_V4),
        (LINK / IPv6(src=IN6, dst="2001:2:1::1") / UDP(), gate_inner.OUTSIDE_V6),
        (LINK / Dot1Q() / Dot1Q() / IP(src=IN4, dst="10.0.0.1") / UDP(), gate_inner.OUTSIDE_V4),
        (LINK / ARP(psrc=IN4, pdst="192.168.0.1"), gate_inner.OUTSIDE_V4),
        (LINK / IP(src=IN4, dst=IN4) / IP(src=IN4, dst="8.8.4.4") / UDP(), gate_inner.OUTSIDE_V4),
        (LINK / IP(src=IN4, dst=IN4) / ICMP(type=3) / IP(src=IN4, dst="8.8.4.4") / UDP(), gate_inner.OUTSIDE_V4),
        (Ether(src=LINK.src, dst=LINK.dst, type=0x1234) / (b"x" * 40), gate_inner.UNKNOWN_TYPE),
        (LINK / IP(src=IN4, dst=IN4, version=5) / UDP(), gate_inner.UNKNOWN_TYPE),
    ],
)
def test_what_leaves_the_lab_is_stopped(packet, reason: int) -> None:
    assert word(bytes(packet)) == reason


def test_the_error_says_which_frame_and_why() -> None:
    good = bytes(LINK / IP(src=IN4, dst=IN4) / UDP())
    bad = bytes(LINK / IP(src=IN4, dst="1.1.1.1") / UDP())
    offsets = np.array([0, len(good), len(good) + len(bad)], np.int32)
    gate.check(np.frombuffer(good, np.uint8), offsets[:2])
    with pytest.raises(UnsafeError, match=r"frame 1 .* outside 198\.18\.0\.0/15"):
        gate.check(np.frombuffer(good + bad, np.uint8), offsets)


@settings(deadline=None)
@given(st.binary(max_size=90), st.sampled_from([b"\x08\x00", b"\x86\xdd", b"\x08\x06", b"\x81\x00"]))
def test_no_bytes_make_it_read_beyond_a_frame_or_pass_an_outer_address(body: bytes, kind: bytes) -> None:
    frame = bytes(12) + kind + body
    if word(frame) != gate.OK:
        return
    if kind == b"\x08\x00":
        assert all(ipaddress.ip_address(body[k : k + 4]) in LAB_V4 for k in (12, 16))
    if kind == b"\x86\xdd":
        assert all(ipaddress.ip_address(body[k : k + 16]) in LAB_V6 for k in (8, 24))
