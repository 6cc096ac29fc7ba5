"""Wireless frames (IEEE 802.11), with or without what a card in monitor mode puts before them.

A data frame that is not encrypted carries LLC with SNAP. Link types as in pcap (https://www.tcpdump.org/linktypes.html);
radiotap as on https://www.radiotap.org.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_kernel
from detector.packet import (
    BAD_CHECK_SEQUENCE,
    CUT_IN_LINK_HEADER,
    ENCRYPTED,
    NOT_IP,
    NOT_ONE_PACKET,
    Bytes,
    Int,
    Record,
    be32,
    be48,
    u8,
)

IEEE_802_11: Final = 105
PRISM: Final = 119
RADIOTAP: Final = 127
AVS: Final = 163
PPI: Final = 192
WIRELESS: Final = (IEEE_802_11, PRISM, RADIOTAP, AVS, PPI)
_HEADER: Final = 24  # of a data frame with three addresses
_TO_DS: Final = 1
_FROM_DS: Final = 2
_PROTECTED: Final = 0x40
_WITH_CONTROL: Final = 0x80  # of a frame with quality of service: HT control follows
_QOS: Final = 0x80
_NO_DATA: Final = 0x40
_AGGREGATE: Final = 0x80
_PADDED: Final = 0x20  # radiotap: the header is filled up to a multiple of four
_BAD_CHECK: Final = 0x40  # radiotap


@lean_kernel
def wireless(data: Bytes, at: Int, end: Int, link: Int, row: Record) -> Int:
    """Where the LLC header of the frame ``data[at:end]`` begins, or minus the reason why there is none.

    Sets ``mac`` of ``row`` (who sent it and whom it is for in the end, not the access point between them), and
    ``ethertype`` to 0: LLC tells what follows.
    """
    row["ethertype"] = np.uint16(0)
    notes = 0
    if link != IEEE_802_11:
        size = _radio_header(data, at, end, link)
        if size < 0:
            return size
        if link == RADIOTAP:
            notes = _radiotap_flags(data, at, size)
            if notes & _BAD_CHECK:
                return -BAD_CHECK_SEQUENCE
        at += size
    if end - at < 2:
        return -CUT_IN_LINK_HEADER
    kind, flags = u8(data, at), u8(data, at + 1)
    if kind & 15 != 8 or kind & _NO_DATA:  # management and control, and data frames without data
        return -NOT_IP
    if flags & _PROTECTED:
        return -ENCRYPTED
    both = flags & _TO_DS and flags & _FROM_DS
    quality = _HEADER + (6 if both else 0)
    size = quality
    if kind & _QOS:
        size += 6 if flags & _WITH_CONTROL else 2
    if notes & _PADDED:
        size = (size + 3) & ~3
    if end - at < size:
        return -CUT_IN_LINK_HEADER
    if u8(data, at + 22) & 15 or (kind & _QOS and u8(data, at + quality) & _AGGREGATE):
        return -NOT_ONE_PACKET
    row["mac"][1] = be48(data, at + (16 if flags & _TO_DS else 4))
    row["mac"][0] = be48(data, at + (24 if both else (16 if flags & _FROM_DS else 10)))
    return at + size


@lean_kernel
def _radio_header(data: Bytes, at: Int, end: Int, link: Int) -> Int:
    """How long what the card put before the frame is, or minus the reason why that cannot be said."""
    if end - at < 8:
        return -CUT_IN_LINK_HEADER
    if link == PRISM:
        size = _le(data, at + 4, 4)  # in the byte order of who captured
        if size > 0xFFFF:
            size = be32(data, at + 4)
    elif link == AVS:
        size = be32(data, at + 4)
    else:
        if u8(data, at) != 0 or (link == PPI and _le(data, at + 4, 4) != IEEE_802_11):
            return -NOT_IP
        size = _le(data, at + 2, 2)
    return size if 8 <= size <= end - at else -CUT_IN_LINK_HEADER


@lean_kernel
def _radiotap_flags(data: Bytes, at: Int, size: Int) -> Int:
    """The field ``Flags`` of a radiotap header, 0 where it is not there."""
    there = u8(data, at + 4)
    place = 8
    while u8(data, at + place - 1) & 0x80:  # one more word of what is there
        place += 4
        if place > size:
            return 0
    if there & 1:  # the time, aligned to its eight bytes
        place = ((place + 7) & ~7) + 8
    return u8(data, at + place) if there & 2 and place < size else 0


@lean_kernel
def _le(data: Bytes, at: Int, count: Int) -> Int:
    value = 0
    for n in range(count):
        value |= u8(data, at + n) << (8 * n)
    return value
