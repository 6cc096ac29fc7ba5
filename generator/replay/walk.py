"""What in a packet is an address, and which checksums cover it: read once, then used to survey and to rewrite.

IPv4, IPv6 with extension headers, ARP; packets in packets (IP in IP, 6in4, plain GRE, what an ICMP error quotes);
addresses in ICMP redirects and router lists, neighbour discovery (RFC 4861), IGMP and MLD. Addresses inside the
payload of applications (DNS answers, SIP, FTP, DHCP) are payload and stay.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from contract.jit import lean_kernel, lean_part
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

# What a site holds
V4: Final = 4
V6: Final = 6
PREFIX6: Final = 64  # of an IPv6 address the first half counts
MAC: Final = 48
SENDER4: Final = 44  # as V4, but 0.0.0.0 stays: an ARP probe (RFC 5227)

# Columns of a level
VERSION: Final = 0
HEADER: Final = 1  # where the IP header begins
BODY: Final = 2  # where the transport header begins
PROTOCOL: Final = 3
END: Final = 4  # where the packet ends by its own word; 0 where it gives none (segmentation offload)
PIECE: Final = 5  # 1: the first of several fragments, 2: a later one
COLUMNS: Final = 6
_DEPTH: Final = 4
_SITES: Final = 96
_CUT: Final = CUT_IN_NETWORK_HEADER

# Trail.state
SITES: Final = 0
LEVELS: Final = 1
WHOLE: Final = 2  # 1 where the transport header was captured as a whole
PAYLOAD: Final = 3  # where the innermost payload begins


class Trail(NamedTuple):
    """What ``walk`` found: sites as (offset, what), levels from the outermost in, and counts."""

    sites: I64  # (_SITES, 2)
    levels: I64  # (_DEPTH, COLUMNS)
    state: I64  # (4,)


def new_trail() -> Trail:
    """Room for one packet."""
    return Trail(np.zeros((_SITES, 2), np.int64), np.zeros((_DEPTH, COLUMNS), np.int64), np.zeros(4, np.int64))


@lean_part
def _site(trail: Trail, at: Int, what: Int) -> None:
    n = trail.state[SITES]
    if n < _SITES:
        trail.sites[n, 0] = at
        trail.sites[n, 1] = what
    trail.state[SITES] = n + 1


@lean_part
def walk(data: U8, at: Int, end: Int, kind: Int, trail: Trail) -> Int:
    """Read the packet of that EtherType at ``data[at:end]``, as far as it was captured; 0, or why it cannot be."""
    trail.state[SITES] = 0
    trail.state[LEVELS] = 0
    trail.state[WHOLE] = 1
    trail.state[PAYLOAD] = end
    reason = _arp(data, at, end, trail) if kind == ARP else _packets(data, at, end, 4 if kind == IPV4 else 6, trail)
    return TOO_DEEP if reason == 0 and trail.state[SITES] > _SITES else reason


@lean_kernel
def _arp(data: U8, at: Int, end: Int, trail: Trail) -> Int:
    if end - at < 28:
        return _CUT
    if be16(data, at + 2) != IPV4 or data[at + 4] != 6 or data[at + 5] != 4:
        return BAD_ARP
    _site(trail, at + 8, MAC)
    _site(trail, at + 14, SENDER4)
    _site(trail, at + 18, MAC)
    _site(trail, at + 24, V4)
    return 0


@lean_kernel
def _packets(data: U8, at: Int, end: Int, version: int, trail: Trail) -> Int:
    """Walk from one IP header to those inside it."""
    for _ in range(_DEPTH):
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
                return _icmp(data, at, end, protocol, trail)
            if protocol == 1 and data[at] == 5:
                _site(trail, at + 4, V4)  # the better router of a redirect
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
    _site(trail, at + 12, V4)
    _site(trail, at + 16, V4)
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
    _site(trail, at + 8, V6)
    _site(trail, at + 24, V6)
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
        _igmp(data, at, end, trail)
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


@lean_kernel
def _igmp(data: U8, at: Int, end: Int, trail: Trail) -> None:
    """Groups, and in IGMPv3 their sources (RFC 3376)."""
    if end - at < 8:
        return
    if data[at] != 0x22:
        _site(trail, at + 4, V4)
        if data[at] == 0x11 and end - at >= 12:
            for n in range(min(be16(data, at + 10), (end - at - 12) // 4)):
                _site(trail, at + 12 + 4 * n, V4)
        return
    record = at + 8
    for _ in range(be16(data, at + 6)):
        if end - record < 8:
            return
        sources = be16(data, record + 2)
        for n in range(min(sources + 1, (end - record - 4) // 4)):
            _site(trail, record + 4 + 4 * n, V4)
        record += 8 + 4 * sources + 4 * np.int64(data[record + 1])


@lean_kernel
def _icmp(data: U8, at: Int, end: Int, protocol: Int, trail: Trail) -> Int:
    """Addresses in ICMP messages that quote nothing."""
    if end - at < 8:
        return _CUT
    trail.state[PAYLOAD] = at + 8
    kind = np.int64(data[at])
    if protocol == 1:
        if kind == 9:  # routers (RFC 1256)
            step = np.int64(data[at + 5]) * 4
            for n in range(np.int64(data[at + 4])):
                if step >= 4 and end - (at + 8 + n * step) >= 4:
                    _site(trail, at + 8 + n * step, V4)
        return 0
    if kind in (130, 131, 132) and end - at >= 24:
        _site(trail, at + 8, V6)
        if kind == 130 and end - at >= 28:
            for n in range(min(be16(data, at + 26), (end - at - 28) // 16)):
                _site(trail, at + 28 + 16 * n, V6)
    elif kind == 143:
        record = at + 8
        for _ in range(be16(data, at + 6)):
            if end - record < 20:
                return 0
            sources = be16(data, record + 2)
            for n in range(min(sources + 1, (end - record - 4) // 16)):
                _site(trail, record + 4 + 16 * n, V6)
            record += 20 + 16 * sources + 4 * np.int64(data[record + 1])
    elif kind in (133, 134, 135, 136, 137):
        return _neighbours(data, at, end, kind, trail)
    return 0


@lean_kernel
def _neighbours(data: U8, at: Int, end: Int, kind: Int, trail: Trail) -> Int:
    """Neighbour discovery: targets, and the options that hold MAC addresses, prefixes or resolvers."""
    option = at + 8
    if kind == 134:
        option = at + 16
    elif kind >= 135:
        if end - at < 24:
            return 0
        _site(trail, at + 8, V6)
        option = at + 24
        if kind == 137:
            if end - at < 40:
                return 0
            _site(trail, at + 24, V6)
            option = at + 40
    while end - option >= 8:
        what, size = data[option], np.int64(data[option + 1]) * 8
        if size == 0 or size > end - option:
            return 0
        if what in (1, 2) and size == 8:
            _site(trail, option + 2, MAC)
        elif what == 3 and size == 32:
            _site(trail, option + 16, PREFIX6)
        elif what == 4:  # the packet that a redirect is about
            return TUNNEL
        elif what == 25:  # resolvers (RFC 8106)
            for n in range((size - 8) // 16):
                _site(trail, option + 8 + 16 * n, V6)
        option += size
    return 0
