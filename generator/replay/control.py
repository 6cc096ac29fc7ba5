"""Addresses in control messages: IGMP and MLD groups, ICMP routers, neighbour discovery (RFC 4861)."""

from __future__ import annotations

import numpy as np

from contract.jit import lean_kernel
from generator.replay.octets import U8, Int, be16
from generator.replay.reasons import CUT_IN_NETWORK_HEADER, TUNNEL
from generator.replay.trail import MAC, PAYLOAD, PREFIX6, V4, V6, Trail, site


@lean_kernel
def igmp(data: U8, at: Int, end: Int, trail: Trail) -> None:
    """Groups, and in IGMPv3 their sources (RFC 3376)."""
    if end - at < 8:
        return
    if data[at] != 0x22:
        site(trail, at + 4, V4)
        if data[at] == 0x11 and end - at >= 12:
            for n in range(min(be16(data, at + 10), (end - at - 12) // 4)):
                site(trail, at + 12 + 4 * n, V4)
        return
    record = at + 8
    for _ in range(be16(data, at + 6)):
        if end - record < 8:
            return
        sources = be16(data, record + 2)
        for n in range(min(sources + 1, (end - record - 4) // 4)):
            site(trail, record + 4 + 4 * n, V4)
        record += 8 + 4 * sources + 4 * np.int64(data[record + 1])


@lean_kernel
def icmp(data: U8, at: Int, end: Int, protocol: Int, trail: Trail) -> Int:
    """Addresses in ICMP messages that quote nothing."""
    if end - at < 8:
        return CUT_IN_NETWORK_HEADER
    trail.state[PAYLOAD] = at + 8
    kind = np.int64(data[at])
    if protocol == 1:
        if kind == 9:  # routers (RFC 1256)
            step = np.int64(data[at + 5]) * 4
            for n in range(np.int64(data[at + 4])):
                if step >= 4 and end - (at + 8 + n * step) >= 4:
                    site(trail, at + 8 + n * step, V4)
        return 0
    if kind in (130, 131, 132) and end - at >= 24:
        site(trail, at + 8, V6)
        if kind == 130 and end - at >= 28:
            for n in range(min(be16(data, at + 26), (end - at - 28) // 16)):
                site(trail, at + 28 + 16 * n, V6)
    elif kind == 143:
        record = at + 8
        for _ in range(be16(data, at + 6)):
            if end - record < 20:
                return 0
            sources = be16(data, record + 2)
            for n in range(min(sources + 1, (end - record - 4) // 16)):
                site(trail, record + 4 + 16 * n, V6)
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
        site(trail, at + 8, V6)
        option = at + 24
        if kind == 137:
            if end - at < 40:
                return 0
            site(trail, at + 24, V6)
            option = at + 40
    while end - option >= 8:
        what, size = data[option], np.int64(data[option + 1]) * 8
        if size == 0 or size > end - option:
            return 0
        if what in (1, 2) and size == 8:
            site(trail, option + 2, MAC)
        elif what == 3 and size == 32:
            site(trail, option + 16, PREFIX6)
        elif what == 4:  # the packet that a redirect is about
            return TUNNEL
        elif what == 25:  # resolvers (RFC 8106)
            for n in range((size - 8) // 16):
                site(trail, option + 8 + 16 * n, V6)
        option += size
    return 0
