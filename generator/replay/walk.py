"""What in a packet is an address, and which checksums cover it: read once, then used to survey and to rewrite.

IPv4, IPv6 with extension headers, ARP; packets in packets (IP in IP, 6in4, plain GRE, what an ICMP error quotes);
addresses in ICMP redirects and router lists, neighbour discovery (RFC 4861), IGMP and MLD. Addresses inside the
payload of applications (DNS answers, SIP, FTP, DHCP) are payload and stay.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_kernel, lean_part
from generator.replay.control import icmp, igmp
from generator.replay.links import ARP, IPV4
from generator.replay.octets import I64, U8, Int, be16, be32
from generator.replay.reasons import (
    AUTHENTICATED,
    BAD_ARP,
    BAD_IP_HEADER,
    CUT_IN_NETWORK_HEADER,
    ROUTE_IN_HEADER,
    ROUTING_PROTOCOL,
    TOO_DEEP,
    TUNNEL,
)
from generator.replay.trail import (
    BODY,
    DEPTH,
    END,
    HEADER,
    LEVELS,
    MAC,
    MOST_SITES,
    PAYLOAD,
    PIECE,
    PROTOCOL,
    SENDER4,
    SITES,
    V4,
    V6,
    VERSION,
    WHOLE,
    Trail,
    site,
)

_CUT: Final = CUT_IN_NETWORK_HEADER


@lean_part
def walk(data: U8, at: Int, end: Int, kind: Int, trail: Trail) -> Int:
    """Read the packet of that EtherType at ``data[at:end]``, as far as it was captured; 0, or why it cannot be."""
    trail.state[SITES] = 0
    trail.state[LEVELS] = 0
    trail.state[WHOLE] = 1
    trail.state[PAYLOAD] = end
    reason = _arp(data, at, end, trail) if kind == ARP else _packets(data, at, end, 4 if kind == IPV4 else 6, trail)
    return TOO_DEEP if reason == 0 and trail.state[SITES] > MOST_SITES else reason


@lean_kernel
def _arp(data: U8, at: Int, end: Int, trail: Trail) -> Int:
    if end - at < 28:
        return _CUT
    if be16(data, at + 2) != IPV4 or data[at + 4] != 6 or data[at + 5] != 4:
        return BAD_ARP
    site(trail, at + 8, MAC)
    site(trail, at + 14, SENDER4)
    site(trail, at + 18, MAC)
    site(trail, at + 24, V4)
    return 0


@lean_kernel
def _packets(data: U8, at: Int, end: Int, version: int, trail: Trail) -> Int:
    """Walk from one IP header to those inside it."""
    for _ in range(DEPTH):
        level = trail.levels[trail.state[LEVELS]]
        reason = _ipv4(data, at, end, level, trail) if version == 4 else _ipv6(data, at, end, level, trail)
        if reason != 0:
            return reason
        trail.state[LEVELS] += 1
        if level[PIECE] == 2:
            trail.state[PAYLOAD] = level[BODY]
            return 0
        protocol, at = level[PROTOCOL], level[BODY]
        if protocol in (4, 41):
            version = 4 if protocol == 4 else 6
        elif protocol == 47:
            if end - at < 4:
                return _CUT
            kind = be16(data, at + 2)
            flags = be16(data, at)
            if flags & 0xCFFF or kind not in (0x0800, 0x86DD):  # plain GRE, a key or number at most (RFC 2890)
                return TUNNEL
            version = 4 if kind == 0x0800 else 6
            at += 4 + ((flags >> 13) & 1) * 4 + ((flags >> 12) & 1) * 4
        elif protocol in (1, 58):
            if not _quotes(protocol, data, at, end):
                return icmp(data, at, end, protocol, trail)
            if protocol == 1 and data[at] == 5:
                site(trail, at + 4, V4)  # the better router of a redirect
            version = 4 if protocol == 1 else 6
            at += 8
        else:
            return _transport(data, at, end, protocol, trail)
    return TOO_DEEP


@lean_part
def _quotes(protocol: Int, data: U8, at: Int, end: Int) -> Int:
    """Whether an ICMP message is an error, which quotes the packet that it is about."""
    if end - at < 8:
        return False
    kind = np.int64(data[at])
    return kind in (3, 4, 5, 11, 12) if protocol == 1 else kind < 128


@lean_kernel
def _ipv4(data: U8, at: Int, end: Int, level: I64, trail: Trail) -> Int:
    if end - at < 20:
        return _CUT
    header = np.int64(data[at] & 15) * 4
    total = be16(data, at + 2)
    if data[at] >> 4 != 4 or header < 20 or 0 < total < header:
        return BAD_IP_HEADER
    if end - at < header:
        return _CUT
    option = at + 20
    while option < at + header and data[option] != 0:
        if data[option] in (7, 68, 131, 137):  # record route, timestamp, source routes
            return ROUTE_IN_HEADER
        if data[option] == 1:
            option += 1
            continue
        if option + 1 >= at + header or data[option + 1] < 2:
            return BAD_IP_HEADER
        option += np.int64(data[option + 1])
    site(trail, at + 12, V4)
    site(trail, at + 16, V4)
    place = be16(data, at + 6)
    level[VERSION] = 4
    level[HEADER] = at
    level[BODY] = at + header
    level[PROTOCOL] = np.int64(data[at + 9])
    level[END] = at + total if total > 0 else 0
    level[PIECE] = 2 if place & 0x1FFF else (1 if place & 0x2000 else 0)
    return 0


@lean_kernel
def _ipv6(data: U8, at: Int, end: Int, level: I64, trail: Trail) -> Int:
    if end - at < 40:
        return _CUT
    if data[at] >> 4 != 6:
        return BAD_IP_HEADER
    site(trail, at + 8, V6)
    site(trail, at + 24, V6)
    size = be16(data, at + 4)
    kind = np.int64(data[at + 6])
    level[VERSION] = 6
    level[HEADER] = at
    level[END] = at + 40 + size if size > 0 or kind == 59 else 0
    level[PIECE] = 0
    body = at + 40
    while kind in (0, 43, 44, 51, 60):
        if kind == 43:
            return ROUTE_IN_HEADER
        if kind == 51:
            return AUTHENTICATED
        if end - body < 8:
            return _CUT
        following = np.int64(data[body])
        length = np.int64(8)
        if kind == 44:
            place = be16(data, body + 2)
            level[PIECE] = 2 if place & 0xFFF8 else place & 1
        else:
            length = (np.int64(data[body + 1]) + 1) * 8
        body += length
        kind = following
        if level[PIECE] == 2:
            break
    if body > end:
        return _CUT
    level[BODY] = body
    level[PROTOCOL] = kind
    return 0


@lean_kernel
def _transport(data: U8, at: Int, end: Int, protocol: Int, trail: Trail) -> Int:
    size = np.int64(8)
    if protocol == 6:
        size = np.int64(20)
        if end - at >= 13:
            size = max(np.int64(data[at + 12] >> 4) * 4, size)
    elif protocol == 17:
        if _wraps(data, at, end):
            return TUNNEL
    elif protocol == 2:
        igmp(data, at, end, trail)
    elif protocol in (46, 88, 89, 103, 112):
        return ROUTING_PROTOCOL
    elif protocol == 51:
        return AUTHENTICATED
    elif protocol in (135, 137, 139, 140):
        return TUNNEL
    else:
        size = np.int64(12) if protocol in (33, 132) else np.int64(0)
    trail.state[WHOLE] = end - at >= size
    trail.state[PAYLOAD] = min(at + size, end)
    return 0


@lean_part
def _wraps(data: U8, at: Int, end: Int) -> Int:
    """Whether a datagram carries packets of a network below: VXLAN (RFC 7348), GTP-U, Teredo (RFC 4380)."""
    if end - at < 28:
        return False
    one, other = be16(data, at), be16(data, at + 2)
    body = at + 8
    if other in (4789, 8472):
        return be32(data, body) == 0x08000000
    if 2152 in (one, other):
        return data[body] >> 5 == 1 and data[body + 1] == 255
    return 3544 in (one, other) and data[body] >> 4 == 6 and end - body >= 40
