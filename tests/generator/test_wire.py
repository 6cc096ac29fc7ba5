from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.payload import ALPHABETS
from generator.template import _alphabet
from generator.wire import draw, fold, mix, put16, put32, put48, put_addresses, put_random, sum_words

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


@given(st.binary(max_size=100))
def test_sum_and_fold_are_the_internet_checksum(data: bytes) -> None:
    total = int(sum_words(np.frombuffer(data, np.uint8), 0, len(data))) if data else 0
    assert total == naive_sum(data)
    folded = int(fold(np.uint64(total)))
    assert folded <= 0xFFFF
    assert folded % 0xFFFF == total % 0xFFFF


def test_addresses_are_written_in_order_and_summed() -> None:
    sender, receiver = np.arange(16, dtype=np.uint8), np.arange(100, 116, dtype=np.uint8)
    for skip in (0, 12):
        out = np.zeros(32, np.uint8)
        total = put_addresses(out, 0, sender, receiver, np.int64(skip))
        expected = sender[skip:].tobytes() + receiver[skip:].tobytes()
        assert out[: len(expected)].tobytes() == expected
        assert int(total) == naive_sum(expected)


def naive_random(base: int, row: int, count: int) -> bytes:
    characters = list(ALPHABETS.values())[row] or bytes(range(256))
    made = bytearray()
    for k in range(count):
        bits = naive_mix((base + k // 8 * 0x9E3779B97F4A7C15) & MASK) >> (8 * (k % 8)) & 0xFF
        made.append(characters[bits * len(characters) >> 8])
    return bytes(made)


@settings(deadline=None)
@given(st.integers(0, MASK), st.integers(0, 6), st.integers(0, 40), st.integers(0, 40), st.integers(0, 5))
def test_a_random_value_is_the_same_however_it_is_cut(base: int, row: int, skip: int, length: int, at: int) -> None:
    out = np.zeros(60, np.uint8)
    table = _alphabet()[row]
    total = put_random(out, np.int64(at), np.int64(length), np.int64(skip), np.uint64(base), table)
    assert out[at : at + length].tobytes() == naive_random(base, row, skip + length)[skip:]
    assert int(total) == naive_sum(out.tobytes())
