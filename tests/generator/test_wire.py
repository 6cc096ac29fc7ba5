from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from generator.wire import copy, draw, fold, halves, mix, put16, put32, put48, sum_words

MASK = 2**64 - 1


def naive_mix(value: int) -> int:
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK
    return value ^ (value >> 31)


def naive_sum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    return sum(int.from_bytes(data[k : k + 2], "big") for k in range(0, len(data), 2))


@given(st.integers(0, MASK))
def test_mix_is_the_finaliser_of_splitmix64(value: int) -> None:
    assert int(mix(np.uint64(value))) == naive_mix(value)


@given(st.integers(0, MASK), st.integers(0, MASK))
def test_draw_depends_on_seed_and_purpose(seed: int, purpose: int) -> None:
    expected = naive_mix((seed + purpose * 0x9E3779B97F4A7C15) & MASK)
    assert int(draw(np.uint64(seed), np.uint64(purpose))) == expected


@given(st.integers(0, MASK))
def test_words_are_written_big_endian(value: int) -> None:
    out = np.zeros(12, np.uint8)
    put16(out, 0, np.uint64(value))
    put32(out, 2, np.uint64(value))
    put48(out, 6, np.uint64(value))
    expected = b"".join((value % 2**bits).to_bytes(bits // 8, "big") for bits in (16, 32, 48))
    assert out.tobytes() == expected


@given(st.binary(max_size=100), st.integers(0, 7))
def test_sum_and_fold_are_the_internet_checksum(data: bytes, at: int) -> None:
    held = np.frombuffer(bytes(at) + data, np.uint8)
    total = int(sum_words(held, np.int64(at), np.int64(len(data)))) if data else 0
    assert total % 0xFFFF == naive_sum(data) % 0xFFFF
    assert (total == 0) == (naive_sum(data) == 0)
    folded = int(fold(np.uint64(total)))
    assert folded <= 0xFFFF
    assert folded % 0xFFFF == total % 0xFFFF


@given(st.integers(0, MASK))
def test_any_sum_folds_to_sixteen_bits_and_only_nothing_to_zero(total: int) -> None:
    folded = int(fold(np.uint64(total)))
    assert folded == ((total - 1) % 0xFFFF + 1 if total else 0)
    assert int(halves(np.uint64(total))) == (total >> 32) + total % 2**32


@given(st.integers(0, 200), st.integers(0, 9), st.integers(0, 9))
def test_a_copy_writes_all_and_nothing_beyond(size: int, into: int, at: int) -> None:
    source = np.random.default_rng(size).integers(1, 256, 220).astype(np.uint8)
    out = np.zeros(220, np.uint8)
    copy(out, np.int64(into), source, np.int64(at), np.int64(size))
    assert out.tobytes() == bytes(into) + source[at : at + size].tobytes() + bytes(220 - into - size)
