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
_NOBODY: Final = Stack("", mss=536, scale=0)
_OPTION_BYTES: Final = {"M": 4, "N": 1, "W": 3, "S": 2, "T": 10}


def _network(version: int, protocol: int) -> Any:  # noqa: ANN401 - scapy has no types
    link = Ether(src=_MACS[0], dst=_MACS[1])
    if version == 4:
        return link / IP(src=_V4[0], dst=_V4[1], ttl=0, id=0, flags=0, proto=protocol)
    return link / IPv6(src=_V6[0], dst=_V6[1], hlim=0, nh=protocol)


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
    header = bytearray(tcp_plain(version, stack, flags, options, len(blocks)))
    at = window_at(version)
    header[at : at + 2] = window.to_bytes(2, "big")
    _mark(header, version, tos)
    if blocks:
        header[len(header) - 8 * len(blocks) :] = selective(blocks)
    return bytes(header)


def tcp_plain(version: int, stack: Stack, flags: str, options: str = "", blocks: int = 0) -> bytes:
    """As ``tcp``, with zeros for the window, the marks and that many blocks' edges."""
    letters = _letters(stack, options)
    header = bytearray(_tcp(version, flags, letters, blocks))
    _own(header, version, stack)
    if "M" in letters or "W" in letters:
        mss = stack.mss - (0 if version == 4 else 20)
        at = LINK + (40 if version == 4 else 60)
        for letter in letters:
            if letter == "M":
                header[at + 2 : at + 4] = mss.to_bytes(2, "big")
            elif letter == "W":
                header[at + 2] = stack.scale
            elif letter == "E":
                break
            at += _OPTION_BYTES[letter]
    return bytes(header)


def window_at(version: int) -> int:
    """Where the window field of a TCP frame stands."""
    return LINK + (34 if version == 4 else 54)


def selective(blocks: tuple[tuple[int, int], ...]) -> bytes:
    """The edges of a selective ACK as they stand in its option."""
    return b"".join(struct.pack("!II", *block) for block in blocks)


def _letters(stack: Stack, options: str) -> str:
    """Which options, in which order."""
    if options == "syn":
        return stack.options
    if options.startswith("answer-"):
        return arrange(stack.order, options.partition("-")[2])
    return "NNT" if options == "T" else ""


def _own(header: bytearray, version: int, stack: Stack) -> None:
    """What every packet of a system shows of it."""
    if version == 4:
        header[LINK + 8] = stack.ttl
        header[LINK + 6] = 0x40 if stack.df else 0
        header[LINK + 4 : LINK + 6] = stack.fixed_id.to_bytes(2, "big")
    else:
        header[LINK + 7] = stack.ttl


def _mark(header: bytearray, version: int, tos: int) -> None:
    """The type of service or traffic class."""
    if version == 4:
        header[LINK + 1] = tos
    else:
        header[LINK] |= tos >> 4
        header[LINK + 1] |= (tos & 15) << 4


@lru_cache(maxsize=4096)
def _tcp(version: int, flags: str, letters: str, blocks: int) -> bytes:
    """As scapy lays it out, for no system in particular."""
    listed = syn_options(_NOBODY, version, letters) if letters else []
    if blocks:
        listed = [*listed, ("NOP", None), ("NOP", None), ("SAck", (0,) * (2 * blocks))]
    segment = TCP(sport=1, dport=2, seq=0, ack=0, flags=flags, window=0, options=listed)
    return bytes(_network(version, 6) / segment)


def udp(version: int, stack: Stack, tos: int = 0) -> bytes:
    """Ethernet, IP and UDP of one datagram."""
    return _of(stack, version, _udp(version), tos)


def echo(version: int, stack: Stack, *, reply: bool) -> bytes:
    """Ethernet, IP and ICMP or ICMPv6 of one echo message; identifier and sequence number are 0."""
    return _of(stack, version, _echo(version, reply=reply))


def unreachable(version: int, stack: Stack, code: int) -> bytes:
    """Ethernet, IP and ICMP destination unreachable; ``code`` of ICMP is told in ICMPv6's words (RFC 4443)."""
    return _of(stack, version, _unreachable(version, code))


def bare(version: int, stack: Stack, protocol: int) -> bytes:
    """Ethernet and IP alone, for another IP protocol."""
    return _of(stack, version, _bare(version, protocol))


def _of(stack: Stack, version: int, plain: bytes, tos: int = 0) -> bytes:
    header = bytearray(plain)
    _own(header, version, stack)
    _mark(header, version, tos)
    return bytes(header)


@lru_cache(maxsize=2)
def _udp(version: int) -> bytes:
    return bytes(_network(version, 17) / UDP(sport=1, dport=2, chksum=0))


@lru_cache(maxsize=4)
def _echo(version: int, *, reply: bool) -> bytes:
    if version == 4:
        return bytes(_network(4, 1) / ICMP(type=0 if reply else 8, id=0, seq=0))
    message = ICMPv6EchoReply if reply else ICMPv6EchoRequest
    return bytes(_network(6, 58) / message(id=0, seq=0))


@lru_cache(maxsize=256)
def _unreachable(version: int, code: int) -> bytes:
    if version == 4:
        return bytes(_network(4, 1) / ICMP(type=3, code=code))
    code6 = {0: 0, 1: 3, 3: 4, 10: 1, 13: 1}.get(code, 0)
    return bytes(_network(6, 58)) + bytes((1, code6)) + bytes(6)


@lru_cache(maxsize=256)
def _bare(version: int, protocol: int) -> bytes:
    return bytes(_network(version, protocol))


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
