"""What the gate finds inside a frame: each kernel reads one header and says what stands behind it.

They return (why the frame must not leave or ``OK``, where the next header begins, which one it is or ``NOTHING``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_part
from generator import memory
from generator.wire import Number

U8 = npt.NDArray[np.uint8]
Step = tuple[Number, Number, Number]

OK: Final = 0
SHORT: Final = 1
UNKNOWN_TYPE: Final = 2
OUTSIDE_V4: Final = 3
OUTSIDE_V6: Final = 4
TOO_DEEP: Final = 5
PIECE: Final = 6
OPTION: Final = 7
PROTOCOL: Final = 8
TUNNEL: Final = 9
REASONS: Final = (
    "",
    "is too short to be read",
    "is of a type that the gate does not know",
    "has an address outside 198.18.0.0/15",
    "has an address outside 2001:2::/48",
    "wraps packets in packets too deeply",
    "is a fragment that could hide addresses",
    "has an option or extension header that the gate does not read",
    "is of an IP protocol that the gate does not read",
    "could be a tunnel and cannot be read as one",
)
NOTHING, ETHERNET, IPV4, IPV6, GRE, ICMP, ICMPV6, UDP, UDP_FIRST, IGMP, SCTP, UNREAD = range(12)
_HIDDEN: Final = 512  # a fragment that begins before this byte could replace addresses that a first one showed
_EXTENSIONS: Final = 4


@lean_part
def may_v4(address: Number, wire: Number) -> Number:
    """Whether an IPv4 address may be in a frame: the lab's, and documentation (RFC 5737) where not for a wire."""
    if address & 0xFFFE0000 == 0xC6120000:
        return True
    net = address >> 8
    return not wire and (net == 0xC00002 or net == 0xC63364 or net == 0xCB0071)  # noqa: PLR1714 - no tuple


@lean_part
def may_v6(high: Number, wire: Number) -> Number:
    """Whether an IPv6 address with that upper half may be in a frame; documentation: RFC 3849, RFC 9637."""
    if high >> 16 == 0x200100020000:
        return True
    return not wire and (high >> 32 == 0x20010DB8 or high >> 44 == 0x3FFF0)


@lean_part
def ipv4(data: U8, at: Number, end: Number, wire: Number) -> Step:
    """An IPv4 header."""
    if end - at < 20:
        return SHORT, at, NOTHING
    size = np.int64(memory.get8(data, at) & 15) * 4
    if memory.get8(data, at) >> 4 != 4 or size < 20:
        return UNKNOWN_TYPE, at, NOTHING
    if not (may_v4(memory.get32(data, at + 12), wire) and may_v4(memory.get32(data, at + 16), wire)):
        return OUTSIDE_V4, at, NOTHING
    if end - at < size:
        return SHORT, at, NOTHING
    if not _harmless_options(data, at + 20, at + size):
        return OPTION, at, NOTHING
    piece = memory.get16(data, at + 6) & 0x3FFF
    return _behind(np.int64(memory.get8(data, at + 9)), at + size, piece & 0x1FFF, piece)


@lean_part
def _harmless_options(data: U8, at: Number, end: Number) -> Number:
    """Whether IPv4 options are but end, no operation and router alert: record route and the like hold addresses."""
    while at < end:
        kind = memory.get8(data, at)
        if kind == 0:
            return True
        if kind == 148:
            at += 4
        elif kind == 1:
            at += 1
        else:
            return False
    return at == end


@lean_part
def ipv6(data: U8, at: Number, end: Number, wire: Number) -> Step:
    """An IPv6 header with its hop-by-hop options and fragment header."""
    if end - at < 40:
        return SHORT, at, NOTHING
    if memory.get8(data, at) >> 4 != 6:
        return UNKNOWN_TYPE, at, NOTHING
    if not (may_v6(memory.get64(data, at + 8), wire) and may_v6(memory.get64(data, at + 24), wire)):
        return OUTSIDE_V6, at, NOTHING
    protocol = np.int64(memory.get8(data, at + 6))
    at += 40
    for _ in range(_EXTENSIONS):
        if protocol != 0 and protocol != 44:  # noqa: PLR1714 - a tuple would be made
            return _behind(protocol, at, 0, 0)
        if end - at < 8:
            return SHORT, at, NOTHING
        follows = np.int64(memory.get8(data, at))
        if protocol == 44:
            piece = memory.get16(data, at + 2)
            if piece & 0xFFF9:
                return _behind(follows, at + 8, piece >> 3, piece)
        elif memory.get8(data, at + 1) != 0 or not _harmless_hops(memory.get64(data, at)):
            return OPTION, at, NOTHING
        protocol = follows
        at += 8
    return TOO_DEEP, at, NOTHING


@lean_part
def _harmless_hops(word: Number) -> Number:
    """Whether eight bytes of hop-by-hop options are padding or a router alert (RFC 2711), the only ones let through."""
    options = word & np.uint64(0xFFFFFFFFFFFF)
    if options & np.uint64(0xFFFF0000FEFF) == np.uint64(0x050200000000):
        return True
    return options == np.uint64(0x010400000000) or options == 0


@lean_part
def _behind(protocol: Number, at: Number, offset: Number, piece: Number) -> Step:
    """What stands behind an IP header; ``offset`` (in eight bytes) and ``piece`` are not 0 in a fragment."""
    what = _reader(protocol)
    if what == UNREAD:
        extends = protocol == 0 or protocol == 43 or protocol == 44 or protocol == 60  # noqa: PLR1714 - no tuple
        return (OPTION if extends else PROTOCOL), at, NOTHING
    if what == NOTHING or piece == 0:
        return OK, at, what
    if what == UDP:  # its ports stand in the first piece
        return OK, at, (NOTHING if offset else UDP_FIRST)
    if (what != ICMP and what != ICMPV6) or 0 < offset < _HIDDEN // 8:  # noqa: PLR1714 - a tuple would be made
        return PIECE, at, NOTHING
    return OK, at, (NOTHING if offset else what)


@lean_part
def _reader(protocol: Number) -> Number:
    """Which header an IP protocol has. All that is not named here is refused: it may hold addresses or packets."""
    if protocol == 6 or protocol == 59:  # noqa: PLR1714 - a tuple would be made
        return NOTHING
    if protocol == 17:
        return UDP
    if protocol == 1:
        return ICMP
    if protocol == 58:
        return ICMPV6
    if protocol == 4:
        return IPV4
    if protocol == 41:
        return IPV6
    if protocol == 47:
        return GRE
    if protocol == 2:
        return IGMP
    if protocol == 132:
        return SCTP
    # For experiments (RFC 3692): nobody's protocol, so that nobody takes it apart.
    return NOTHING if protocol == 253 or protocol == 254 else UNREAD  # noqa: PLR1714 - a tuple would be made
