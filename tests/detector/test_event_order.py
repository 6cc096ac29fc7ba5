"""Order by event time: what comes out is the stable sort that the module promises, however the frames come in."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from contract.schemas import FRAMES, TIME
from detector import event_order
from detector.event_order import BEFORE, BLOCK, EventOrder

LATE = 10
TIMES = st.lists(st.integers(0, 60), max_size=40)


def batch(times: list[int], first: int = 0) -> pa.RecordBatch:
    """Frames that carry their number."""
    count = len(times)
    columns = [
        pa.array(np.array(times, np.int64)).cast(TIME),
        pa.array([str(first + n).encode() for n in range(count)], pa.binary()),
        pa.array([0] * count, pa.uint32()),
        pa.array([1] * count, pa.uint16()),
    ]
    return pa.record_batch(columns, schema=FRAMES)


def names(pieces: list[event_order.Piece]) -> list[tuple[int, int]]:
    """(number of the frame, time at which it counts)"""
    out: list[tuple[int, int]] = []
    for piece in pieces:
        numbers = piece.batch.column("frame").slice(piece.low, len(piece.times)).to_pylist()
        out += zip(map(int, numbers), piece.times.tolist(), strict=True)
    return out


def through(order: EventOrder, times: list[int], size: int) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for low in range(0, len(times), size):
        out += names(order.put(batch(times[low : low + size], low)))
        assert all(when <= order.watermark for _, when in out)
    return out + names(order.flush())


def oracle(times: list[int]) -> list[tuple[int, int]]:
    counted = [(max([t, *(before - LATE for before in times[:n])]), n) for n, t in enumerate(times)]
    return [(n, when) for when, n in sorted(counted)]


@given(TIMES, st.integers(1, 41))
def test_frames_come_out_in_order_whatever_the_batches(times: list[int], size: int) -> None:
    order = EventOrder(LATE)
    assert through(order, times, size) == oracle(times)
    assert order.backward == sum(t < max(times[:n], default=t) for n, t in enumerate(times))
    assert order.late == sum(t < max(times[:n], default=t) - LATE for n, t in enumerate(times))


@given(TIMES, st.integers(1, 41))
def test_a_promise_that_is_kept_changes_nothing(times: list[int], size: int) -> None:
    order, out = EventOrder(LATE), []
    for low in range(0, len(times), size):
        out += names(order.put(batch(times[low : low + size], low)))
        order.promise(min(times[low + size :], default=0))
        out += names(order.take())
    assert [n for n, _ in out + names(order.flush())] == [n for n, _ in oracle(times)]


def test_a_frame_behind_a_promise_is_late_and_counts_at_it() -> None:
    order = EventOrder(LATE)
    order.put(batch([50]))
    order.promise(100)
    assert (order.watermark, names(order.take())) == (100, [(0, 50)])
    assert names(order.put(batch([70], 1))) == [(1, 100)]
    assert (order.late, order.backward) == (1, 0)


def test_what_is_held_is_bounded_where_time_stands_still() -> None:
    order = EventOrder(LATE)
    times = [5] * (3 * BLOCK)
    given_out = sum(len(piece.times) for piece in order.put(batch(times)))
    assert len(times) - given_out <= 2 * BLOCK
    assert given_out + sum(len(piece.times) for piece in order.flush()) == len(times)
    parts = EventOrder(LATE)
    again = [piece for low in range(0, len(times), 1000) for piece in parts.put(batch(times[low : low + 1000], low))]
    assert sum(len(piece.times) for piece in again) == given_out


def test_before_the_first_frame_there_is_no_watermark() -> None:
    order = EventOrder(LATE)
    order.promise(100)
    assert order.watermark == BEFORE
    assert order.flush() == []
