"""The chain of IPv6 extension headers (RFC 8200 section 4), as packets and quoted packets have it."""

from __future__ import annotations

from typing import Any

import numpy as np

from contract.jit import lean_part
from detector.packet import Bytes, Int, be16, be32, u8


@lean_part
def extensions(data: Bytes, body: Int, limit: Int, end: Int, kind: Int) -> tuple[Any, Any, Any, Any]:
    """Step over extension headers from ``body`` on, the first of which is of type ``kind``.

    ``limit`` ends what was captured, ``end`` the packet. Returns the protocol behind them, where it begins, and of a
    fragment header its offset word (offset * 8, flag of more) and identification, 0 where there was none.
    """
    place: Int = 0
    identity = np.uint64(0)
    length: Int = 0
    # hop-by-hop, routing, fragment, AH, destination options, mobility, HIP, shim6
    while kind in (0, 43, 44, 51, 60, 135, 139, 140) and limit - body >= 8:
        following = u8(data, body)
        if kind == 44:
            place = be16(data, body + 2)
            identity = np.uint64(be32(data, body + 4))
            length = 8
        elif kind == 51:
            length = (u8(data, body + 1) + 2) * 4
        else:
            length = (u8(data, body + 1) + 1) * 8
        if body + length > end:
            break
        body += length
        kind = following
        if place & 0xFFF8:
            break
    return kind, body, place, identity
