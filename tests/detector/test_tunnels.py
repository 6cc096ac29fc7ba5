"""What tunnels carry: against the oracle on any frames, against scapy's builders and tshark's reader on known ones."""

from __future__ import annotations

import shutil
import struct
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.utils import wrpcap

from contract.addresses import to_bytes
from contract.errors import InputError
from detector.config import Config
from detector.tunnels import LEVELS, levels_of
from tests.detector.captured import A6, B6, MS, START, A, B, C, agree, eth, ip4, ip6, meter_of, tcp, udp, words

ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
CARRIED = Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b")
OUTER = ETHER / IP(src="198.18.0.1", dst="198.19.0.2")
OUTER6 = ETHER / IPv6(src="2001:2::1", dst="2001:2::2")
INNER = IP(src="198.18.7.7", dst="198.19.7.7") / UDP(sport=4000, dport=53) / b"hello"
INNER6 = IPv6(src="2001:2::7", dst="2001:2::8") / UDP(sport=4000, dport=53) / b"hello"
LABELS = MPLS(label=16, s=0, ttl=9) / MPLS(label=17, s=1, ttl=9)

TUNNELS = {
    "ipip": OUTER / INNER,
    "sit": OUTER / INNER6,
    "4 in 6": OUTER6 / INNER,
    "6 in 6": OUTER6 / INNER6,
    "gre": OUTER / GRE() / INNER,
    "gre with all fields": OUTER / GRE(chksum_present=1, key_present=1, seqnum_present=1) / INNER6,
    "nvgre": OUTER / GRE(proto=0x6558, key_present=1, key=0x100) / CARRIED / INNER,
    "mpls in gre": OUTER / GRE(proto=0x8847) / LABELS / INNER,
    "erspan 1": OUTER / GRE(proto=0x88BE) / CARRIED / INNER,
    "erspan 2": OUTER / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II() / CARRIED / INNER,
    "erspan 3": OUTER / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III() / CARRIED / INNER,
    "vxlan": OUTER / UDP(sport=5555, dport=4789) / VXLAN(vni=7, flags=8) / CARRIED / INNER,
    "vxlan of linux": OUTER6 / UDP(sport=5555, dport=8472) / VXLAN(vni=7, flags=8) / CARRIED / Dot1Q(vlan=3) / INNER,
    "geneve": OUTER / UDP(sport=5555, dport=6081) / GENEVE(vni=7, proto=0x6558) / CARRIED / INNER,
    "geneve with options": OUTER
    / UDP(sport=5555, dport=6081)
    / GENEVE(vni=7, proto=0x0800, options=[GeneveOptions(data=b"word"), GeneveOptions(data=b"wordword")])
    / INNER,
    "three deep": OUTER / GRE() / IP(src="198.18.3.3", dst="198.18.3.4") / IPv6(src="2001:2::5") / INNER,
}  # fmt: skip
BELOW = {
    "mpls": ETHER / LABELS / INNER,
    "mpls in a vlan": ETHER / Dot1Q(vlan=5) / LABELS / INNER6,
    "pppoe": ETHER / PPPoE(sessionid=9) / PPP(proto=0x21) / INNER,
    "pppoe of ipv6": ETHER / Dot1Q(vlan=7) / PPPoE(sessionid=9) / PPP(proto=0x57) / INNER6,
}


def only_flow(frame, **options):
    meter = meter_of([bytes(frame)], **options)
    assert meter.counts()["live"] == 1
    return meter.table.flows[0]


@pytest.mark.parametrize("name", TUNNELS)
def test_inner_meters_what_is_carried_and_outer_the_tunnel(name):
    frame = TUNNELS[name]
    inner = only_flow(frame, tunnels="inner")
    assert (inner["port"].tolist(), inner["protocol"], inner["payload"][0]) == ([4000, 53], 17, 5)
    assert inner["bytes"][0] in (33, 53)
    bridged = CARRIED.src in frame.command()
    assert inner["mac"][0] == (0x0200_0000_000A if bridged else 0x0200_0000_0001)
    outer = only_flow(frame)
    assert outer["bytes"][0] == len(frame) - 14
    assert outer["protocol"] == (frame[IP].proto if frame.type == 0x0800 else frame[IPv6].nh)


