"""What the gate finds in tunnels over UDP, in GRE and in SCTP. See ``generator.gate_inner``.

Which datagrams are tunnels only their ports tell, on either side. VXLAN, Geneve, GTP-U and Teredo are read; with the
port of any other the gate refuses all that is long enough to hold an IP header.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_part
from generator import memory
from generator.gate_inner import (
    ETHERNET,
    IPV4,
    IPV6,
    NOTHING,
    OK,
    OPTION,
    OUTSIDE_V4,
    OUTSIDE_V6,
    PIECE,
    SHORT,
    TOO_DEEP,
    TUNNEL,
    U8,
    UNKNOWN_TYPE,
    Step,
    may_v4,
    may_v6,
)
from generator.wire import Number

_GTP_U, _TEREDO, _VXLAN, _GENEVE, _VXLAN_OF_LINUX = 2152, 3544, 4789, 6081, 8472
# Mobile IP, L2TP, AMT, LISP (data, control), IPsec, GRE (plain, DTLS), VXLAN-GPE, CAPWAP data, GUE, DCCP, MPLS (plain,
# DTLS), SCTP
_UNREAD: Final = (434, 1701, 2268, 4341, 4342, 4500, 4754, 4755, 4790, 5247, 6080, 6511, 6635, 6636, 9899)
PORTS: Final = tuple(sorted((_GTP_U, _TEREDO, _VXLAN, _GENEVE, _VXLAN_OF_LINUX, *_UNREAD)))
_BITS: Final = np.packbits(np.isin(np.arange(1 << 16), PORTS), bitorder="little")
LEAST: Final = 28  # bytes of a datagram that could hold an IP header
_CHUNKS: Final = 64
_PARAMETERS: Final = 64


@lean_part
def tunnel_port(port: Number) -> Number:
    """1 where a UDP port belongs to a tunnel, else 0."""
    return _BITS[port >> 3] >> (port & 7) & 1


@lean_part
def udp(data: U8, at: Number, end: Number, first: Number) -> Step:
    """A UDP header, ``first`` in the first piece of a datagram."""
    if end - at < 8:
        return (PIECE if first else OK), at, NOTHING
    source, target = np.int64(memory.get16(data, at)), np.int64(memory.get16(data, at + 2))
    from_tunnel, to_tunnel = tunnel_port(source), tunnel_port(target)
    if from_tunnel == 0 and to_tunnel == 0:
        return OK, at, NOTHING
    if first:
        return PIECE, at, NOTHING
    if end - at < LEAST:
        return OK, at, NOTHING
    if from_tunnel and to_tunnel and source != target:
        return TUNNEL, at, NOTHING
    port = target if to_tunnel else source
    if port == _VXLAN or port == _VXLAN_OF_LINUX:  # noqa: PLR1714, SIM109 - a tuple would be made
        # RFC 7348, and its sister with a group policy. What says which protocol follows (GPE) is refused.
        read = memory.get8(data, at + 8) & 0x7F == 0x08
        return (OK if read else TUNNEL), at + 16, (ETHERNET if read else NOTHING)
    if port == _GENEVE:
        return _geneve(data, at + 8)
    if port == _GTP_U:
        return _gtp(data, at + 8, end)
    read = port == _TEREDO and memory.get8(data, at + 8) >> 4 == 6  # without an indication, which hides an address
    return (OK if read else TUNNEL), at + 8, (IPV6 if read else NOTHING)


@lean_part
def _geneve(data: U8, at: Number) -> Step:
    """Geneve (RFC 8926), version 0 and without options."""
    kind = memory.get16(data, at + 2)
    if memory.get8(data, at) != 0:
        return TUNNEL, at, NOTHING
    if kind == 0x6558:
        return OK, at + 8, ETHERNET
    if kind == 0x0800:
        return OK, at + 8, IPV4
    return (OK, at + 8, IPV6) if kind == 0x86DD else (TUNNEL, at, NOTHING)


@lean_part
def _gtp(data: U8, at: Number, end: Number) -> Step:
    """GTP-U (3GPP TS 29.281): a user's packet behind a number and a PDU session container at most, or an echo."""
    flags, kind = memory.get8(data, at), memory.get8(data, at + 1)
    if flags >> 4 != 3:
        return TUNNEL, at, NOTHING
    if kind == 1 or kind == 2:  # noqa: PLR1714 - a tuple would be made
        return OK, at, NOTHING
    if kind != 255:
        return TUNNEL, at, NOTHING
    follows = memory.get8(data, at + 11) if flags & 4 else 0
    at += 12 if flags & 7 else 8
    if follows == 0x85:
        if end - at < 4:
            return SHORT, at, NOTHING
        size = np.int64(memory.get8(data, at)) * 4
        if size == 0 or size > end - at:
            return SHORT, at, NOTHING
        follows = memory.get8(data, at + size - 1)
        at += size
    if follows != 0 or end - at < 20:
        return TUNNEL, at, NOTHING
    version = memory.get8(data, at) >> 4
    if version == 4:
        return OK, at, IPV4
    return (OK, at, IPV6) if version == 6 else (TUNNEL, at, NOTHING)


