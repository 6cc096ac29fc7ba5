"""Hashes of texts: of names, alike for upper and lower case (RFC 4343), and of bytes as they are."""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_part
from detector.fragments import mix
from detector.packet import Bytes, Int

_BASIS: Final = np.uint64(0xCBF29CE484222325)
_PRIME: Final = np.uint64(0x100000001B3)


@lean_part
def fnv1a(data: Bytes, start: Int, stop: Int) -> Int:
    """FNV-1a, 64 bits, over ``data[start:stop]``."""
    value = _BASIS
    for i in range(start, stop):
        value = (value ^ np.uint64(data[i])) * _PRIME
    return value


@lean_part
def name_hash(data: Bytes, start: Int, stop: Int) -> Int:
    """FNV-1a over ``data[start:stop]`` with letters folded to lower case, spread over 64 bits."""
    value = _BASIS
    for i in range(start, stop):
        letter = np.uint64(data[i])
        if np.uint64(65) <= letter <= np.uint64(90):
            letter |= np.uint64(32)
        value = (value ^ letter) * _PRIME
    return mix(value)