@pytest.mark.parametrize("name", BELOW)
@pytest.mark.parametrize("tunnels", ["outer", "inner"])
def test_mpls_and_pppoe_are_always_stepped_over(name, tunnels):
    assert only_flow(BELOW[name], tunnels=tunnels)["port"].tolist() == [4000, 53]


def test_pppoe_discovery_and_other_codes_are_not_ip():
    body = bytes(PPPoE(sessionid=9) / PPP(proto=0x21) / INNER)
    for frame in (eth(body, 0x8863), eth(b"\x11\x09" + body[2:], 0x8864), eth(b"\x21\0" + body[2:], 0x8864)):
        assert meter_of([frame]).counts()["live"] == 0


def gre(body, kind=0x0800, flags=0):
    return struct.pack("!HH", flags, kind) + body


UNREADABLE = {
    "pptp": (47, gre(bytes(8) + b"\x21" + ip4(A, C, 17, udp(1, 2)), 0x880B, 0x3001)),
    "source routing": (47, gre(ip4(A, C, 17, udp(1, 2)), flags=0x4000)),
    "keep-alive": (47, gre(b"", 0)),
    "of another protocol": (47, gre(bytes(30), 0x0842)),
    "cut inside": (47, gre(ip4(A, C, 17, udp(1, 2))[:19])),
    "6 said to be 4": (4, ip6(A6, B6, 17, udp(1, 2))),
    "vxlan without vni": (17, udp(5, 4789, bytes(8) + eth(ip4(A, C, 17, udp(1, 2))))),
    "geneve of the future": (17, udp(5, 6081, b"\x80\0\x65\x58" + bytes(4) + eth(ip4(A, C, 17, udp(1, 2))))),
    "geneve cut in options": (17, udp(5, 6081, b"\x3f\0\x65\x58" + bytes(40))),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_counts_as_the_flow_outside(name):
    protocol, body = UNREADABLE[name]
    flow = only_flow(eth(ip4(A, B, protocol, body)), tunnels="inner")
    assert (flow["protocol"], flow["bytes"][0]) == (protocol, 20 + len(body))


def test_a_fragmented_tunnel_counts_outside_and_a_fragment_inside_to_its_flow():
    datagram = udp(4000, 53, bytes(16))
    first, later = ip4(A, C, 17, datagram[:16], 7, 0x2000), ip4(A, C, 17, datagram[16:], 7, 2)
    flow = only_flow(eth(ip4(A, B, 4, first, 9, 0x2000)), tunnels="inner")
    assert flow["protocol"] == 4
    meter = meter_of([eth(ip4(A, B, 4, body)) for body in (first, later)], tunnels="inner")
    assert meter.counts()["live"] == 1
    assert meter.table.flows[0]["fragments"].tolist() == [2, 0]


def test_no_more_than_four_levels():
    body, deep = ip4(A, C, 17, udp(4000, 53)), LEVELS + 2
    for _ in range(deep):
        body = ip4(A, B, 4, body)
    flow = only_flow(eth(body), tunnels="inner")
    assert (flow["protocol"], flow["bytes"][0]) == (4, 28 + 20 * (deep - LEVELS))


def test_both_ways_of_a_carried_conversation_are_one_flow():
    there = eth(ip4(A, B, 47, gre(ip4(A, C, 6, tcp(4000, 80, 2)))))
    back = eth(ip4(B, A, 47, gre(ip4(C, A, 6, tcp(80, 4000, 18)))))
    meter = meter_of([there, back], tunnels="inner")
    assert meter.counts()["live"] == 1
    assert meter.table.flows[0]["packets"].tolist() == [1, 1]


def test_other_words_are_refused():
    with pytest.raises(InputError, match="outer or inner"):
        levels_of("both")
    with pytest.raises(InputError, match="outer or inner"):
        Config(tunnels="Inner")


@st.composite
def nested(draw):
    """A packet in up to six tunnels, some of them damaged: (protocol, bytes)."""
    protocol, body = draw(
        st.sampled_from(
            [(17, udp(4000, 53, b"hi")), (6, tcp(4000, 80, 2)), (1, bytes(12)), (17, udp(7, 4789, bytes(20)))]
        )
    )
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.sampled_from([0, 0, 0, 0, 0, 0x2000, 2]))
        six = draw(st.integers(0, 3)) == 0
        packet = ip6(A6, B6, protocol, body) if six else ip4(A, draw(st.sampled_from([B, C])), protocol, body, 3, place)
        kind = 0x86DD if six else 0x0800
        frame = eth(draw(st.sampled_from([b"", struct.pack("!HH", 0x8100, 5)])) + struct.pack("!H", kind) + packet)
        frame = bytes(range(12)) + frame[14:]
        way = draw(st.sampled_from(["ip", "gre", "nvgre", "erspan", "erspan3", "vxlan", "geneve", "mpls"]))
        if way == "ip":
            protocol, body = 41 if six else 4, packet
        elif way in ("gre", "mpls", "nvgre"):
            flags = draw(st.sampled_from([0, 0x8000, 0x2000, 0x3000, 0xB000, 0x4000, 1]))
            fields = bytes(4 * sum(1 for bit in (0x8000, 0x2000, 0x1000) if flags & bit))
            inside = {"gre": (kind, packet), "mpls": (0x8847, b"\0\0\1\x09" + packet), "nvgre": (0x6558, frame)}[way]
            protocol, body = 47, gre(fields + inside[1], inside[0], flags)
        elif way == "erspan":
            protocol, body = 47, gre(bytes(12) + frame, 0x88BE, 0x1000)
        elif way == "erspan3":
            more = draw(st.integers(0, 1))
            protocol, body = 47, gre(bytes(15) + bytes([more]) + bytes(8 * more) + frame, 0x22EB, 0x1000)
        elif way == "vxlan":
            protocol, body = 17, udp(draw(st.sampled_from([4789, 5])), draw(st.sampled_from([8472, 4789])),
                                     bytes([draw(st.sampled_from([8, 8, 0]))]) + bytes(7) + frame)  # fmt: skip
        else:
            words = draw(st.integers(0, 2))
            inside = draw(st.sampled_from([(0x6558, frame), (kind, packet)]))
            protocol, body = (
                17,
                udp(9, 6081, struct.pack("!BBHI", words, 0, inside[0], 0) + bytes(4 * words) + inside[1]),
            )
    return protocol, body


