"""Words in and out of bytes, and sums, against Python's own integers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contract.jit import lean_kernel
from generator.replay.octets import U8, be16, be32, be48, be64, folded, mix, put16, put32, put48, put64, word_sum


@lean_kernel
def copy(data: U8, out: U8) -> None:
    put16(out, 0, be16(data, 0))
    put32(out, 2, be32(data, 2))
    put48(out, 6, be48(data, 6))
    put64(out, 12, be64(data, 12))


@lean_kernel
def total(data: U8, at: int, end: int) -> int:
    return folded(word_sum(data, at, end))


@lean_kernel
def mixed(value: np.uint64) -> int:
    return mix(value)


@given(st.binary(min_size=20, max_size=20))
def test_what_is_read_is_what_is_written(data: bytes) -> None:
    out = np.zeros(20, np.uint8)
    copy(np.frombuffer(data, np.uint8).copy(), out)
    assert out.tobytes() == data


@given(st.binary(min_size=1, max_size=64), st.integers(0, 8))
def test_a_sum_is_that_of_rfc_1071(data: bytes, at: int) -> None:
    at = min(at, len(data))
    part = data[at:] + bytes(len(data[at:]) % 2)
    expected = sum(int.from_bytes(part[k : k + 2], "big") for k in range(0, len(part), 2))
    while expected > 0xFFFF:
        expected = (expected & 0xFFFF) + (expected >> 16)
    assert total(np.frombuffer(data, np.uint8).copy(), at, len(data)) == expected


def test_mix_keeps_nothing_but_zero() -> None:
    values = {int(mixed(np.uint64(n))) for n in range(1000)}
    assert len(values) == 1000
    assert mixed(np.uint64(0)) == 0
