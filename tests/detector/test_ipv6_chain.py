"""IPv6 extension headers as scapy builds them; the meter's and the quotes' tests hold the chain to the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.layers.ipsec import AH

from contract.jit import lean_kernel
from detector.ipv6_chain import extensions

LAST = UDP(sport=1, dport=2) / b"xx"


@lean_kernel
def walk(data, kind):
    return extensions(data, 0, len(data), len(data), kind)


@pytest.mark.parametrize(
    ("chain", "place", "identity"),
    [
        (LAST, 0, 0),
        (IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt(options=PadN(optdata=bytes(20))) / LAST, 0, 0),
        (IPv6ExtHdrRouting(addresses=["2001:2::5"]) / LAST, 0, 0),
        (IPv6ExtHdrFragment(m=1, id=77) / IPv6ExtHdrDestOpt() / LAST, 1, 77),
        (AH(nh=17, payloadlen=4, icv=bytes(12)) / LAST, 0, 0),
    ],
)
def test_chains_of_scapy(chain, place, identity):
    packet = bytes(IPv6(src="2001:2::1", dst="2001:2::2") / chain)
    kind, body, found, number = walk(np.frombuffer(packet[40:], np.uint8), packet[6])
    assert (kind, len(packet) - 40 - body, found, number) == (17, len(LAST), place, identity)


def test_the_header_after_a_later_fragment_is_not_read():
    packet = bytes(IPv6() / IPv6ExtHdrFragment(offset=3, nh=60, id=9) / bytes(16))
    assert walk(np.frombuffer(packet[40:], np.uint8), packet[6]) == (60, 8, 24, 9)


def test_a_chain_that_is_cut_ends_where_it_is_cut():
    data = np.frombuffer(bytes([17, 200, *bytes(30)]), np.uint8)
    assert walk(data, 0)[:2] == (0, 0)
    assert walk(data[:7], 0)[:2] == (0, 0)