@st.composite
def damaged(draw):
    frame = bytearray(eth(ip4(A, B, *draw(nested()))))
    if draw(st.integers(0, 2)) == 0:
        frame[draw(st.integers(14, len(frame) - 1))] = draw(st.integers(0, 255))
    wire = len(frame)
    if draw(st.integers(0, 3)) == 0:
        del frame[draw(st.integers(14, len(frame))) :]
    return bytes(frame), wire


@given(st.lists(damaged(), min_size=1, max_size=12), st.sampled_from(["inner", "inner", "outer"]))
def test_agrees_with_the_oracle_on_any_tunnels(rows, tunnels):
    frames, wire = zip(*rows, strict=True)
    agree(list(frames), (START + np.arange(len(rows)) * MS).tolist(), [1] * len(rows), list(wire), tunnels=tunnels)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_agrees_with_tshark_on_what_is_inside(tmp_path):
    everything = TUNNELS | BELOW
    path = tmp_path / "tunnels.pcap"
    wrpcap(str(path), list(everything.values()))
    fields = ["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "udp.srcport", "udp.dstport"]
    command = ["tshark", "-r", str(path), "-n", "-d", "udp.port==8472,vxlan", "-T", "fields", "-E", "occurrence=l"]
    lines = subprocess.run(
        [*command, *(word for field in fields for word in ("-e", field))], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for (name, frame), line in zip(everything.items(), lines, strict=True):
        src4, dst4, src6, dst6, *ports = line.split("\t")
        flow = only_flow(frame, tunnels="inner")
        six = flow["ip_version"] == 6
        assert flow["port"].tolist() == [int(port) for port in ports], name
        assert flow["address"].tolist() == [
            words(to_bytes(src6 if six else src4)),
            words(to_bytes(dst6 if six else dst4)),
        ], name
