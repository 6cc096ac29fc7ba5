"""Tunnels: what they carry, metered in the place of the tunnel where that is asked for.

IP in IP (RFC 2003, 4213: protocols 4 and 41), GRE (RFC 2784, 2890, with NVGRE of RFC 7637 and ERSPAN), VXLAN (RFC 7348,
UDP 4789 and Linux's 8472) and Geneve (RFC 8926, UDP 6081). MPLS and PPPoE lie below IP and are always stepped over
(``detector.link``). A tunnel whose inside cannot be read (encrypted, snapped, fragmented outside, of another protocol)
counts as the flow that it is outside.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from contract.jit import lean_kernel, lean_part
from detector.decode import clear, network
from detector.fragments import Fragments
from detector.link import ETHERNET, link_layer, tags
from detector.packet import IPV4, IPV6, Bytes, Int, Record, be16, be32, u8

LEVELS: Final = 4  # tunnels in tunnels that are stepped into
WAYS: Final = ("outer", "inner")
_GENEVE: Final = 6081
_PORTS: Final = (4789, 8472, _GENEVE)
BRIDGED: Final = 0x6558  # an Ethernet frame
_ERSPAN: Final = 0x88BE  # types I and II
_ERSPAN_3: Final = 0x22EB
NOTHING: Final = -1  # a kind: what is carried cannot be read
_UDP: Final = 17
_GRE: Final = 47


def levels_of(tunnels: str) -> int:
    """How many tunnels deep frames are read: 0 for ``outer``, ``LEVELS`` for ``inner``. Raises ``InputError``."""
    if tunnels not in WAYS:
        raise InputError(f"tunnels {tunnels!r}: it is {' or '.join(WAYS)}")
    return LEVELS if tunnels == "inner" else 0


@lean_part
def may_carry(row: Record) -> bool:
    """Whether a decoded packet looks like a tunnel. A fragment does not: its inside is not whole."""
    protocol = np.int64(row["protocol"])
    if protocol == _UDP:
        port = np.int64(row["port"][1])
        return bool(port in _PORTS and row["fragment"] == 0)
    return bool(protocol in (4, 41, _GRE) and row["fragment"] == 0)


@lean_kernel
def step_inside(
    data: Bytes, ts: Int, rows: npt.NDArray[np.void], n: Int, spare: Int, fragments: Fragments, levels: Int
) -> None:
    """Let row ``n`` be what the tunnel carries that it was decoded as; row ``spare`` is overwritten.

    The packet inside is as long as its own headers say, bounded by the packet outside. The link addresses and VLAN are
    those of an Ethernet frame inside, else those outside.
    """
    for _ in range(levels):
        row = rows[n]
        if not may_carry(row):
            return
        at, kind = inside(data, row)
        if kind == NOTHING:
            return
        end = np.int64(row["payload_at"]) + np.int64(row["payload"])
        limit = np.int64(row["payload_at"]) + np.int64(row["payload_captured"])
        rows[spare] = rows[n]
        clear(row)
        at = link_layer(data, at, limit, ETHERNET, row) if kind == BRIDGED else tags(data, at, limit, kind, row)
        if at < 0 or network(data, at, limit, end, ts, row, fragments) != 0:
            rows[n] = rows[spare]
            return


@lean_part
def inside(data: Bytes, row: Record) -> tuple[Any, Any]:
    """Where what a tunnel carries begins, and of which EtherType it is (``NOTHING`` where it cannot be read)."""
    at = np.int64(row["payload_at"])
    captured = np.int64(row["payload_captured"])
    protocol = np.int64(row["protocol"])
    if protocol == 4:
        return at, np.int64(IPV4)
    if protocol == 41:
        return at, np.int64(IPV6)
    if captured < 8:
        return at, np.int64(NOTHING)
    if protocol == _GRE:
        return _gre(data, at, captured)
    if row["port"][1] == _GENEVE:
        return _geneve(data, at, captured)
    if u8(data, at) & 0x08 == 0:  # no valid VNI
        return at, np.int64(NOTHING)
    return at + 8, np.int64(BRIDGED)


@lean_part
def _gre(data: Bytes, at: Int, captured: Int) -> tuple[Any, Any]:
    """RFC 2784 section 2.1, RFC 2890 section 2. Version 1 is PPTP's (RFC 2637), whose inside is mostly encrypted."""
    flags = be16(data, at)
    kind = np.int64(be16(data, at + 2))
    if flags & 7 or flags & 0x4000:  # version; source routing of RFC 1701
        return at, np.int64(NOTHING)
    size: Int = 4
    for bit in (0x8000, 0x2000, 0x1000):  # checksum, key, sequence number
        if flags & bit:
            size += 4
    if kind == _ERSPAN:
        size += 8 if flags & 0x1000 else 0
        kind = np.int64(BRIDGED)
    elif kind == _ERSPAN_3:
        if captured < size + 12:
            return at, np.int64(NOTHING)
        size += 20 if u8(data, at + size + 11) & 1 else 12
        kind = np.int64(BRIDGED)
    if kind < 0x0600 or captured < size:
        return at, np.int64(NOTHING)
    return at + size, kind


@lean_part
def _geneve(data: Bytes, at: Int, captured: Int) -> tuple[Any, Any]:
    """RFC 8926 section 3.4: version 0, options in words of four bytes."""
    first = u8(data, at)
    size = 8 + (first & 63) * 4
    kind = np.int64(be32(data, at) & 0xFFFF)
    if first >> 6 or kind < 0x0600 or captured < size:
        return at, np.int64(NOTHING)
    return at + size, kind
