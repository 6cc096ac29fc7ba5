"""What the gate finds in control messages: ICMP, ICMPv6 with neighbour discovery, IGMP. See ``generator.gate_inner``.

Types and options that are not named here are refused.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_part
from generator import memory
from generator.gate_inner import (
    IPV4,
    IPV6,
    NOTHING,
    OK,
    OPTION,
    OUTSIDE_V4,
    OUTSIDE_V6,
    SHORT,
    TOO_DEEP,
    U8,
    UNKNOWN_TYPE,
    Step,
    may_v4,
    may_v6,
)
from generator.wire import Number

_OPTIONS: Final = 8  # of a neighbour discovery message
_MANY: Final = 512  # groups of an IGMP message


@lean_part
def icmp(data: U8, at: Number, end: Number, wire: Number) -> Step:
    """An ICMP message: an error quotes a packet, a redirect also names a router."""
    if end - at < 8:
        return SHORT, at, NOTHING
    kind = memory.get8(data, at)
    if kind > 18 or kind == 9:  # a router advertisement lists addresses; so do messages of mobility, names, extensions
        return UNKNOWN_TYPE, at, NOTHING
    if kind == 5 and not may_v4(memory.get32(data, at + 4), wire):
        return OUTSIDE_V4, at, NOTHING
    if not (3 <= kind <= 5 or 11 <= kind <= 12):
        return OK, at, NOTHING
    # With a length behind it something follows the quoted packet (RFC 4884), which may name interfaces (RFC 5837).
    extended = kind != 5 and memory.get8(data, at + 5) != 0
    return (OPTION if extended else OK), at + 8, (NOTHING if extended else IPV4)


@lean_part
def icmpv6(data: U8, at: Number, end: Number, wire: Number) -> Step:
    """An ICMPv6 message: an error quotes a packet, neighbour discovery (RFC 4861) names hosts."""
    if end - at < 8:
        return SHORT, at, NOTHING
    kind = memory.get8(data, at)
    if kind < 128:
        extended = (kind == 1 or kind == 3) and memory.get8(data, at + 4) != 0  # noqa: PLR1714 - a tuple would be made
        return (OPTION if extended else OK), at + 8, (NOTHING if extended else IPV6)
    if kind == 128 or kind == 129:  # noqa: PLR1714 - a tuple would be made
        return OK, at, NOTHING
    if kind == 133:
        return _options(data, at + 8, end)
    if kind < 135 or kind > 137:
        return UNKNOWN_TYPE, at, NOTHING
    size = 40 if kind == 137 else 24
    if end - at < size:
        return SHORT, at, NOTHING
    named = may_v6(memory.get64(data, at + 8), wire) and (kind != 137 or may_v6(memory.get64(data, at + 24), wire))
    if not named:
        return OUTSIDE_V6, at, NOTHING
    return _options(data, at + size, end)


@lean_part
def _options(data: U8, at: Number, end: Number) -> Step:
    """Options of neighbour discovery: link-layer addresses, MTU, nonce; last a packet that a redirect is about."""
    for _ in range(_OPTIONS):
        if end - at < 8:
            return OK, at, NOTHING
        kind, size = memory.get8(data, at), np.int64(memory.get8(data, at + 1)) * 8
        if size == 0 or size > end - at:
            return SHORT, at, NOTHING
        if kind == 4:
            return (OK if size == end - at else OPTION), at + 8, (IPV6 if size == end - at else NOTHING)
        if (kind != 1 and kind != 2 and kind != 5 and kind != 14) or size != 8:  # noqa: PLR1714 - a tuple would be made
            return OPTION, at, NOTHING
        at += size
    return OPTION, at, NOTHING


@lean_part
def igmp(data: U8, at: Number, end: Number, wire: Number) -> Step:
    """An IGMP message (RFC 3376): groups, and the hosts whose word a group's members want or not."""
    if end - at < 8:
        return SHORT, at, NOTHING
    kind = memory.get8(data, at)
    if kind == 0x22:
        return _report(data, at, end, wire)
    if kind != 0x11 and kind != 0x12 and kind != 0x16 and kind != 0x17:  # noqa: PLR1714 - a tuple would be made
        return UNKNOWN_TYPE, at, NOTHING
    if not _may_group(memory.get32(data, at + 4), wire):
        return OUTSIDE_V4, at, NOTHING
    if kind == 0x11 and end - at >= 12:
        return _sources(data, at + 12, end, np.int64(memory.get16(data, at + 10)), wire), at, NOTHING
    return OK, at, NOTHING


@lean_part
def _report(data: U8, at: Number, end: Number, wire: Number) -> Step:
    records = np.int64(memory.get16(data, at + 6))
    at += 8
    for n in range(_MANY):
        if n == records:
            return OK, at, NOTHING
        if end - at < 8:
            return SHORT, at, NOTHING
        sources = np.int64(memory.get16(data, at + 2))
        if memory.get8(data, at + 1) != 0:  # auxiliary data, which nobody has defined
            return OPTION, at, NOTHING
        if not _may_group(memory.get32(data, at + 4), wire):
            return OUTSIDE_V4, at, NOTHING
        reason = _sources(data, at + 8, end, sources, wire)
        if reason != OK:
            return reason, at, NOTHING
        at += 8 + 4 * sources
    return TOO_DEEP, at, NOTHING


@lean_part
def _sources(data: U8, at: Number, end: Number, count: Number, wire: Number) -> Number:
    if end - at < 4 * count:
        return SHORT
    for n in range(count):
        if not may_v4(memory.get32(data, at + 4 * n), wire):
            return OUTSIDE_V4
    return OK


@lean_part
def _may_group(address: Number, wire: Number) -> Number:
    """Whether a group may be named: one of multicast is nobody's address, 0 means all of them."""
    return address == 0 or address >> 28 == 14 or may_v4(address, wire)
