"""The second of two independent layers: reads finished bytes again, refuses addresses outside the lab's ranges.

Knows nothing of plans and templates. Looks at Ethernet with VLAN tags, ARP, IPv4, IPv6, IP in IP, and the packet that
an ICMP error quotes. What it cannot read it refuses.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.errors import UnsafeError
from contract.jit import kernel
from generator.wire import Number

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]

OK: Final = 0
SHORT: Final = 1
UNKNOWN_TYPE: Final = 2
OUTSIDE_V4: Final = 3
OUTSIDE_V6: Final = 4
TOO_DEEP: Final = 5
REASONS: Final = (
    "",
    "is too short to be read",
    "is of a type that the gate does not know",
    "has an address outside 198.18.0.0/15",
    "has an address outside 2001:2::/48",
    "wraps packets in packets too deeply",
)
_DEPTH: Final = 4


def check(data: U8, offsets: I32) -> None:
    """Read frames ``data[offsets[i]:offsets[i + 1]]``. Raises ``UnsafeError`` for the first that must not leave."""
    found = first_bad(data, offsets)
    if found >= 0:
        reason = inspect(data, int(offsets[found]), int(offsets[found + 1]))
        raise UnsafeError(f"the gate stopped frame {found} of a batch: it {REASONS[reason]}")


@kernel
def first_bad(data: U8, offsets: I32) -> Number:
    """The number of the first frame that must not leave; -1 where all may."""
    for i in range(len(offsets) - 1):
        if inspect(data, np.int64(offsets[i]), np.int64(offsets[i + 1])) != OK:
            return i
    return -1


@kernel
def inspect(data: U8, at: Number, end: Number) -> Number:
    """Why the frame at ``data[at:end]`` must not leave; 0 where it may."""
    if end - at < 14:
        return SHORT
    kind = np.int64(data[at + 12]) << 8 | np.int64(data[at + 13])
    at += 14
    while kind in (0x8100, 0x88A8):
        if end - at < 4:
            return SHORT
        kind = np.int64(data[at + 2]) << 8 | np.int64(data[at + 3])
        at += 4
    if kind == 0x0806:
        if end - at < 28:
            return SHORT
        # An ARP probe asks from 0.0.0.0 (RFC 5227).
        sender = data[at + 14] == 0 and data[at + 15] == 0 and data[at + 16] == 0 and data[at + 17] == 0
        if not (sender or _lab_v4(data, at + 14)) or not _lab_v4(data, at + 24):
            return OUTSIDE_V4
        return OK
    if kind == 0x0800:
        return _packets(data, at, end, 4)
    return _packets(data, at, end, 6) if kind == 0x86DD else UNKNOWN_TYPE


@kernel
def _lab_v4(data: U8, at: Number) -> Number:
    return data[at] == 198 and (data[at + 1] & 0xFE) == 18


@kernel
def _lab_v6(data: U8, at: Number) -> Number:
    return (
        data[at] == 0x20
        and data[at + 1] == 0x01
        and data[at + 2] == 0
        and data[at + 3] == 2
        and data[at + 4] == 0
        and data[at + 5] == 0
    )


@kernel
def _packets(data: U8, at: Number, end: Number, version: Number) -> Number:
    """Walk from one IP header to those inside it."""
    for _ in range(_DEPTH):
        size = np.int64(20 if version == 4 else 40)
        if end - at < size:
            return SHORT
        if np.int64(data[at] >> 4) != version:
            return UNKNOWN_TYPE
        if version == 4:
            if not (_lab_v4(data, at + 12) and _lab_v4(data, at + 16)):
                return OUTSIDE_V4
            size = np.int64(data[at] & 0x0F) * 4
            protocol = np.int64(data[at + 9])
            later_fragment = (np.int64(data[at + 6] & 0x1F) << 8 | np.int64(data[at + 7])) != 0
            if size < 20:
                return UNKNOWN_TYPE
        else:
            if not (_lab_v6(data, at + 8) and _lab_v6(data, at + 24)):
                return OUTSIDE_V6
            protocol = np.int64(data[at + 6])
            later_fragment = False
        at += size
        if later_fragment:
            return OK
        if protocol == 4:
            version = 4
        elif protocol == 41:
            version = 6
        elif protocol in (1, 58):
            if end - at < 8:
                return SHORT
            kind = data[at]
            quotes = kind in (3, 4, 5, 11, 12) if protocol == 1 else kind < 128
            if not quotes:
                return OK
            at += 8
            version = 4 if protocol == 1 else 6
        else:
            return OK
    return TOO_DEEP
