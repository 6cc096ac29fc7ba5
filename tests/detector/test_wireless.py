"""IEEE 802.11 as scapy builds it, with what cards in monitor mode put before it."""

from __future__ import annotations

import struct

import pytest
from scapy.layers.dot11 import Dot11, Dot11Beacon, Dot11QoS, RadioTap
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, LLC, SNAP

from detector.meter import Meter
from tests.detector.captured import A6, B6, batch_of, ip6, udp

FOUR = IP(src="198.18.0.1", dst="198.19.0.2") / UDP(sport=4000, dport=53) / b"hello"
SIX = ip6(A6, B6, 17, udp(4000, 53, b"hello"))
ONE, TWO, THREE, FOURTH = (f"02:00:00:00:00:0{n}" for n in range(1, 5))
SNAPPED = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x800) / FOUR
SNAPPED6 = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x86DD) / SIX
TO, FROM, MORE, RETRY, SLEEPY, PROTECTED, CONTROL = 1, 2, 4, 8, 16, 64, 128
ADDRESSES = {"addr1": ONE, "addr2": TWO, "addr3": THREE}


def data(flags=0, *, body=SNAPPED, quality=None, subtype=0, control=b"", **more):
    """A data frame; ``quality``: with that header of quality of service."""
    head = Dot11(type=2, subtype=subtype | (8 if quality else 0), FCfield=flags, **{**ADDRESSES, **more})
    return bytes(head) + (bytes(quality) if quality else b"") + control + bytes(body)


def radiotap(present, fields=b""):
    return struct.pack("<BBHI", 0, 0, 8 + len(fields), present) + fields


def flow_of(frame, link):
    meter = Meter(capacity=10)
    assert meter.update(batch_of([frame], link=link)) == {}
    return meter.table.flows[0]


@pytest.mark.parametrize(
    ("frame", "source", "target"),
    [
        (data(), 2, 1),
        (data(TO), 2, 3),
        (data(FROM), 3, 1),
        (data(TO | FROM, addr4=FOURTH), 4, 3),
        (data(TO, quality=Dot11QoS()), 2, 3),
        (data(TO | RETRY | SLEEPY, body=SNAPPED6), 2, 3),
        (data(FROM | CONTROL, quality=Dot11QoS(), control=bytes(4)), 3, 1),
        (data(TO | FROM | CONTROL, quality=Dot11QoS(), control=bytes(4), addr4=FOURTH), 4, 3),
        (data(TO | MORE), 2, 3),
    ],
)
def test_who_sent_it_to_whom_and_the_packet(frame, source, target):
    flow = flow_of(frame, 105)
    assert (flow["port"].tolist(), flow["payload"].tolist()) == ([4000, 53], [5, 0])
    assert flow["mac"].tolist() == [0x020000000000 + source, 0x020000000000 + target]


@pytest.mark.parametrize(
    ("before", "link"),
    [
        (bytes(RadioTap()), 127),
        (bytes(RadioTap(present="TSFT+Flags+Rate", mac_timestamp=9, Flags="FCS", Rate=2)), 127),
        (radiotap(0x8000_0001, struct.pack("<I", 0) + bytes(8)), 127),
        (struct.pack("<II", 0x44, 144) + bytes(136), 119),
        (struct.pack(">II", 0x44, 144) + bytes(136), 119),
        (struct.pack(">II", 0x80211001, 64) + bytes(56), 163),
        (struct.pack("<BBHIHH", 0, 0, 32, 105, 2, 20) + bytes(20), 192),
    ],
)
def test_what_the_card_puts_before_it_is_stepped_over(before, link):
    flow = flow_of(before + data(TO, quality=Dot11QoS()), link)
    assert (flow["port"].tolist(), flow["mac"][0]) == ([4000, 53], 0x020000000002)


def test_a_header_that_was_filled_up_is_told_by_radiotap():
    padded = data(TO, quality=Dot11QoS(), control=bytes(2))
    for present, fields in ((2, b"\x20"), (3, bytes(8) + b"\x20"), (0x8000_0002, bytes(4) + b"\x20")):
        assert flow_of(radiotap(present, fields) + padded, 127)["port"].tolist() == [4000, 53]
    assert Meter(capacity=10).update(batch_of([radiotap(2, b"\0") + padded], link=127)) == {"not_ip": 1}


def test_arp_is_met_as_well():
    claim = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x806) / ARP(op=2, psrc="198.18.0.1", pdst="198.18.0.2")
    assert flow_of(data(FROM, body=claim), 105)["protocol"] == 0x0806


@pytest.mark.parametrize(
    ("frame", "link", "reason"),
    [
        (b"\x08", 105, "cut_in_link_header"),
        (data()[:23], 105, "cut_in_link_header"),
        (data(quality=Dot11QoS())[:25], 105, "cut_in_link_header"),
        (data(TO | FROM, addr4=FOURTH)[:29], 105, "cut_in_link_header"),
        (bytes(7), 127, "cut_in_link_header"),
        (radiotap(0) + b"\x08", 127, "cut_in_link_header"),
        (struct.pack("<BBHI", 0, 0, 7, 0) + data(), 127, "cut_in_link_header"),
        (struct.pack("<BBHI", 0, 0, 9000, 0) + data(), 127, "cut_in_link_header"),
        (struct.pack("<BBHI", 1, 0, 8, 0) + data(), 127, "not_ip"),  # of another version
        (struct.pack("<BBHI", 0, 0, 8, 1) + data(), 192, "not_ip"),  # PPI before Ethernet
        (Dot11(type=0, subtype=8) / Dot11Beacon(), 105, "not_ip"),
        (Dot11(type=1, subtype=13), 105, "not_ip"),  # an acknowledgement
        (data(subtype=4), 105, "not_ip"),  # null: no data
        (data(body=LLC(dsap=0x42, ssap=0x42, ctrl=3) / bytes(35)), 105, "not_ip"),  # spanning tree
        (data(TO | PROTECTED), 105, "encrypted"),
        (data(TO, quality=b"\x80\0"), 105, "not_one_packet"),  # A-MSDU
        (data(TO, SC=0x21), 105, "not_one_packet"),  # the second part of a frame
        (radiotap(2, b"\x40") + data(), 127, "bad_check_sequence"),
    ],
)
def test_the_rest_is_dropped_by_name(frame, link, reason):
    assert Meter(capacity=10).update(batch_of([frame], link=link)) == {reason: 1}


def test_words_of_radiotap_that_never_end_are_no_flags():
    endless = radiotap(0xFFFF_FFFF, b"\xff" * 8)
    assert flow_of(endless + data(TO), 127)["port"].tolist() == [4000, 53]
