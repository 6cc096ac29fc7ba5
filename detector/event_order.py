"""Frames in the order of their own time, and the watermark: how far that time is known to be complete.

Several queues of one network card, or a capture joined from several, give frames a little out of order. Each frame is
held back until everything up to its time has come, and goes on at its time, or, where it comes later than the
allowance, at the watermark (it is *late*, and counted). So the order depends on the frames and the order in which they
came, not on batches: it is the stable sort by ``max(own time, newest time before it - allowance)``.

The model is the low watermark of stream processing (Akidau et al., "The Dataflow Model", VLDB 2015), with the late ones
counted, and used.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

BEFORE: Final = int(np.iinfo(np.int64).min)
BLOCK: Final = 1 << 15  # a frame goes on at the latest when the block behind its own is full, if time stands still
_AFTER: Final = int(np.iinfo(np.int64).max)
_MOST_LATE: Final = 256  # stretches with late frames of which it is known which they were
Times = npt.NDArray[np.int64]


class Piece(NamedTuple):
    """Frames ``low`` to ``high`` of a FRAMES batch, and at which time each of them counts (ns, never decreasing)."""

    batch: pa.RecordBatch
    low: int
    times: Times

    @property
    def high(self) -> int:
        """Where it ends in the batch."""
        return self.low + len(self.times)


class EventOrder:
    """Puts frames in order.

    Args:
        late_ns: how much older than the newest frame before it a frame may be and still take its own place
    """

    def __init__(self, late_ns: int) -> None:
        self.newest = BEFORE  # time of the newest frame
        self.backward = 0  # frames older than one that came before them
        self.late = 0  # frames that came behind the watermark
        self._late_ns = late_ns
        self._floor = BEFORE  # what the source promised
        self._held: list[Piece] = []
        self._frames = 0
        self._block_ago = BEFORE  # the newest time as the running block began
        self._late_at: deque[tuple[Times, Times]] = deque(maxlen=_MOST_LATE)  # when late frames count, their numbers

    @property
    def watermark(self) -> int:
        """No frame that is still to come will count before this time (epoch ns; ``BEFORE`` before the first)."""
        return max(self.newest - self._late_ns, self._floor) if self.newest != BEFORE else BEFORE

    @property
    def held(self) -> int:
        """How many frames wait."""
        return sum(len(piece.times) for piece in self._held)

    def promise(self, until_ns: int) -> None:
        """The source says that what is older than ``until_ns`` has come: a frame that comes all the same is late."""
        self._floor = max(self._floor, until_ns)

    def put(self, batch: pa.RecordBatch) -> list[Piece]:
        """Take a batch in; what is in order by now."""
        ts = times_of(batch)
        low = 0
        while low < len(ts):
            high = min(len(ts), low + BLOCK - self._frames % BLOCK)
            self._put(batch, low, ts[low:high])
            low = high
        return self._release(self.watermark)

    def _put(self, batch: pa.RecordBatch, low: int, ts: Times) -> None:
        """Take in frames of one block."""
        before = np.maximum.accumulate(np.concatenate(([self.newest], ts)))
        self.newest = int(before[-1])
        floor = np.maximum(np.maximum(before[:-1], BEFORE + self._late_ns) - self._late_ns, self._floor)
        backward = int((ts < before[:-1]).sum())
        self.backward += backward
        times = np.maximum(ts, floor)
        if late := int((ts < floor).sum()):
            self.late += late
            at = np.flatnonzero(ts < floor)
            self._late_at.append((times[at], self._frames + at))
        self._frames += len(ts)
        if self._frames % BLOCK == 0:
            self._floor, self._block_ago = max(self._floor, self._block_ago), self.newest
        mixed = backward or (self._held and self._held[-1].times[-1] > times[0])
        self._held.append(Piece(batch, low, times))
        if mixed:
            self._held = [_sorted(self._held)]

    def late_since(self, ns: int) -> Times:
        """Numbers, in the order of coming, of late frames that count at ``ns`` or later; older ones are forgotten."""
        while self._late_at and self._late_at[0][0][-1] < ns:
            self._late_at.popleft()
        return np.concatenate([np.zeros(0, np.int64), *(numbers[times >= ns] for times, numbers in self._late_at)])

    def take(self) -> list[Piece]:
        """What is in order by now: after ``promise``."""
        return self._release(self.watermark)

    def flush(self) -> list[Piece]:
        """The rest: nothing more will come."""
        return self._release(_AFTER)

    def _release(self, until: int) -> list[Piece]:
        out: list[Piece] = []
        while self._held:
            piece = self._held[0]
            count = int(np.searchsorted(piece.times, until, side="right"))
            if count:
                out.append(piece._replace(times=piece.times[:count]))
            if count < len(piece.times):
                self._held[0] = Piece(piece.batch, piece.low + count, piece.times[count:])
                break
            self._held.pop(0)
        return out


def times_of(batch: pa.RecordBatch) -> Times:
    """The times of a sound FRAMES batch (epoch ns) without a copy; Arrow's cast takes as long as a hundred frames."""
    column = batch.column("ts")
    if not len(column):
        return np.zeros(0, np.int64)
    return np.frombuffer(column.buffers()[1], np.int64, len(column), 8 * column.offset)


def _sorted(pieces: list[Piece]) -> Piece:
    """All frames of the pieces as one, in order of their times, those of one time as they came."""
    batch = pa.concat_batches([p.batch.slice(p.low, len(p.times)) for p in pieces])
    times = np.concatenate([p.times for p in pieces])
    order = np.argsort(times, kind="stable")
    return Piece(batch.take(pa.array(order)), 0, times[order])
