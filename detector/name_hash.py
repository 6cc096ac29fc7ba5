"""A hash of names, alike for upper and lower case (RFC 4343)."""

from __future__ import annotations

import numpy as np

from contract.jit import lean_part
from detector.fragments import mix
from detector.packet import Bytes, Int


@lean_part
def name_hash(data: Bytes, start: Int, stop: Int) -> Int:
    """FNV-1a over ``data[start:stop]`` with letters folded to lower case, spread over 64 bits."""
    value = np.uint64(0xCBF29CE484222325)
    for i in range(start, stop):
        letter = np.uint64(data[i])
        if np.uint64(65) <= letter <= np.uint64(90):
            letter |= np.uint64(32)
        value = (value ^ letter) * np.uint64(0x100000001B3)
    return mix(value)
