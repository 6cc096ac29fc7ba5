"""Packets of every kind that is rewritten, as functions of who is who: the same call with partners is the oracle.

MAC addresses ``M``, IPv4 hosts ``A`` and ``B``, IPv6 hosts ``C`` and ``D``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_Router_Alert, fragment
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import ARP, GRE, Dot1AD, Dot1Q, Ether
from scapy.packet import Packet, Raw

from tests.generator.replay.helpers import Names

ONE, OTHER = "00:1b:21:3c:4d:5e", "b8:27:eb:00:00:01"
A, B, C, D = "10.1.2.3", "93.184.216.34", "fe80::21b:21ff:fe3c:4d5e", "2606:2800:220:1::1946"
GROUP, GROUP6 = "224.0.0.251", "ff02::fb"
Make = Callable[[Names, bytes], Packet]


def _ip(n: Names, **more: Any) -> IP:
    return IP(src=n(A), dst=n(B), id=77, **more)


def _six(n: Names, **more: Any) -> IPv6:
    return IPv6(src=n(C), dst=n(D), **more)


def _ether(n: Names) -> Ether:
    return Ether(src=n(ONE), dst=n(OTHER))


def _quote(n: Names, inner: Packet) -> Packet:
    return IP(src=n(B), dst=n(A)) / inner


PACKETS: dict[str, Make] = {
    "tcp": lambda n, p: _ether(n) / _ip(n) / TCP(sport=40000, dport=80, options=[("MSS", 1460)]) / p,
    "udp": lambda n, p: _ether(n) / _ip(n) / UDP(sport=5000, dport=53) / p,
    "udp without a checksum": lambda n, p: _ether(n) / _ip(n) / UDP(sport=5000, dport=53, chksum=0) / p,
    "icmp": lambda n, p: _ether(n) / _ip(n) / ICMP(id=9) / p,
    "gre and key": lambda n, p: (
        _ether(n) / _ip(n) / GRE(key_present=1, key=7) / _ip(n) / UDP(sport=1, dport=2) / p
    ),
    "ip in ip": lambda n, p: _ether(n) / _ip(n) / IP(src=n(B), dst=n("172.16.0.9")) / TCP() / p,
    "6in4": lambda n, p: _ether(n) / _ip(n) / _six(n) / UDP(sport=9, dport=10) / p,
    "unreachable": lambda n, p: (
        _ether(n) / _ip(n) / ICMP(type=3, code=3) / _quote(n, UDP(sport=53, dport=5000) / p)
    ),
    "time exceeded": lambda n, p: _ether(n) / _ip(n) / ICMP(type=11) / _quote(n, TCP(sport=80) / p),
    "redirect": lambda n, p: (
        _ether(n) / _ip(n) / ICMP(type=5, gw=n("10.1.2.1")) / _quote(n, TCP(sport=80) / p)
    ),
    "multicast": lambda n, p: (
        Ether(src=n(ONE), dst=n("01:00:5e:00:00:fb"))
        / IP(src=n(A), dst=n(GROUP))
        / UDP(sport=5353, dport=5353)
        / DNS(qd=DNSQR(qname="a.local"))
    ),
    "broadcast": lambda n, p: (
        Ether(src=n(ONE), dst="ff:ff:ff:ff:ff:ff")
        / IP(src=n("0.0.0.0"), dst=n("255.255.255.255"))
        / UDP(sport=68, dport=67)
        / p
    ),
    "router alert": lambda n, p: _ether(n) / _ip(n, options=[IPOption_Router_Alert()]) / UDP() / p,
    "vlan": lambda n, p: _ether(n) / Dot1Q(vlan=12, prio=3) / _ip(n) / TCP() / p,
    "qinq": lambda n, p: _ether(n) / Dot1AD(vlan=5) / Dot1Q(vlan=12) / _ip(n) / UDP() / p,
    "first fragment": lambda n, p: fragment(_ether(n) / _ip(n) / UDP() / (p + bytes(900)), 600)[0],
    "later fragment": lambda n, p: fragment(_ether(n) / _ip(n) / UDP() / (p + bytes(900)), 600)[1],
    "tcp over ipv6": lambda n, p: _ether(n) / _six(n) / TCP(sport=1, dport=2) / p,
    "udp over ipv6": lambda n, p: _ether(n) / _six(n) / UDP(sport=1, dport=2) / p,
    "hop by hop": lambda n, p: _ether(n) / _six(n) / IPv6ExtHdrHopByHop() / UDP() / p,
    "whole fragment": lambda n, p: _ether(n) / _six(n) / IPv6ExtHdrFragment(id=3) / UDP() / p,
    "echo over ipv6": lambda n, p: _ether(n) / _six(n) / ICMPv6EchoRequest(data=p),
    "unreachable over ipv6": lambda n, p: (
        _ether(n) / _six(n) / ICMPv6DestUnreach() / IPv6(src=n(D), dst=n(C)) / UDP() / p
    ),
    "neighbour solicitation": lambda n, p: (
        _ether(n) / _six(n, hlim=255) / ICMPv6ND_NS(tgt=n(C)) / ICMPv6NDOptSrcLLAddr(lladdr=n(ONE))
    ),
    "neighbour advertisement": lambda n, p: (
        _ether(n) / _six(n, hlim=255) / ICMPv6ND_NA(tgt=n(D)) / ICMPv6NDOptDstLLAddr(lladdr=n(OTHER))
    ),
    "router advertisement": lambda n, p: (
        Ether(src=n(ONE), dst=n("33:33:00:00:00:01"))
        / IPv6(src=n(C), dst=n(GROUP6), hlim=255)
        / ICMPv6ND_RA()
        / ICMPv6NDOptPrefixInfo(prefix=n("2606:2800:220:1::"))
    ),
    "arp": lambda n, p: (
        _ether(n) / ARP(op=2, hwsrc=n(ONE), psrc=n(A), hwdst=n(OTHER), pdst=n("10.1.2.1"))
    ),
    "arp probe": lambda n, p: (
        Ether(src=n(ONE), dst="ff:ff:ff:ff:ff:ff")
        / ARP(hwsrc=n(ONE), psrc="0.0.0.0", hwdst="00:00:00:00:00:00", pdst=n(A))
    ),
    "another protocol": lambda n, p: _ether(n) / _ip(n, proto=253) / Raw(bytes(8) + p),
}  # fmt: skip
STOPPED = "router advertisement"  # the gate does not let it out
KINDS = sorted(PACKETS.keys() - {STOPPED})


def made(kind: str, names: Names, payload: bytes) -> bytes:
    """The bytes of a kind of packet."""
    return bytes(PACKETS[kind](names, payload))
