"""A datagram that is too large for the link leaves in fragments (RFC 791, RFC 8200 section 4.5)."""

from __future__ import annotations

from typing import Final

from generator.exchange import FRAGMENT, Frame
from generator.headers import LINK
from generator.payload import Content
from generator.stacks import IPID_FIXED, IPID_RANDOM, IPID_ZERO

_IPV4: Final = LINK + 20
_IPV6: Final = LINK + 40
_HEADER: Final = 44  # the protocol number of the IPv6 fragment header
_MORE4: Final = 0x2000
_LARGEST: Final = 65_535
HEADERS: Final = 64  # bytes: no transport header has so many


def cut(frame: Frame, mtu: int) -> list[Frame]:
    """The fragments of a frame whose packet has more than ``mtu`` bytes; else the frame alone.

    The first fragment, which shows the transport's header, takes its piece from the whole, which the stamp writes
    aside: the checksum is one over all. The others carry their payload themselves. Raises ``ValueError`` for a packet
    or an ``mtu`` that IP does not know.
    """
    four = frame.version == 4
    network = _IPV4 if four else _IPV6
    size = len(frame.header) + len(frame.content.data) - network
    if size + network - LINK <= mtu:
        return [frame]
    if size + (20 if four else 0) > _LARGEST or mtu < (68 if four else 1280):
        raise ValueError(f"no IPv{frame.version} packet carries {size} bytes in fragments of {mtu}")
    step = (mtu - (network - LINK) - (0 if four else 8)) // 8 * 8
    made = []
    for at in range(0, size, step):
        length = min(step, size - at)
        header = (_header4 if four else _header6)(frame.header, at, more=at + length < size)
        begin = network + at - len(frame.header)
        shown = frame.content.cut(begin, begin + length) if at >= HEADERS else Content(bytes(length), ())
        piece = Frame(header, shown, FRAGMENT, frame.version, frame.reverse, 0.0, 0, 0.0)
        made.append(piece._replace(ipid=_identified(frame, header), whole=frame, whole_at=network + at))
    return made


def _header4(header: bytes, at: int, *, more: bool) -> bytes:
    flags = (at // 8 | (_MORE4 if more else 0)).to_bytes(2, "big")
    return header[: LINK + 6] + flags + header[LINK + 8 : _IPV4]


def _header6(header: bytes, at: int, *, more: bool) -> bytes:
    follows, offset = header[LINK + 6], (at | more).to_bytes(2, "big")
    return header[: LINK + 6] + bytes([_HEADER]) + header[LINK + 7 : _IPV6] + bytes([follows, 0]) + offset + bytes(4)


def _identified(frame: Frame, header: bytes) -> int:
    """Fragments need an identification: who sends zeros otherwise draws one (RFC 6864 section 4.1)."""
    fixed = frame.ipid == IPID_FIXED and any(header[LINK + 4 : LINK + 6])
    return frame.ipid if fixed or frame.ipid not in (IPID_ZERO, IPID_FIXED) else IPID_RANDOM
