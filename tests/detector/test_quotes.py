"""ICMP errors count at the flow that they quote, by class; the oracle holds them to account on any bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP, ICMPerror, IPerror, TCPerror
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
)
from scapy.layers.l2 import GRE

from detector.rare_facts import ERROR_NAMES
from tests.detector.captured import A6, B6, MS, START, A, B, C, agree, eth, icmp, ip4, ip6, meter_of, tcp, udp

ROUTER = {"src": "198.18.9.9", "dst": "198.18.0.1"}
ROUTER6 = {"src": "2001:2::9", "dst": "2001:2::1"}
FROM = {"src": "198.18.0.1", "dst": "198.19.0.2"}
FROM6 = {"src": "2001:2::1", "dst": "2001:2::2"}


def errors(meter, port=None):
    """Errors by class of each flow that has any."""
    table = meter.table
    used = np.flatnonzero(table.rare.of)
    counts = table.rare.rows[table.rare.of[used]]["icmp_errors"]
    return [
        {name: int(n) for name, n in zip(ERROR_NAMES, row, strict=True) if n}
        | ({"port": table.flows["port"][slot].tolist()} if port else {})
        for slot, row in zip(used, counts, strict=True)
    ]


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ICMP(type=3, code=3), "unreachable"),
        (ICMP(type=3, code=4), "too_big"),
        (ICMP(type=4), "source_quench"),
        (ICMP(type=5, code=1), "redirect"),
        (ICMP(type=11, code=0), "time_exceeded"),
        (ICMP(type=12), "parameter_problem"),
    ],
)
@pytest.mark.parametrize("sent", [TCP(sport=4000, dport=80), UDP(sport=4000, dport=53), ICMP(type=8, id=7)])
def test_each_class_of_errors_of_ipv4(error, name, sent):
    packet = IP(**FROM) / sent
    quote = bytes(packet)[:28]  # the header and eight bytes, as RFC 792 asks for
    meter = meter_of([eth(bytes(packet)), eth(bytes(IP(**ROUTER) / error / quote))])
    assert errors(meter) == [{name: 1}]
    assert meter.table.flows["unreachable"].sum() == (name == "unreachable")


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ICMPv6DestUnreach(code=4), "unreachable"),
        (ICMPv6PacketTooBig(), "too_big"),
        (ICMPv6TimeExceeded(), "time_exceeded"),
        (ICMPv6ParamProblem(), "parameter_problem"),
    ],
)
@pytest.mark.parametrize(
    "sent",
    [
        TCP(sport=4000, dport=80),
        IPv6ExtHdrDestOpt() / UDP(sport=4000, dport=53),
        ICMPv6EchoRequest(id=7),
        IPv6ExtHdrFragment(m=1, id=5) / UDP(sport=4000, dport=53),
    ],
)
def test_each_class_of_errors_of_icmpv6(error, name, sent):
    packet = bytes(IPv6(**FROM6) / sent)
    meter = meter_of([eth(packet, 0x86DD), eth(bytes(IPv6(**ROUTER6) / error / packet), 0x86DD)])
    assert errors(meter) == [{name: 1}]


def test_a_quote_with_altered_lengths_still_finds_its_flow():
    packet = bytes(IP(**FROM) / TCP(sport=4000, dport=80))
    altered = IPerror(packet)
    altered.len, altered.chksum = 8, 0  # some hosts quote the length less the header, or with its bytes swapped
    assert ICMPerror not in altered
    assert TCPerror in altered
    meter = meter_of([eth(packet), eth(bytes(IP(**ROUTER) / ICMP(type=11) / bytes(altered)))])
    assert errors(meter) == [{"time_exceeded": 1}]


def test_a_quoted_later_fragment_is_looked_up():
    datagram = udp(4000, 53, bytes(16))
    sent = [ip4(A, B, 17, datagram[:16], 7, 0x2000), ip4(A, B, 17, datagram[16:], 7, 2)]
    refused = ip4(C, A, 1, icmp(11, 1, sent[1]))
    meter = meter_of([eth(body) for body in (*sent, refused)])
    assert errors(meter, port=True) == [{"time_exceeded": 1, "port": [4000, 53]}]


@pytest.mark.parametrize("tunnels", ["outer", "inner"])
def test_a_quoted_tunnel_finds_the_flow_that_is_metered(tunnels):
    carried = IP(src="198.18.7.7", dst="198.19.7.7") / TCP(sport=4000, dport=80)
    packet = bytes(IP(**FROM) / GRE() / carried)
    refused = IP(**ROUTER) / ICMP(type=3, code=1) / packet
    meter = meter_of([eth(packet), eth(bytes(refused))], tunnels=tunnels)
    assert errors(meter, port=True) == [{"unreachable": 1, "port": [4000, 80] if tunnels == "inner" else [0, 0]}]


def test_an_error_inside_a_tunnel_finds_the_flow_inside():
    packet = bytes(IP(**FROM) / TCP(sport=4000, dport=80))
    refused = bytes(IP(**ROUTER) / ICMP(type=3, code=1) / packet)
    tunnel = [
        eth(bytes(IP(src="198.18.3.3", dst="198.18.3.4") / GRE(proto=0x0800) / body)) for body in (packet, refused)
    ]
    assert errors(meter_of(tunnel, tunnels="inner"), port=True) == [{"unreachable": 1, "port": [4000, 80]}]
    assert errors(meter_of(tunnel)) == []


def test_what_quotes_nothing_known_counts_nowhere():
    sent = eth(ip4(A, B, 6, tcp(4000, 80, 2)))
    quotes = [b"", bytes(28), ip4(A, B, 6, b"\x0f"), ip4(A, C, 6, tcp(4000, 80, 2)), ip6(A6, B6, 6, tcp(4000, 80, 2))]
    assert errors(meter_of([sent, *(eth(ip4(C, A, 1, icmp(3, 1, quote))) for quote in quotes)])) == []


@st.composite
def quoting(draw):
    """A packet, and an error that quotes it with bytes changed or cut away, perhaps each in a tunnel."""
    six = draw(st.booleans())
    protocol, body = draw(
        st.sampled_from([(6, tcp(4000, 80, 2)), (17, udp(80, 4000, b"?")), (58 if six else 1, icmp(128 if six else 8))])
    )
    if six:
        chain = draw(st.sampled_from([b"", bytes([protocol, 0]) + bytes(6), bytes([protocol, 0, 0, 1, 0, 0, 0, 5])]))
        next_header = protocol if not chain else 60 if chain[3] == 0 else 44
        packet = ip6(A6, B6, next_header, chain + body)
    else:
        packet = ip4(A, B, protocol, body, 5, draw(st.sampled_from([0, 0, 0x2000])))
    if draw(st.integers(0, 2)) == 0:
        protocol, packet = (47, b"\0\0" + (b"\x86\xdd" if six else b"\x08\0") + packet)
        packet, six = ip4(A, C, protocol, packet), False
    quote = bytearray(packet)
    if draw(st.integers(0, 2)) == 0:
        quote[draw(st.integers(0, len(quote) - 1))] = draw(st.integers(0, 255))
    if draw(st.integers(0, 2)) == 0:
        del quote[draw(st.integers(0, len(quote))) :]
    kind, code = (
        draw(st.integers(0, 5)) if six else draw(st.sampled_from([3, 4, 5, 11, 12, 0])),
        draw(st.integers(3, 4)),
    )
    error = icmp(kind, code, bytes(quote))
    kind = 0x86DD if six else 0x0800
    return [eth(packet, kind), eth(ip6(B6, A6, 58, error) if six else ip4(C, A, 1, error), kind)]


@given(st.lists(quoting(), min_size=1, max_size=6), st.sampled_from(["inner", "outer"]))
def test_agrees_with_the_oracle_on_any_quotes(pairs, tunnels):
    frames = [frame for pair in pairs for frame in pair]
    ts = (START + np.arange(len(frames)) * MS).tolist()
    agree(frames, ts, [1] * len(frames), [len(f) for f in frames], tunnels=tunnels)
