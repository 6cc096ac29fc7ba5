"""What is done once to the bytes of a template: lengths written, what will be stamped zeroed, the rest summed."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from generator.wire import Number, fold, put16, sum_words

U8 = npt.NDArray[np.uint8]
Frames = npt.NDArray[Any]
_LINK: Final = 14


@lean_kernel
def complete(blob: U8, frames: Frames) -> None:
    """Complete every frame in place. ``frames`` are ``generator.template.FRAME``.

    Fills in their sums: of the IPv4 header and of the transport with its pseudo header, both without what is stamped
    later.
    """
    for i in range(len(frames)):
        at, length, kind = frames[i].start, np.int64(frames[i].length), np.int64(frames[i].kind)
        _zero(blob, at + (6 if blob[at] == 0xFF else 0), at + 12)
        if kind == 0:
            continue
        four = frames[i].version == 4
        l4 = at + _LINK + (20 if four else 40)
        size = at + length - l4
        if four:
            put16(blob, at + _LINK + 2, np.uint64(size + 20))
            _zero(blob, at + _LINK + 10, l4)
            frames[i].ip_sum = fold(sum_words(blob, at + _LINK, 20))
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
        option = np.int64(frames[i].times_at)
        if option:
            _zero(blob, at + option, at + option + 8)
        frames[i].sum = fold(sum_words(blob, l4, size) + pseudo)


@lean_part
def _zero(blob: U8, low: Number, high: Number) -> None:
    for k in range(low, high):
        blob[k] = 0
