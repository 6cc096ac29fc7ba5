"""What a frame is decoded to, for frames that scapy builds; the meter's tests hold it to its oracle."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop
from scapy.layers.l2 import ARP, Ether
from scapy.layers.sctp import SCTP

from detector.meter import Meter
from tests.detector.captured import A, B, batch_of, eth, ip4, meter_of, tcp, udp

ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
V4 = ETHER / IP(src="198.18.0.1", dst="198.19.0.2")
V6 = ETHER / IPv6(src="2001:2::1", dst="2001:2::2")


@pytest.mark.parametrize(
    ("packet", "protocol", "ports", "payload"),
    [
        (V4 / TCP(sport=1, dport=2, options=[("MSS", 1460), ("Timestamp", (1, 0))]) / b"abc", 6, [1, 2], 3),
        (V4 / UDP(sport=1, dport=2) / b"abc", 17, [1, 2], 3),
        (V4 / SCTP(sport=1, dport=2) / b"abcd", 132, [1, 2], 4),
        (V4 / ICMP(type=8) / b"abc", 1, [8, 0], 3),
        (ETHER / IP(src="198.18.0.1", dst="198.19.0.2", proto=47) / b"abc", 47, [0, 0], 3),
        (V6 / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / UDP(sport=1, dport=2) / b"abc", 17, [1, 2], 3),
        (V6 / ICMPv6EchoRequest(data=b"abc"), 58, [128, 0], 3),
        (ETHER / ARP(psrc="198.18.0.1", pdst="198.19.0.2"), 0x0806, [0, 0], 0),
    ],
)
def test_protocols(packet, protocol, ports, payload):
    frame = bytes(packet)
    flow = meter_of([frame + bytes(4)], wire=[len(frame) + 4]).table.flows[0]  # padding is not counted
    assert (flow["protocol"], flow["port"].tolist(), flow["payload"][0]) == (protocol, ports, payload)
    assert flow["bytes"][0] == (28 if protocol == 0x0806 else len(frame) - 14)


def test_a_request_and_its_reply_are_one_flow():
    back4 = ETHER / IP(src="198.19.0.2", dst="198.18.0.1")
    back6 = ETHER / IPv6(src="2001:2::2", dst="2001:2::1")
    pairs = [
        (V4 / ICMP(type=8), back4 / ICMP(type=0)),
        (V6 / ICMPv6EchoRequest(), back6 / ICMPv6EchoReply()),
        (ETHER / ARP(psrc="198.18.0.1", pdst="198.19.0.2"), ETHER / ARP(op=2, psrc="198.19.0.2", pdst="198.18.0.1")),
    ]
    meter = meter_of([frame for pair in pairs for frame in pair])
    assert meter.table.flows["packets"][:4].tolist() == [[1, 1], [1, 1], [1, 1], [0, 0]]
    assert meter.table.flows["arp_operation"][:3].tolist() == [0, 0, 1]


def test_snapped_frames_count_in_full():
    frame = eth(ip4(A, B, 6, tcp(1, 2, 24, bytes(1000))))
    flow = meter_of([frame[:54]], wire=[len(frame)]).table.flows[0]
    assert (flow["bytes"][0], flow["payload"][0], flow["payload_kept"][0]) == (1040, 1000, 0)


def test_a_length_of_zero_means_the_card_cuts_it_up():
    flow = meter_of([eth(ip4(A, B, 6, tcp(1, 2, 24, bytes(5000)), total=0))]).table.flows[0]
    assert flow["bytes"][0] == 5040


def test_headers_that_cannot_be_are_dropped_by_name():
    good = ip4(A, B, 17, udp(1, 2))
    frames = [eth(good[:19]), eth(b"\x44" + good[1:]), eth(b"\x65" + good[1:]), eth(ip4(A, B, 17, b"", total=19))]
    arp = bytes(ARP(psrc="198.18.0.1", pdst="198.19.0.2"))
    frames += [eth(arp[:20], 0x0806), eth(arp[:5] + b"\x10" + arp[6:], 0x0806), eth(bytes(39), 0x86DD)]
    assert Meter(capacity=10).update(batch_of(frames)) == {
        "cut_in_network_header": 3, "bad_ip_header": 3, "bad_arp": 1
    }  # fmt: skip
