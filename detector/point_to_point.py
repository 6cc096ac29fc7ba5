"""Lines between two ends: PPP, framed or not (RFC 1661, RFC 1662), and Cisco's HDLC.

Captures of serial lines, modems and dialled tunnels have them. Link types as in pcap
(https://www.tcpdump.org/linktypes.html).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_kernel
from detector.packet import CUT_IN_LINK_HEADER, IPV4, IPV6, NOT_IP, Bytes, Int, Record, be16, u8

PPP: Final = 9
PPP_HDLC: Final = 50  # PPP or Cisco's HDLC, by the first byte
CISCO_HDLC: Final = 104
PPP_PPPD: Final = 166  # the direction stands where HDLC has its address
PPP_WITH_DIRECTION: Final = 204
POINT_TO_POINT: Final = (PPP, PPP_HDLC, CISCO_HDLC, PPP_PPPD, PPP_WITH_DIRECTION)
_FRAMED: Final = 0xFF03  # all stations, unnumbered information


@lean_kernel
def point_to_point(data: Bytes, at: Int, end: Int, link: Int, row: Record) -> Int:
    """Where what the frame ``data[at:end]`` carries begins, or minus the reason why it is nothing known.

    Sets ``ethertype`` of ``row``: IP, an MPLS label stack, or what Cisco's header says.
    """
    if end - at < 4:
        return -CUT_IN_LINK_HEADER
    if link == CISCO_HDLC or (link == PPP_HDLC and u8(data, at) in (0x0F, 0x8F)):
        row["ethertype"] = np.uint16(be16(data, at + 2))
        return at + 4
    if link == PPP_PPPD:
        at += 2
    else:
        at += 1 if link == PPP_WITH_DIRECTION else 0
        at += 2 if be16(data, at) == _FRAMED else 0
    if end - at < 2:
        return -CUT_IN_LINK_HEADER
    kind = u8(data, at)  # an odd first byte is the whole number (RFC 1661 section 2)
    at += 1
    if kind & 1 == 0:
        kind = (kind << 8) | u8(data, at)
        at += 1
    if kind == 0x0021:
        row["ethertype"] = np.uint16(IPV4)
    elif kind == 0x0057:
        row["ethertype"] = np.uint16(IPV6)
    elif kind in (0x0281, 0x0283):
        row["ethertype"] = np.uint16(0x8847)
    else:
        return -NOT_IP
    return at
