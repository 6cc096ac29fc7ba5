"""The smallest kernels: big-endian words into and out of bytes, one's complement sums, reproducible random bits.

``Number`` is any numba integer: kernels mix widths on purpose and cast where it matters. Sums are of 16-bit or 32-bit
words alike: 65,536 counts as 1 in a one's complement sum (RFC 1071).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_part
from generator import memory

U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
Number = Any

GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
LOW: Final = np.uint64(0xFFFF)
MASK32: Final = np.uint64(0xFFFFFFFF)
_MIX1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX2: Final = np.uint64(0x94D049BB133111EB)


@lean_part
def mix(value: Number) -> Number:
    """The finaliser of splitmix64: 64 bits in, 64 well mixed bits out."""
    value = (value ^ (value >> np.uint64(30))) * _MIX1
    value = (value ^ (value >> np.uint64(27))) * _MIX2
    return value ^ (value >> np.uint64(31))


@lean_part
def draw(seed: Number, purpose: Number) -> Number:
    """64 random bits of a seed for one purpose."""
    return mix(seed + purpose * GOLDEN)


@lean_part
def put16(out: U8, at: Number, value: Number) -> None:
    """Write a uint64's low 16 bits, big-endian."""
    memory.put16(out, at, value)


@lean_part
def put32(out: U8, at: Number, value: Number) -> None:
    """Write a uint64's low 32 bits, big-endian."""
    memory.put32(out, at, value)


@lean_part
def put48(out: U8, at: Number, value: Number) -> None:
    """Write a uint64's low 48 bits, big-endian."""
    memory.put16(out, at, value >> np.uint64(32))
    memory.put32(out, at + 2, value)


@lean_part
def copy(out: U8, into: Number, source: U8, at: Number, size: Number) -> None:
    """Copy ``size`` bytes, no more; the two stretches do not overlap. The last step may write some bytes twice."""
    if size >= 32:
        k = np.int64(0)
        while k + 32 <= size:
            memory.move32(out, into + k, source, at + k)
            k += 32
        if k < size:
            memory.move32(out, into + size - 32, source, at + size - 32)
    elif size >= 16:
        memory.move16(out, into, source, at)
        memory.move16(out, into + size - 16, source, at + size - 16)
    elif size >= 8:
        memory.move8(out, into, source, at)
        memory.move8(out, into + size - 8, source, at + size - 8)
    else:
        for byte in range(size):
            memory.put8(out, into + byte, memory.get8(source, at + byte))


@lean_part
def fold(total: Number) -> Number:
    """A one's complement sum (uint64) folded to 16 bits (RFC 1071)."""
    total = (total & MASK32) + (total >> np.uint64(32))
    total = (total & LOW) + (total >> np.uint64(16))
    total = (total & LOW) + (total >> np.uint64(16))
    return (total & LOW) + (total >> np.uint64(16))


@lean_part
def halves(word: Number) -> Number:
    """What eight bytes (a big-endian uint64) add to a sum."""
    return (word >> np.uint64(32)) + (word & MASK32)


@lean_part
def sum_words(data: U8, at: Number, size: Number) -> Number:
    """The unfolded sum of ``size`` bytes as big-endian words; an odd last byte counts as the high one."""
    total = np.uint64(0)
    end = at + size
    while at + 8 <= end:
        total += halves(memory.get64(data, at))
        at += 8
    while at + 2 <= end:
        total += memory.get16(data, at)
        at += 2
    if at < end:
        total += memory.get8(data, at) << np.uint64(8)
    return total
