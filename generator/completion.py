"""What is done once to the bytes of a template: lengths written, what will be stamped zeroed, the rest summed."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from generator.wire import Number, put16, sum_words

U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]
_LINK: Final = 14


@lean_kernel
def complete(blob: U8, rows: Numbers, ip_sum: U64, total: U64) -> None:
    """Complete every frame in place.

    ``rows`` is int64 ``(frames, 5)``: start, length, kind, version, place of the TCP timestamps option.
    Fills the unfolded one's complement sums of the IPv4 header and of the transport with its pseudo header, both
    without what is stamped later.
    """
    for i in range(len(rows)):
        at, length, kind = rows[i, 0], rows[i, 1], rows[i, 2]
        _zero(blob, at + (6 if blob[at] == 0xFF else 0), at + 12)
        if kind == 0:
            continue
        four = rows[i, 3] == 4
        l4 = at + _LINK + (20 if four else 40)
        size = at + length - l4
        if four:
            put16(blob, at + _LINK + 2, np.uint64(size + 20))
            _zero(blob, at + _LINK + 10, l4)
            ip_sum[i] = sum_words(blob, at + _LINK, 20)
        else:
            put16(blob, at + _LINK + 4, np.uint64(size))
            _zero(blob, at + _LINK + 8, l4)
        pseudo = np.uint64(0)
        if kind == 6:
            _zero(blob, l4, l4 + 12)
            _zero(blob, l4 + 16, l4 + 18)
        elif kind == 17:
            _zero(blob, l4, l4 + 8)
            put16(blob, l4 + 4, np.uint64(size))
        elif kind < 254:  # neither a fragment nor another protocol
            _zero(blob, l4 + 2, l4 + 4)
        if kind in (6, 17, 58):
            pseudo = np.uint64(kind + size)
        if rows[i, 4]:
            _zero(blob, at + rows[i, 4], at + rows[i, 4] + 8)
        total[i] = sum_words(blob, l4, size) + pseudo


@lean_part
def _zero(blob: U8, low: Number, high: Number) -> None:
    for k in range(low, high):
        blob[k] = 0
