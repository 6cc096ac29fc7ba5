from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.errors import TypingError

from contract.jit import kernel
from generator import memory


@kernel
def read(data, at):
    return (
        memory.get8(data, at),
        memory.get16(data, at),
        memory.get32(data, at),
        memory.get64(data, at),
        memory.in_network_order(memory.raw64(data, at)),
    )


@kernel
def write(out, value):
    memory.put8(out, 1, value)
    memory.put16(out, 3, value)
    memory.put32(out, 6, value)
    memory.put64(out, 11, value)
    memory.put_raw8(out, 20, value)
    memory.put_raw16(out, 22, value)
    memory.put_raw32(out, 25, value)
    memory.put_raw64(out, 30, value)


@kernel
def move(out, data, at):
    memory.move8(out, 1, data, at)
    memory.move16(out, 10, data, at)
    memory.move32(out, 27, data, at)


@kernel
def expect(data, at):
    memory.prefetch(data, at)
    return memory.get8(data, at)


def test_to_expect_bytes_changes_nothing() -> None:
    assert int(expect(np.arange(9, dtype=np.uint8), 7)) == 7


@settings(deadline=None)
@given(st.binary(min_size=20, max_size=20), st.integers(0, 12))
def test_words_are_read_at_any_place(data: bytes, at: int) -> None:
    found = read(np.frombuffer(data, np.uint8), np.int64(at))
    expected = [int.from_bytes(data[at : at + width], "big") for width in (1, 2, 4, 8, 8)]
    assert [int(value) for value in found] == expected


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1))
def test_words_are_written_at_any_place_and_nothing_beside_them(value: int) -> None:
    out = np.zeros(40, np.uint8)
    write(out, np.uint64(value))
    expected = bytearray(40)
    for at, width, order in (
        (1, 1, "big"), (3, 2, "big"), (6, 4, "big"), (11, 8, "big"),
        (20, 1, "little"), (22, 2, "little"), (25, 4, "little"), (30, 8, "little"),
    ):  # fmt: skip
        expected[at : at + width] = (value % 256**width).to_bytes(width, order)
    assert out.tobytes() == bytes(expected)


@pytest.mark.parametrize("at", [0, 3])
def test_stretches_are_moved_whole(at: int) -> None:
    data = np.arange(40, dtype=np.uint8)
    out = np.full(60, 255, np.uint8)
    move(out, data, np.int64(at))
    expected = bytearray(b"\xff" * 60)
    for into, width in ((1, 8), (10, 16), (27, 32)):
        expected[into : into + width] = bytes(range(at, at + width))
    assert out.tobytes() == bytes(expected)


def test_wider_items_and_rows_are_bytes_too() -> None:
    rows = np.arange(8, dtype=">u4").reshape(4, 2).view(np.uint8)
    assert int(read(rows, np.int64(4))[2]) == 1


def test_what_is_not_contiguous_is_refused() -> None:
    with pytest.raises(TypingError, match="C-contiguous"):
        read(np.arange(20, dtype=np.uint8)[::2], np.int64(0))