@lean_part
def gre(data: U8, at: Number, end: Number) -> Step:
    """A GRE header (RFC 2784, RFC 2890) without source routes."""
    if end - at < 4:
        return SHORT, at, NOTHING
    flags, kind = memory.get16(data, at), memory.get16(data, at + 2)
    if flags & 0x4FFF:
        return UNKNOWN_TYPE, at, NOTHING
    at += np.int64(4 + 4 * ((flags >> 15) + (flags >> 13 & 1) + (flags >> 12 & 1)))
    if kind == 0x0800:
        return OK, at, IPV4
    if kind == 0x86DD:
        return OK, at, IPV6
    return (OK, at, ETHERNET) if kind == 0x6558 else (UNKNOWN_TYPE, at, NOTHING)


@lean_part
def sctp(data: U8, at: Number, end: Number, wire: Number) -> Step:
    """SCTP chunks (RFC 9260): those that open an association list addresses, those that change one are refused."""
    at += 12
    for _ in range(_CHUNKS):
        if end - at < 4:
            return OK, at, NOTHING
        kind, size = memory.get8(data, at), np.int64(memory.get16(data, at + 2))
        if size < 4:  # the link's padding; who takes it for a chunk gives up here
            return OK, at, NOTHING
        if kind == 1 or kind == 2:  # noqa: PLR1714 - a tuple would be made
            reason = _parameters(data, at + 20, min(at + size, end), wire)
            if reason != OK:
                return reason, at, NOTHING
        # An abort or error may quote addresses in its causes; 3 to 14 are the chunks of the RFC itself.
        elif kind > 14 or ((kind == 6 or kind == 9) and size > 4):  # noqa: PLR1714 - a tuple would be made
            return OPTION, at, NOTHING
        at += (size + 3) & ~3
    return TOO_DEEP, at, NOTHING


@lean_part
def _parameters(data: U8, at: Number, end: Number, wire: Number) -> Number:
    for _ in range(_PARAMETERS):
        if end - at < 4:
            return OK
        kind, size = memory.get16(data, at), np.int64(memory.get16(data, at + 2))
        if size < 4:
            return OK
        if kind == 5 or kind == 6:  # noqa: PLR1714 - a tuple would be made
            if end - at < (8 if kind == 5 else 20):
                return SHORT
            if kind == 5 and not may_v4(memory.get32(data, at + 4), wire):
                return OUTSIDE_V4
            if kind == 6 and not may_v6(memory.get64(data, at + 4), wire):
                return OUTSIDE_V6
        elif not _harmless(kind):
            return OPTION
        at += (size + 3) & ~3
    return TOO_DEEP


@lean_part
def _harmless(kind: Number) -> Number:
    """State cookie, cookie life, address types, ECN, random number, chunk list, HMAC list, padding, extensions, PR."""
    for known in (7, 9, 12, 0x8000, 0x8002, 0x8003, 0x8004, 0x8005, 0x8008, 0xC000):  # noqa: SIM110 - no any() here
        if kind == known:
            return True
    return False
