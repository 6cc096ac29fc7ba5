"""Transport headers, and what ICMP errors quote."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

from tests.detector.captured import SYN, A, B, eth, ip4, meter_of, tcp, udp

ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")


@pytest.mark.parametrize(
    ("options", "mss"),
    [
        (b"\x02\x04\x05\xb4", 1460),
        (b"\x01\x01\x01\x01\x02\x04\x01\x00", 256),
        (b"\x00\x00\x00\x00\x02\x04\x05\xb4", 0),  # behind the end of options
        (b"\x05\x00\x00\x00", 0),  # an option without a length would never end
        (b"\x01\x01\x02\x04", 0),
        (b"\x05\xff\x02\x04", 0),
    ],
)
def test_mss(options, mss):
    flow = meter_of([eth(ip4(A, B, 6, tcp(1, 2, SYN, options=options)))]).table.flows[0]
    assert flow["mss"].tolist() == [mss, 0]


@pytest.mark.parametrize(
    ("kept", "ports", "flags"), [(3, [0, 0], 0), (4, [1, 2], 0), (15, [1, 2], 0), (16, [1, 2], SYN)]
)
def test_a_header_that_was_cut_gives_what_is_left(kept, ports, flags):
    frame = eth(ip4(A, B, 6, tcp(1, 2, SYN)))
    flow = meter_of([frame[: 34 + kept]], wire=[len(frame)]).table.flows[0]
    assert (flow["port"].tolist(), flow["flags"][0], flow["bytes"][0]) == (ports, flags, 40)


def test_padding_behind_udp_is_no_payload():
    flow = meter_of([eth(ip4(A, B, 17, udp(1, 2, b"abc") + bytes(9)))]).table.flows[0]
    assert (flow["payload"][0], flow["bytes"][0]) == (3, 40)


def test_an_unreachable_is_noted_at_the_flow_it_refuses():
    probe = ip4(A, B, 17, udp(4000, 161, b"?"))
    refusal = ETHER / IP(src="198.19.0.2", dst="198.18.0.1") / ICMP(type=3, code=3) / probe
    meter = meter_of([eth(probe), refusal])
    assert meter.table.flows["unreachable"][:2].tolist() == [1, 0]
