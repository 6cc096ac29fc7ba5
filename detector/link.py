"""The link layer: where the network header begins, what it is, and who sent the frame on this link.

Link types as in pcap (https://www.tcpdump.org/linktypes.html).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_kernel, lean_part
from detector.packet import (
    CUT_IN_LINK_HEADER,
    IPV4,
    IPV6,
    NOT_IP,
    UNKNOWN_LINK,
    Bytes,
    Int,
    Record,
    be16,
    be32,
    be48,
    u8,
)
from detector.point_to_point import POINT_TO_POINT, point_to_point
from detector.wireless import WIRELESS, wireless

ETHERNET: Final = 1
LINUX_COOKED: Final = 113
LINUX_COOKED_2: Final = 276
NULL: Final = 0
LOOP: Final = 108
RAW: Final = 101
PPP_OVER_ETHERNET: Final = 51  # from the session's header on
_PPPOE: Final = 0x8864
_PPPOE_SESSION: Final = 0x1100  # version 1, type 1, code 0 (RFC 2516 section 4)
_LLC_SNAP: Final = 0xAAAA03


@lean_part
def link_layer(data: Bytes, at: Int, end: Int, link: Int, row: Record) -> Int:
    """Where the network header of the frame ``data[at:end]`` begins, or minus the reason why there is none.

    Sets ``ethertype``, ``vlan`` and ``mac`` of ``row``.
    """
    row["vlan"] = np.uint16(0)
    row["mac"][0] = np.uint64(0)
    row["mac"][1] = np.uint64(0)
    if link == ETHERNET:
        if end - at < 14:
            return -CUT_IN_LINK_HEADER
        row["mac"][1] = be48(data, at)
        row["mac"][0] = be48(data, at + 6)
        return tags(data, at + 14, end, be16(data, at + 12), row)
    if link == LINUX_COOKED:
        if end - at < 16:
            return -CUT_IN_LINK_HEADER
        if be16(data, at + 4) == 6:
            row["mac"][0] = be48(data, at + 6)
        return tags(data, at + 16, end, be16(data, at + 14), row)
    if link == LINUX_COOKED_2:
        if end - at < 20:
            return -CUT_IN_LINK_HEADER
        if u8(data, at + 11) == 6:
            row["mac"][0] = be48(data, at + 12)
        return tags(data, at + 20, end, be16(data, at), row)
    if link in (RAW, 12, 14, 228, 229):
        return _by_version(data, at, end, row)
    if link in (NULL, LOOP):
        return _loopback(data, at, end, row)
    return _seldom(data, at, end, link, row)


@lean_kernel
def _seldom(data: Bytes, at: Int, end: Int, link: Int, row: Record) -> Int:
    """As ``link_layer``, of the links that are seldom met."""
    if link == PPP_OVER_ETHERNET:
        return tags(data, at, end, _PPPOE, row)
    if link in POINT_TO_POINT:
        body = point_to_point(data, at, end, link, row)
    elif link in WIRELESS:
        body = wireless(data, at, end, link, row)
    else:
        return -UNKNOWN_LINK
    return body if body < 0 else tags(data, body, end, np.int64(row["ethertype"]), row)


@lean_kernel
def tags(data: Bytes, at: Int, end: Int, ethertype: Int, row: Record) -> Int:
    """Step over VLAN tags (802.1Q, 802.1ad), SNAP, PPPoE sessions (RFC 2516) and MPLS label stacks (RFC 3032).

    Returns where the network header begins, or minus the reason why there is none; sets ``ethertype`` and ``vlan``.
    """
    tagged = False
    while ethertype in (0x8100, 0x88A8, 0x9100):
        if end - at < 4:
            return -CUT_IN_LINK_HEADER
        if not tagged:
            row["vlan"] = np.uint16(be16(data, at) & 0x0FFF)
            tagged = True
        ethertype = be16(data, at + 2)
        at += 4
    if ethertype < 0x0600:  # a length: IEEE 802.3 with LLC
        if end - at < 8 or be32(data, at) >> 8 != _LLC_SNAP or be32(data, at + 2) & 0xFFFFFF != 0:
            return -NOT_IP
        ethertype = be16(data, at + 6)
        at += 8
    if ethertype == _PPPOE:
        if end - at < 8:
            return -CUT_IN_LINK_HEADER
        if be16(data, at) != _PPPOE_SESSION:
            return -NOT_IP
        kind = be16(data, at + 6)
        at += 8
        ethertype = IPV4 if kind == 0x0021 else (IPV6 if kind == 0x0057 else 0)
    elif ethertype in (0x8847, 0x8848):
        bottom = False
        while not bottom:
            if end - at < 4:
                return -CUT_IN_LINK_HEADER
            bottom = u8(data, at + 2) & 1 == 1
            at += 4
        return _by_version(data, at, end, row)
    row["ethertype"] = np.uint16(ethertype)
    return at


@lean_part
def _by_version(data: Bytes, at: Int, end: Int, row: Record) -> Int:
    if end - at < 1:
        return -CUT_IN_LINK_HEADER
    version = u8(data, at) >> 4
    if version not in (4, 6):
        return -NOT_IP
    row["ethertype"] = np.uint16(IPV4 if version == 4 else IPV6)
    return at


@lean_kernel
def _loopback(data: Bytes, at: Int, end: Int, row: Record) -> Int:
    """BSD loopback: the address family in four bytes, in the byte order of who captured (NULL) or network order."""
    if end - at < 4:
        return -CUT_IN_LINK_HEADER
    family = be32(data, at)
    if family >= 1 << 16:
        family = u8(data, at) | (u8(data, at + 1) << 8)
    if family == 2:
        row["ethertype"] = np.uint16(IPV4)
    elif family in (10, 23, 24, 28, 30):  # AF_INET6 of Linux and Windows is 10 and 23; of the BSDs 24, 28 or 30
        row["ethertype"] = np.uint16(IPV6)
    else:
        return -NOT_IP
    return at + 4
