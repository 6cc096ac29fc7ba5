"""Link headers of captures: where the network header begins, which MAC addresses and VLAN tags stand before it.

Link types as in pcap (https://www.tcpdump.org/linktypes.html): Ethernet, Linux cooked (both), BSD loopback, raw IP.
PPPoE, MPLS and SNAP are stepped over; the replayed frame does without them.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_kernel, lean_part
from generator.replay.octets import I64, U8, Int, be16, be32, be48
from generator.replay.reasons import CUT_IN_LINK_HEADER, NOT_IP, TOO_DEEP, UNKNOWN_LINK

ETHERNET: Final = 1
COOKED: Final = 113
COOKED_2: Final = 276
RAW: Final = (101, 12, 14, 228, 229)
LOOPBACK: Final = (0, 108)

ARP: Final = 0x0806
IPV4: Final = 0x0800
IPV6: Final = 0x86DD
NO_MAC: Final = -1

# What ``find`` fills in, by index
KIND: Final = 0  # EtherType of the network header: ARP, IPV4 or IPV6
NETWORK: Final = 1  # where it begins
SENDER: Final = 2  # MAC address, NO_MAC where the link has none
RECEIVER: Final = 3
TAGS: Final = 4  # how many VLAN tags
TAG_TYPE: Final = 5  # EtherType of the first of them
TAG_BODY: Final = 6  # where its two bytes lie; what follows are the type and bytes of the next
SPOTS: Final = 7
_MOST_TAGS: Final = 4


@lean_part
def find(data: U8, at: Int, end: Int, link: Int, spot: I64) -> Int:
    """Read the link header of the frame ``data[at:end]`` into ``spot``; 0, or the reason why it cannot be."""
    spot[SENDER] = NO_MAC
    spot[RECEIVER] = NO_MAC
    spot[TAGS] = 0
    if link == ETHERNET:
        if end - at < 14:
            return CUT_IN_LINK_HEADER
        spot[RECEIVER] = be48(data, at)
        spot[SENDER] = be48(data, at + 6)
        return _tags(data, at + 14, end, be16(data, at + 12), spot)
    if link == COOKED:
        if end - at < 16:
            return CUT_IN_LINK_HEADER
        if be16(data, at + 4) == 6:
            spot[SENDER] = be48(data, at + 6)
        if be16(data, at) == 1:
            spot[RECEIVER] = 0xFFFFFFFFFFFF
        return _tags(data, at + 16, end, be16(data, at + 14), spot)
    if link == COOKED_2:
        if end - at < 20:
            return CUT_IN_LINK_HEADER
        if data[at + 11] == 6:
            spot[SENDER] = be48(data, at + 12)
        if data[at + 10] == 1:
            spot[RECEIVER] = 0xFFFFFFFFFFFF
        return _tags(data, at + 20, end, be16(data, at), spot)
    if link in RAW:
        return _by_version(data, at, end, spot)
    if link in LOOPBACK:
        return CUT_IN_LINK_HEADER if end - at < 4 else _by_version(data, at + 4, end, spot)
    return UNKNOWN_LINK


@lean_part
def _by_version(data: U8, at: Int, end: Int, spot: I64) -> Int:
    if end - at < 1:
        return CUT_IN_LINK_HEADER
    version = data[at] >> 4
    spot[NETWORK] = at
    spot[KIND] = IPV4 if version == 4 else IPV6
    return 0 if version in (4, 6) else NOT_IP


@lean_kernel
def _tags(data: U8, at: Int, end: Int, kind: int, spot: I64) -> Int:
    """Step over VLAN tags, SNAP, PPPoE and MPLS."""
    spot[TAG_TYPE] = kind
    spot[TAG_BODY] = at
    while kind in (0x8100, 0x88A8, 0x9100):
        if end - at < 4:
            return CUT_IN_LINK_HEADER
        if spot[TAGS] == _MOST_TAGS:
            return TOO_DEEP
        kind = be16(data, at + 2)
        spot[TAGS] += 1
        at += 4
    if kind < 0x0600:  # a length: IEEE 802.3 with LLC
        if end - at < 8 or be16(data, at) != 0xAAAA or be32(data, at + 2) != 0x03000000:
            return NOT_IP
        kind = be16(data, at + 6)
        at += 8
    if kind == 0x8864:
        if end - at < 8:
            return CUT_IN_LINK_HEADER
        session = be16(data, at + 6)
        kind = IPV4 if session == 0x0021 else (IPV6 if session == 0x0057 else 0)
        at += 8
    elif kind in (0x8847, 0x8848):
        bottom = np.uint8(0)
        while bottom == 0:
            if end - at < 4:
                return CUT_IN_LINK_HEADER
            bottom = data[at + 2] & np.uint8(1)
            at += 4
        return _by_version(data, at, end, spot)
    spot[KIND] = kind
    spot[NETWORK] = at
    return 0 if kind in (ARP, IPV4, IPV6) else NOT_IP
