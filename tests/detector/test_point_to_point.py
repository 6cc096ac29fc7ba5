"""PPP and Cisco's HDLC, of every link type, told apart by what the meter finds behind them."""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.ppp import HDLC, PPP

from detector.meter import Meter
from tests.detector.captured import A6, B6, batch_of, ip6, udp

FOUR = bytes(IP(src="198.18.0.1", dst="198.19.0.2") / UDP(sport=4000, dport=53) / b"hello")
SIX = ip6(A6, B6, 17, udp(4000, 53, b"hello"))
FRAMED = b"\xff\x03"


@pytest.mark.parametrize(
    ("frame", "link"),
    [
        (PPP(proto=0x21) / FOUR, 9),
        (HDLC() / PPP(proto=0x57) / SIX, 9),
        (b"\x21" + FOUR, 9),  # a compressed number (RFC 1661 section 6.5)
        (b"\x00\x21" + FOUR, 9),
        (b"\x02\x81" + b"\0\x01\x01\x3f" + FOUR, 9),
        (HDLC() / PPP(proto=0x21) / FOUR, 50),
        (b"\x0f\0\x08\x00" + FOUR, 50),
        (b"\x8f\0\x86\xdd" + SIX, 104),
        (b"\x0f\0\x88\x47" + b"\0\x01\x01\x3f" + SIX, 104),
        (b"\x00\x03\x00\x21" + FOUR, 166),
        (b"\x01\xff\x03\x00\x57" + SIX, 204),
        (b"\x00\x57" + SIX, 204),
    ],
)
def test_the_packet_is_found(frame, link):
    meter = Meter(capacity=10)
    assert meter.update(batch_of([frame], link=link)) == {}
    flow = meter.table.flows[0]
    assert (flow["port"].tolist(), flow["payload"].tolist(), flow["mac"].tolist()) == ([4000, 53], [5, 0], [0, 0])


@pytest.mark.parametrize(
    ("frame", "link", "reason"),
    [
        (b"\xff\x03\0", 9, "cut_in_link_header"),
        (b"\0\xff\x03\0", 204, "cut_in_link_header"),
        (b"\x0f\0\x08", 104, "cut_in_link_header"),
        (b"\xff\x03\x00\x21", 50, "cut_in_network_header"),
        (FRAMED + b"\xc0\x21" + bytes(20), 9, "not_ip"),  # link control
        (FRAMED + b"\x80\x21" + bytes(20), 50, "not_ip"),  # IP control
        (FRAMED + b"\x03" + bytes(20), 9, "not_ip"),  # headers that are compressed (RFC 3241)
        (b"\x8f\0\x80\x35" + bytes(20), 104, "not_ip"),  # keep-alive
    ],
)
def test_the_rest_is_dropped_by_name(frame, link, reason):
    assert Meter(capacity=10).update(batch_of([frame], link=link)) == {reason: 1}
