"""The smallest kernels: big-endian words into and out of bytes, one's complement sums, reproducible random bits.

``Number`` is any numba integer: kernels mix widths on purpose and cast where it matters.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.jit import kernel

U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
Number = Any

GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
LOW: Final = np.uint64(0xFFFF)
_MIX1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX2: Final = np.uint64(0x94D049BB133111EB)


@kernel
def mix(value: Number) -> Number:
    """The finaliser of splitmix64: 64 bits in, 64 well mixed bits out."""
    value = (value ^ (value >> np.uint64(30))) * _MIX1
    value = (value ^ (value >> np.uint64(27))) * _MIX2
    return value ^ (value >> np.uint64(31))


@kernel
def draw(seed: Number, purpose: Number) -> Number:
    """64 random bits of a seed for one purpose."""
    return mix(seed + purpose * GOLDEN)


@kernel
def put16(out: U8, at: Number, value: Number) -> None:
    """Write a uint64's low 16 bits, big-endian."""
    out[at] = np.uint8((value >> np.uint64(8)) & np.uint64(0xFF))
    out[at + 1] = np.uint8(value & np.uint64(0xFF))


@kernel
def put32(out: U8, at: Number, value: Number) -> None:
    """Write a uint64's low 32 bits, big-endian."""
    put16(out, at, value >> np.uint64(16))
    put16(out, at + 2, value)


@kernel
def put48(out: U8, at: Number, value: Number) -> None:
    """Write a uint64's low 48 bits, big-endian."""
    put16(out, at, value >> np.uint64(32))
    put32(out, at + 2, value)


@kernel
def fold(total: Number) -> Number:
    """A one's complement sum (uint64) folded to 16 bits (RFC 1071)."""
    while total > LOW:
        total = (total & LOW) + (total >> np.uint64(16))
    return total


@kernel
def sum_words(data: U8, at: Number, size: Number) -> Number:
    """The unfolded sum of ``size`` bytes as big-endian words; an odd last byte counts as the high one."""
    total = np.uint64(0)
    for k in range(at, at + size - 1, 2):
        total += np.uint64(data[k]) << np.uint64(8) | np.uint64(data[k + 1])
    if size % 2:
        total += np.uint64(data[at + size - 1]) << np.uint64(8)
    return total


@kernel
def put_addresses(out: U8, at: Number, sender: U8, receiver: U8, skip: Number) -> Number:
    """Write both addresses from their byte ``skip`` on (12: IPv4); returns their sum."""
    total = np.uint64(0)
    width = 16 - skip
    for k in range(0, width, 2):
        for side in range(2):
            high = sender[skip + k] if side == 0 else receiver[skip + k]
            low = sender[skip + k + 1] if side == 0 else receiver[skip + k + 1]
            place = at + k + (width if side else 0)
            out[place] = high
            out[place + 1] = low
            total += np.uint64(high) << np.uint64(8) | np.uint64(low)
    return total


@kernel
def put_random(out: U8, at: Number, length: Number, skip: Number, base: Number, alphabet: U8) -> Number:
    """Write ``length`` characters of a random value from its byte ``skip`` on; returns their sum at even/odd places.

    ``alphabet`` maps each of 256 random values to a character. ``at`` counts from an even place.
    """
    even, odd = np.uint64(0), np.uint64(0)
    word = np.uint64(0)
    for k in range(length):
        index = skip + k
        if k == 0 or index % 8 == 0:
            word = mix(base + np.uint64(index // 8) * GOLDEN) >> np.uint64(8 * (index % 8))
        value = alphabet[word & np.uint64(0xFF)]
        word >>= np.uint64(8)
        out[at + k] = value
        if (at + k) % 2:
            odd += np.uint64(value)
        else:
            even += np.uint64(value)
    return (even << np.uint64(8)) + odd


@kernel
def low_half(address: U8) -> Number:
    """The last eight bytes of an address as a uint64."""
    value = np.uint64(0)
    for k in range(8, 16):
        value = value << np.uint64(8) | np.uint64(address[k])
    return value
