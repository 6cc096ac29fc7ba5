from __future__ import annotations

import threading
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.ring import RECORD, Record, Ring


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 500), max_size=60))
def test_what_was_put_is_what_is_got_however_it_wraps(sizes: list[int]) -> None:
    ring = Ring.create(1000)
    position, waiting = 0, deque()
    for number, size in enumerate(sizes):
        data = bytes([number % 256]) * size
        # A wrap may skip almost ``size`` bytes: without room for that the maker would wait for ever.
        while waiting and position + 2 * size > ring.done + ring.size:
            at, expected = waiting.popleft()
            assert ring.get(at, len(expected)) == expected
            ring.release(at + len(expected))
        if not waiting:
            ring.release(position)
        position = ring.reserve(position, size)
        assert position % ring.size + size <= ring.size
        ring.put(position, data)
        waiting.append((position, data))
        position += size
    for at, expected in waiting:
        assert ring.get(at, len(expected)) == expected


def test_a_full_ring_makes_the_maker_wait() -> None:
    ring = Ring.create(1000)
    first = ring.reserve(0, 400)
    second = ring.reserve(first + 400, 400)
    got: list[int] = []
    maker = threading.Thread(target=lambda: got.append(ring.reserve(second + 400, 400)))
    maker.start()
    maker.join(0.05)
    assert maker.is_alive()
    ring.release(400)
    maker.join(10)
    assert got == [1000]


def test_a_message_larger_than_half_of_it_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Ring.create(1000).reserve(0, 501)


def test_a_record_travels_whole() -> None:
    record = Record(2, 1, 2, 3, 4, 5, 6, 7)
    assert Record(*RECORD.unpack(RECORD.pack(*record))) == record
