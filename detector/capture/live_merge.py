"""Several rings that share an interface, told as one: their frames in the order of their times.

The kernel gives each flow to one ring, and a ring gives its frames in order, but the rings are read each for itself.
Frames wait until no ring can have older ones: until each has given a later frame, or had nothing for a while.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
import pyarrow as pa

NEVER: Final = np.iinfo(np.int64).max
_BEFORE: Final = np.iinfo(np.int64).min
MOST_BYTES: Final = 64 << 20  # that wait; beyond, they are given in the order in which they are there


class TimeMerge:
    """Batches of ``rings`` rings in, batches in the order of time out. Not for several threads at once.

    ``hold_ns``: what is older than that has been handed over by the kernel, where a ring has nothing. ``late`` counts
    frames that came after later ones had been given (a ring was silent for longer, or too much waited): they are given
    all the same, and nothing is lost.
    """

    def __init__(self, rings: int, hold_ns: int, most_bytes: int = MOST_BYTES) -> None:
        self.late = 0
        self.waiting = 0  # bytes
        self._held: list[deque[pa.RecordBatch]] = [deque() for _ in range(rings)]
        self._until = [_BEFORE] * rings  # each ring has given all that is older
        self._hold, self._most = hold_ns, most_bytes
        self._given = _BEFORE

    def add(self, ring: int, batch: pa.RecordBatch) -> None:
        """A ring gave a batch."""
        self._held[ring].append(batch)
        self.waiting += batch.nbytes
        self._until[ring] = max(self._until[ring], int(_times(batch).max()))

    def quiet(self, ring: int, now_ns: int) -> None:
        """A ring had nothing at that time."""
        self._until[ring] = max(self._until[ring], now_ns - self._hold)

    def end(self, ring: int) -> None:
        """A ring will give nothing more."""
        self._until[ring] = NEVER

    @property
    def until(self) -> int:
        """All that is older than this has come, and was given if ``take`` was called since."""
        return min(self._until)

    def take(self) -> pa.RecordBatch | None:
        """What may be given by now, in the order of time; None where that is nothing."""
        mark = self.until
        if self.waiting > self._most:
            mark = max(self._until)
        parts = [part for held in self._held for part in self._older(held, mark)]
        if not parts:
            return None
        batch = parts[0] if len(parts) == 1 else pa.concat_batches(parts)
        ts = _times(batch)
        self.late += int((ts < self._given).sum())
        if (np.diff(ts) < 0).any():
            batch = batch.take(pa.array(np.argsort(ts, kind="stable")))
        self._given = max(self._given, int(ts.max()))
        return batch

    def _older(self, held: deque[pa.RecordBatch], mark: int) -> list[pa.RecordBatch]:
        """Take the rows up to ``mark`` off a ring's batches."""
        found = []
        while held:
            batch = held[0]
            count = int(np.searchsorted(np.maximum.accumulate(_times(batch)), mark, side="right"))
            if not count:
                break
            held.popleft()
            self.waiting -= batch.nbytes
            found.append(batch.slice(0, count))
            if count < batch.num_rows:
                rest = batch.slice(count)
                held.appendleft(rest)
                self.waiting += rest.nbytes
                break
        return found


def _times(batch: pa.RecordBatch) -> np.ndarray:
    times: np.ndarray = batch.column("ts").cast(pa.int64()).to_numpy()
    return times
