"""Several rings told as one: nothing is lost, the order is that of time, memory is bounded."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from detector.capture.live_merge import TimeMerge
from tests.detector.captured import batch_of

HOLD = 50


def frames(times: list[int], ring: int = 0) -> pa.RecordBatch:
    return batch_of([bytes([ring, n % 256]) for n in range(len(times))], times)


def times(batch: pa.RecordBatch | None) -> list[int]:
    return [] if batch is None else batch.column("ts").cast(pa.int64()).to_pylist()


steps = st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(0, 20), max_size=5), st.booleans()), max_size=30)


@given(steps)
def test_what_comes_in_order_from_each_goes_out_in_order_of_all(listed: list[tuple[int, list[int], bool]]) -> None:
    """Against sorting it all: each ring gives rising times, or says that it had nothing by then."""
    merge, clock, sent, got = TimeMerge(3, HOLD), [1000] * 3, [], []
    for ring, gaps, silent in listed:
        rising = []
        for gap in gaps:
            clock[ring] += gap
            rising.append(clock[ring])
        if rising:
            sent += [(when, ring) for when in rising]
            merge.add(ring, frames(rising, ring))
        elif silent:
            merge.quiet(ring, clock[ring] + HOLD)
        given_ = merge.take()
        got += zip(times(given_), (row[0] for row in given_.column("frame").to_pylist()), strict=True) if given_ else []
    assert [when for when, _ in got] == sorted(when for when, _ in got)
    for ring in range(3):
        merge.end(ring)
    last = merge.take()
    got += zip(times(last), (row[0] for row in last.column("frame").to_pylist()), strict=True) if last else []
    assert sorted(got) == sorted(sent)
    assert [when for when, _ in got] == sorted(when for when, _ in sent)
    assert (merge.late, merge.waiting, merge.take()) == (0, 0, None)


def test_a_silent_ring_holds_the_others_back_only_so_long() -> None:
    merge = TimeMerge(2, HOLD)
    merge.add(0, frames([100, 110, 120]))
    assert merge.take() is None
    merge.quiet(1, 160)  # it has given all up to 110
    assert times(merge.take()) == [100, 110]
    merge.add(1, frames([115]))
    assert times(merge.take()) == [115]
    merge.add(1, frames([130, 105]))  # later than it could be: given all the same, and counted
    assert times(merge.take()) == [120]
    merge.end(0)
    merge.end(1)
    assert times(merge.take()) == [105, 130]
    assert merge.late == 1


def test_what_waits_is_bounded() -> None:
    one = frames(list(range(1000)))
    merge = TimeMerge(2, HOLD, most_bytes=3 * one.nbytes)
    given_ = 0
    for n in range(50):
        merge.add(0, frames(list(range(n * 1000, n * 1000 + 1000))))
        batch = merge.take()
        given_ += batch.num_rows if batch else 0
        assert merge.waiting <= 3 * one.nbytes
    assert given_ > 40_000
    merge.add(1, frames([5, 7]))
    merge.end(0)
    merge.end(1)
    rest = merge.take()
    assert rest is not None
    assert given_ + rest.num_rows == 50_002
    assert (merge.late, merge.waiting) == (2, 0)
