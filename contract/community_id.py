"""Community ID v1 (the flow hash that Zeek, Suricata and Arkime share), for columns of flows."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from contract.addresses import MAPPED_PREFIX, Bytes2D

_ICMP, _ICMP6 = 1, 58
# Message types that have a counterpart in the other direction, as the Community ID specification lists them.
_PAIRS4 = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 10: 9, 9: 10, 17: 18, 18: 17}
_PAIRS6 = {128: 129, 129: 128, 130: 131, 131: 130, 133: 134, 134: 133, 135: 136, 136: 135, 139: 140, 140: 139}
_PAIRS6 |= {144: 145, 145: 144}
_PORTED = (6, 17, 132)


def community_id(src: bytes, dst: bytes, src_port: int, dst_port: int, protocol: int, seed: int = 0) -> str:
    """The id of one flow ('' for ARP, which has none).

    Addresses are 16 bytes, IPv4 mapped; for ICMP the ports are the type and code of the first message.
    """
    if protocol > 255:
        return ""
    if src[:12] == MAPPED_PREFIX and dst[:12] == MAPPED_PREFIX:
        src, dst = src[12:], dst[12:]
    one_way = False
    if protocol in (_ICMP, _ICMP6):
        pairs = _PAIRS4 if protocol == _ICMP else _PAIRS6
        one_way = src_port not in pairs
        dst_port = dst_port if one_way else pairs[src_port]
    ports = protocol in _PORTED or protocol in (_ICMP, _ICMP6)
    low = struct.pack("!H", src_port) if ports else b""
    high = struct.pack("!H", dst_port) if ports else b""
    if not one_way and (src, low) > (dst, high):
        src, dst, low, high = dst, src, high, low
    digest = hashlib.sha1(
        struct.pack("!H", seed) + src + dst + struct.pack("!BB", protocol, 0) + low + high, usedforsecurity=False
    ).digest()
    return "1:" + base64.b64encode(digest).decode()


def community_ids(
    src: Bytes2D,
    dst: Bytes2D,
    src_port: npt.NDArray[np.uint16],
    dst_port: npt.NDArray[np.uint16],
    protocol: npt.NDArray[np.uint16],
) -> Sequence[str]:
    """The id of each flow of a column set, in order."""
    return [
        community_id(s.tobytes(), d.tobytes(), int(sp), int(dp), int(p))
        for s, d, sp, dp, p in zip(src, dst, src_port, dst_port, protocol, strict=True)
    ]
