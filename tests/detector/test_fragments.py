"""Later fragments find the flow of the first one."""

from __future__ import annotations

import struct

from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6

from tests.detector.captured import START, A, B, eth, ip4, meter_of, udp


def test_all_fragments_of_a_packet_are_one_flow():
    pieces = fragment(IP(src="198.18.0.1", dst="198.19.0.2", id=9) / UDP(sport=1, dport=2) / bytes(4000), 1000)
    flow = meter_of([eth(bytes(piece)) for piece in pieces]).table.flows[0]
    assert (flow["packets"][0], flow["fragments"][0], flow["payload"][0]) == (len(pieces), len(pieces), 4000)


def test_ipv6_fragments_too():
    whole = IPv6(src="2001:2::1", dst="2001:2::2") / IPv6ExtHdrFragment(id=7) / UDP(sport=1, dport=2) / bytes(4000)
    pieces = fragment6(whole, 1280)
    flow = meter_of([eth(bytes(piece), 0x86DD) for piece in pieces]).table.flows[0]
    assert (flow["packets"][0], flow["port"].tolist(), flow["payload"][0]) == (len(pieces), [1, 2], 4000)


def ports_of(frames, ts=None):
    table = meter_of([eth(frame) for frame in frames], ts).table
    return [row.tolist() for row in table.flows["port"][table.flows["state"] == 1]]


def test_others_count_to_the_flow_without_ports():
    first, later = ip4(A, B, 17, udp(1, 2, bytes(8)), 5, 0x2000), ip4(A, B, 17, bytes(16), 5, 2)
    assert ports_of([first, later]) == [[1, 2]]
    assert ports_of([later, first]) == [[0, 0], [1, 2]]
    assert ports_of([first, ip4(A, B, 17, bytes(16), 6, 2)]) == [[1, 2], [0, 0]]
    assert ports_of([first, later], [START, START + 31 * 10**9]) == [[1, 2], [0, 0]]


def test_places_are_shared_without_mixing_packets_up():
    firsts = [ip4(struct.pack("!I", 0xC6120000 + i), B, 17, udp(i, 2), 5, 0x2000) for i in range(6000)]
    laters = [ip4(struct.pack("!I", 0xC6120000 + i), B, 17, bytes(8), 5, 2) for i in range(6000)]
    flows = meter_of([eth(frame) for frame in firsts + laters], capacity=20_000).table.flows
    flows = flows[flows["state"] == 1]
    with_ports = flows[flows["port"][:, 1] == 2]
    assert with_ports["packets"][:, 0].sum() + flows[flows["port"][:, 1] == 0]["packets"][:, 0].sum() == 12_000
    assert ((with_ports["address"][:, 0, 1] & 0xFFFF) == with_ports["port"][:, 0]).all()
