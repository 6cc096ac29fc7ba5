"""Headers as scapy builds them, once for each kind: link, IP and transport, ready for the stamp to fill in.

Lengths, addresses, ports, sequence numbers, identification, TTL and checksums are placeholders.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any, Final

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether

from generator.stacks import Stack, arrange

LINK: Final = 14
_V4: Final = ("198.18.0.1", "198.18.0.2")
_V6: Final = ("2001:2::1", "2001:2::2")
_MACS: Final = ("02:00:00:00:00:01", "02:00:00:00:00:02")


def _network(version: int, stack: Stack, protocol: int, tos: int) -> Any:  # noqa: ANN401 - scapy has no types
    link = Ether(src=_MACS[0], dst=_MACS[1])
    if version == 4:
        return link / IP(
            src=_V4[0],
            dst=_V4[1],
            ttl=stack.ttl,
            id=stack.fixed_id,
            flags="DF" if stack.df else 0,
            proto=protocol,
            tos=tos,
        )
    return link / IPv6(src=_V6[0], dst=_V6[1], hlim=stack.ttl, nh=protocol, tc=tos)


def syn_options(stack: Stack, version: int, letters: str = "") -> list[Any]:
    """The options of a SYN in that system's order, or those that ``letters`` name (M, N, W, S, T, E)."""
    mss = stack.mss - (0 if version == 4 else 20)
    named: dict[str, tuple[str, Any]] = {
        "M": ("MSS", mss),
        "N": ("NOP", None),
        "W": ("WScale", stack.scale),
        "S": ("SAckOK", b""),
        "T": ("Timestamp", (0, 0)),
        "E": ("EOL", None),
    }
    return [named[letter] for letter in letters or stack.options]


def tcp(
    version: int,
    stack: Stack,
    flags: str,
    options: str = "",
    window: int = 0,
    tos: int = 0,
    blocks: tuple[tuple[int, int], ...] = (),
) -> bytes:
    """Ethernet, IP and TCP of one segment.

    ``options``: "" none, "T" timestamps, "syn" the system's own, "answer-STW" those of a SYN/ACK that repeats these.
    ``blocks`` are the edges of a selective ACK, relative to the other side's initial number; they come last.
    """
    syn = options.startswith(("syn", "answer"))
    known = stack if syn else _plain(stack.ttl, stack.df, stack.fixed_id)
    header = bytearray(_tcp(version, known, flags, options, len(blocks)))
    at = LINK + (20 if version == 4 else 40)
    header[at + 14 : at + 16] = window.to_bytes(2, "big")
    if version == 4:
        header[LINK + 1] = tos
    else:
        header[LINK] |= tos >> 4
        header[LINK + 1] |= (tos & 15) << 4
    if blocks:
        header[len(header) - 8 * len(blocks) :] = b"".join(struct.pack("!II", *block) for block in blocks)
    return bytes(header)


@lru_cache(maxsize=64)
def _plain(ttl: int, df: bool, fixed_id: int) -> Stack:  # noqa: FBT001
    """What a segment without the options of a SYN shows of its system: few share many headers."""
    return Stack("", ttl=ttl, df=df, fixed_id=fixed_id)


@lru_cache(maxsize=4096)
def _tcp(version: int, stack: Stack, flags: str, options: str, blocks: int) -> bytes:
    listed: list[Any] = []
    if options == "syn":
        listed = syn_options(stack, version) if stack.options else []
    elif options.startswith("answer-"):
        listed = syn_options(stack, version, arrange(stack.order, options.partition("-")[2]))
    elif options == "T":
        listed = [("NOP", None), ("NOP", None), ("Timestamp", (0, 0))]
    if blocks:
        listed = [*listed, ("NOP", None), ("NOP", None), ("SAck", (0,) * (2 * blocks))]
    segment = TCP(sport=1, dport=2, seq=0, ack=0, flags=flags, window=0, options=listed)
    return bytes(_network(version, stack, 6, 0) / segment)


@lru_cache(maxsize=256)
def udp(version: int, stack: Stack, tos: int = 0) -> bytes:
    """Ethernet, IP and UDP of one datagram."""
    return bytes(_network(version, stack, 17, tos) / UDP(sport=1, dport=2, chksum=0))


@lru_cache(maxsize=256)
def echo(version: int, stack: Stack, *, reply: bool) -> bytes:
    """Ethernet, IP and ICMP or ICMPv6 of one echo message; identifier and sequence number are 0."""
    if version == 4:
        return bytes(_network(4, stack, 1, 0) / ICMP(type=0 if reply else 8, id=0, seq=0))
    message = ICMPv6EchoReply if reply else ICMPv6EchoRequest
    return bytes(_network(6, stack, 58, 0) / message(id=0, seq=0))


@lru_cache(maxsize=256)
def unreachable(version: int, stack: Stack, code: int) -> bytes:
    """Ethernet, IP and ICMP destination unreachable; ``code`` of ICMP is told in ICMPv6's words (RFC 4443)."""
    if version == 4:
        return bytes(_network(4, stack, 1, 0) / ICMP(type=3, code=code))
    code6 = {0: 0, 1: 3, 3: 4, 10: 1, 13: 1}.get(code, 0)
    return bytes(_network(6, stack, 58, 0)) + bytes((1, code6)) + bytes(6)


@lru_cache(maxsize=256)
def bare(version: int, stack: Stack, protocol: int) -> bytes:
    """Ethernet and IP alone, for another IP protocol."""
    return bytes(_network(version, stack, protocol, 0))


@lru_cache(maxsize=256)
def arp(operation: int, *, broadcast: bool, mac: str = "") -> bytes:
    """Ethernet and ARP: operation 1 asks, 2 answers. ``mac`` is what a liar claims (its first byte is not 02)."""
    link = Ether(src=_MACS[0], dst="ff:ff:ff:ff:ff:ff" if broadcast else _MACS[1])
    return bytes(link / ARP(op=operation, hwsrc=mac or _MACS[0], psrc=_V4[0], hwdst="00:00:00:00:00:00", pdst=_V4[1]))


def timestamps_at(header: bytes, version: int) -> int:
    """Where the value of the TCP timestamps option stands in the frame; 0 where there is none."""
    start = LINK + (20 if version == 4 else 40)
    end = start + (header[start + 12] >> 4) * 4
    at = start + 20
    while at < end and header[at] != 0:
        if header[at] == 1:
            at += 1
            continue
        if header[at] == 8:
            return at + 2
        at += max(header[at + 1], 2)
    return 0
