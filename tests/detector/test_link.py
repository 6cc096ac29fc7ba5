"""Link layers that carry an IP packet, told apart by what the meter finds behind them."""

from __future__ import annotations

import struct

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import LLC, SNAP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Dot3, Ether, Loopback
from scapy.layers.ppp import PPP, PPPoE

from detector.meter import Meter
from tests.detector.captured import A6, B6, batch_of, ip6, udp

INNER = IP(src="198.18.0.1", dst="198.19.0.2") / UDP(sport=4000, dport=53) / b"hello"
MAC = "02:00:00:00:00:01"
ETHER = Ether(src=MAC, dst="02:00:00:00:00:02")
SIX = ip6(A6, B6, 17, udp(4000, 53, b"hello"))
MPLS = bytes.fromhex("0001003f 0002013f".replace(" ", ""))


@pytest.mark.parametrize(
    ("frame", "link", "vlan", "mac"),
    [
        (ETHER / INNER, 1, 0, 0x020000000001),
        (ETHER / Dot1Q(vlan=5) / INNER, 1, 5, 0x020000000001),
        (Ether(src=MAC, dst=MAC, type=0x88A8) / Dot1AD(vlan=7) / Dot1Q(vlan=5) / INNER, 1, 7, 0x020000000001),
        (ETHER / PPPoE() / PPP(proto=0x21) / INNER, 1, 0, 0x020000000001),
        (Dot3(src=MAC, dst=MAC) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x800) / INNER, 1, 0, 0x020000000001),
        (bytes(ETHER)[:12] + b"\x88\x47" + MPLS + bytes(INNER), 1, 0, 0x020000000001),
        (CookedLinux(lladdrlen=6, src=bytes.fromhex("0200000000010000"), proto=0x800) / INNER, 113, 0, 0x020000000001),
        (
            CookedLinuxV2(lladdrlen=6, src=bytes.fromhex("0200000000010000"), proto=0x800) / INNER,
            276,
            0,
            0x020000000001,
        ),
        (INNER, 101, 0, 0),
        (INNER, 12, 0, 0),
        (INNER, 228, 0, 0),
        (Loopback(type=2) / INNER, 0, 0, 0),
        (struct.pack("<I", 2) + bytes(INNER), 0, 0, 0),
        (struct.pack(">I", 2) + bytes(INNER), 108, 0, 0),
        (SIX, 229, 0, 0),
        (struct.pack("<I", 30) + SIX, 0, 0, 0),
        (PPPoE() / PPP(proto=0x21) / INNER, 51, 0, 0),
    ],
)
def test_the_packet_is_found_behind_each_link_layer(frame, link, vlan, mac):
    meter = Meter(capacity=10)
    assert meter.update(batch_of([frame], link=link)) == {}
    flow = meter.table.flows[0]
    assert flow["port"].tolist() == [4000, 53]
    assert flow["payload"].tolist() == [5, 0]
    assert (flow["vlan"], flow["mac"][0]) == (vlan, mac)


@pytest.mark.parametrize(
    ("frame", "link", "reason"),
    [
        (bytes(13), 1, "cut_in_link_header"),
        (bytes(12) + b"\x81\x00\0", 1, "cut_in_link_header"),
        (bytes(15), 113, "cut_in_link_header"),
        (bytes(19), 276, "cut_in_link_header"),
        (b"\2\0\0", 0, "cut_in_link_header"),
        (b"", 101, "cut_in_link_header"),
        (Dot3(src=MAC, dst=MAC) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / bytes(35), 1, "not_ip"),  # spanning tree
        (Ether(type=0x88CC) / bytes(20), 1, "not_ip"),  # LLDP
        (b"\x75", 101, "not_ip"),
        (b"\x11\0\0\1\0\2\0", 51, "cut_in_link_header"),
        (b"\x11\x09\0\1\0\2\x00\x21" + bytes(40), 51, "not_ip"),  # PPPoE of discovery
        (bytes(40), 195, "unknown_link"),  # IEEE 802.15.4
    ],
)
def test_the_rest_is_dropped_by_name(frame, link, reason):
    assert Meter(capacity=10).update(batch_of([frame], link=link)) == {reason: 1}
