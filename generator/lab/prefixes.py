"""The last look at frames for a real interface: every outer address lies in the prefixes that the lab file names.

The gate has read the frames before and knows the lab's ranges; a lab file may allow only part of them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from contract.errors import UnsafeError
from contract.jit import kernel
from generator.wire import Number

U8 = npt.NDArray[np.uint8]


class Prefixes(NamedTuple):
    """Networks as bytes: ``value`` and ``mask`` are (n, 16), ``size`` is 4 or 16 (n,)."""

    value: U8
    mask: U8
    size: npt.NDArray[np.int64]

    @classmethod
    def of(cls, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> Prefixes:
        """The same networks for the kernel."""
        rows = [(each.network_address.packed, each.netmask.packed) for each in networks]
        value, mask = (
            np.frombuffer(b"".join(row[part].ljust(16, b"\0") for row in rows), np.uint8).reshape(-1, 16)
            for part in (0, 1)
        )
        return cls(value, mask, np.array([len(row[0]) for row in rows], np.int64))


def check(data: U8, offsets: npt.NDArray[np.int32], prefixes: Prefixes) -> None:
    """Raises ``UnsafeError`` for the first frame with an address outside the prefixes."""
    found = first_outside(data, offsets, *prefixes)
    if found >= 0:
        raise UnsafeError(f"frame {found} of a batch has an address outside the prefixes of the lab file")


@kernel
def first_outside(data: U8, offsets: npt.NDArray[np.int32], value: U8, mask: U8, size: npt.NDArray[np.int64]) -> int:
    """The first frame whose outer source or destination (or ARP sender or target) is outside; -1 for none."""
    for i in range(len(offsets) - 1):
        at, end = np.int64(offsets[i]) + 12, np.int64(offsets[i + 1])
        while at + 6 <= end and data[at] in (0x81, 0x88) and data[at + 1] in (0x00, 0xA8):
            at += 4
        kind = np.int64(data[at]) << 8 | np.int64(data[at + 1]) if at + 2 <= end else 0
        width, first, second = np.int64(4), at + 14, at + 18
        if kind == 0x0806:
            first, second = at + 16, at + 26
        elif kind == 0x86DD:
            width, first, second = np.int64(16), at + 10, at + 26
        elif kind != 0x0800:
            return i
        if second + width > end or not _inside(data, second, width, value, mask, size):
            return i
        # An ARP probe asks from 0.0.0.0 (RFC 5227).
        probe = kind == 0x0806 and not (data[first] | data[first + 1] | data[first + 2] | data[first + 3])
        if not (probe or _inside(data, first, width, value, mask, size)):
            return i
    return -1


@kernel
def _inside(data: U8, at: Number, width: Number, value: U8, mask: U8, size: npt.NDArray[np.int64]) -> bool:
    for j in range(len(size)):
        if size[j] == width:
            same = True
            for k in range(width):
                if (data[at + k] ^ value[j, k]) & mask[j, k]:
                    same = False
                    break
            if same:
                return True
    return False
