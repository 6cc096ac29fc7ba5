"""Two sorted streams become one, whatever the batches."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from contract.schemas import FRAMES, TIME
from generator.replay.merging import merge

Stream = list[list[int]]
STREAMS = st.lists(st.lists(st.integers(0, 50), max_size=5), max_size=6)


def batches(stream: Stream, mark: bytes) -> Iterator[pa.RecordBatch]:
    ordered = iter(sorted(n for part in stream for n in part))
    for part in stream:
        n = len(part)
        ts = pa.array([next(ordered) for _ in part], pa.int64()).cast(TIME)
        yield pa.record_batch(
            [ts, pa.array([mark] * n, pa.binary()), pa.array([1] * n, pa.uint32()), pa.array([1] * n, pa.uint16())],
            schema=FRAMES,
        )


@given(STREAMS, STREAMS)
def test_frames_come_in_order_and_none_is_lost(first: Stream, second: Stream) -> None:
    found = [
        (ts, frame)
        for batch in merge(batches(first, b"a"), batches(second, b"b"))
        for ts, frame in zip(
            batch.column("ts").cast(pa.int64()).to_pylist(), batch.column("frame").to_pylist(), strict=True
        )
    ]
    expected = [(n, b"a") for part in first for n in part] + [(n, b"b") for part in second for n in part]
    assert found == sorted(expected)
