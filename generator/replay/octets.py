"""Bytes in kernels without reference counts: big-endian words in and out, one's complement sums (RFC 1071)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_part
from generator import memory

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Int = Any  # an integer in a kernel: int64 there, int or a numpy scalar where the plain function is called

_MIX1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX2: Final = np.uint64(0x94D049BB133111EB)


@lean_part
def be16(data: U8, at: Int) -> Int:
    """Two bytes in network order, as int64."""
    return (np.int64(data[at]) << 8) | np.int64(data[at + 1])


@lean_part
def be32(data: U8, at: Int) -> Int:
    """Four bytes in network order, as int64."""
    return (
        (np.int64(data[at]) << 24)
        | (np.int64(data[at + 1]) << 16)
        | (np.int64(data[at + 2]) << 8)
        | np.int64(data[at + 3])
    )


@lean_part
def be48(data: U8, at: Int) -> Int:
    """Six bytes in network order, as int64: a MAC address."""
    return (be16(data, at) << 32) | be32(data, at + 2)


@lean_part
def be64(data: U8, at: Int) -> Int:
    """Eight bytes in network order, as uint64."""
    return (np.uint64(be32(data, at)) << np.uint64(32)) | np.uint64(be32(data, at + 4))


@lean_part
def put16(out: U8, at: Int, value: Int) -> None:
    """Write the low 16 bits of an int64."""
    out[at] = np.uint8((value >> 8) & 0xFF)
    out[at + 1] = np.uint8(value & 0xFF)


@lean_part
def put32(out: U8, at: Int, value: Int) -> None:
    """Write the low 32 bits of an int64."""
    put16(out, at, value >> 16)
    put16(out, at + 2, value)


@lean_part
def put48(out: U8, at: Int, value: Int) -> None:
    """Write the low 48 bits of an int64."""
    put16(out, at, value >> 32)
    put32(out, at + 2, value)


@lean_part
def put64(out: U8, at: Int, value: Int) -> None:
    """Write a uint64."""
    put32(out, at, np.int64(value >> np.uint64(32)))
    put32(out, at + 4, np.int64(value & np.uint64(0xFFFFFFFF)))


@lean_part
def word_sum(data: U8, at: Int, end: Int) -> Int:
    """An unfolded sum of ``data[at:end]`` as big-endian words; an odd last byte counts as the high one.

    Two words at a time are added as one number: folded, the sum is the same.
    """
    total = np.int64(0)
    k = at
    while k + 8 <= end:
        words = memory.get64(data, k)
        total += np.int64(words >> np.uint64(32)) + np.int64(words & np.uint64(0xFFFFFFFF))
        k += 8
    while k + 1 < end:
        total += (np.int64(data[k]) << 8) | np.int64(data[k + 1])
        k += 2
    if k < end:
        total += np.int64(data[k]) << 8
    return total


@lean_part
def folded(total: Int) -> Int:
    """A one's complement sum folded to 16 bits."""
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@lean_part
def mix(value: Int) -> Int:
    """The finaliser of splitmix64: a bijection of 64 bits that mixes them well and keeps 0."""
    value = (value ^ (value >> np.uint64(30))) * _MIX1
    value = (value ^ (value >> np.uint64(27))) * _MIX2
    return value ^ (value >> np.uint64(31))
