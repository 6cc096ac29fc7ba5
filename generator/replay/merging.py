"""Two streams of frames become one in order of time, with no more held than a batch of each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from contract.schemas import FRAMES
from generator.replay.octets import I64


def merge(first: Iterator[pa.RecordBatch], second: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The frames of two streams of FRAMES batches, each sorted by ``ts``; of equal times ``first`` goes first."""
    sides = [_Side(first), _Side(second)]
    while all(side.frames is not None for side in sides):
        # Up to here no further batch of either can bring an earlier frame.
        upto = min(side.last for side in sides)
        # While the first side may bring more frames of that very moment, those of the second wait.
        later = sides[0].last > upto
        yield from _joined([sides[0].take(upto), sides[1].take(upto if later else upto - 1)])
    for side in sides:
        if side.frames is not None:
            yield side.frames
            yield from side.rest


class _Side:
    """One stream: the batch at its head."""

    def __init__(self, rest: Iterator[pa.RecordBatch]) -> None:
        self.rest = rest
        self.frames: pa.RecordBatch | None = None
        self._times: I64 = np.zeros(0, np.int64)
        self._next()

    def _next(self) -> None:
        self.frames = next((batch for batch in self.rest if len(batch)), None)
        if self.frames is not None:
            self._times = _times(self.frames)

    @property
    def last(self) -> int:
        return int(self._times[-1])

    def take(self, upto: int) -> pa.RecordBatch:
        """The frames up to that time."""
        if self.frames is None:
            raise ValueError("the stream has ended")
        n = int(np.searchsorted(self._times, upto, "right"))
        taken = self.frames.slice(0, n)
        self.frames, self._times = self.frames.slice(n), self._times[n:]
        if not len(self._times):
            self._next()
        return taken


def _joined(parts: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    table = pa.Table.from_batches([part for part in parts if len(part)], FRAMES)
    if not all(len(part) for part in parts):
        yield from table.to_batches()
        return
    order = np.argsort(np.concatenate([_times(part) for part in parts]), kind="stable")
    yield from table.take(pa.array(order)).combine_chunks().to_batches()


def _times(frames: pa.RecordBatch) -> I64:
    values: I64 = frames.column("ts").cast(pa.int64()).to_numpy()
    return values
