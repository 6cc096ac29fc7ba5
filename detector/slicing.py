"""A stream of frames cut into slices of whole ticks for shards: order, numbers and ticks are settled before the split.

Order and ticks are those of every detector (``detector.ticking``), so that a tick ends at the same frame whether or not
shards do the work.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from detector.event_order import BEFORE
from detector.merging import Slice
from detector.shard_meter import Setup
from detector.split import Parcel, Splitter, empty_parcel
from detector.ticking import Ticking

ROWS: Final = 10_000  # of a slice, at least: a hop between processes costs as much for one frame as for thousands


class Cut(NamedTuple):
    """One slice, and a parcel for each shard."""

    slice: Slice
    parcels: list[Parcel]


class Slicer(Ticking):
    """Takes frames (``feed``, then ``finish``); ``cuts`` is what is complete since the last call."""

    def __init__(self, setup: Setup, rows: int = ROWS) -> None:
        super().__init__(setup.config)
        self._splitter = Splitter(setup.shards, setup.hash_seed, setup.config.seed, setup.config.tunnels)
        self._rows = rows
        self._pieces: list[pa.RecordBatch] = []
        self._edges: list[tuple[int, int]] = []
        self._frames = self._cut = 0  # numbered so far, and up to the last cut
        self._offered_frames = 0
        self._cuts: list[Cut] = []

    def cuts(self) -> list[Cut]:
        """Slices that are complete."""
        found, self._cuts = self._cuts, []
        return found

    def finish(self) -> None:
        """The input has ended: what there is makes the last slice. Its last tick stays open, as a merger's does."""
        self._meter(self._order.flush())
        if self._tick_frames:
            self._edges.append((self._frames, self._tick))
        self._make()

    def _offered(self, frames: int) -> None:
        self._offered_frames += frames

    def _next_due(self) -> int:
        return 1 << 62

    def _count(self, batch: pa.RecordBatch, low: int, times: npt.NDArray[np.int64]) -> None:
        self._pieces.append(batch.slice(low, len(times)))
        self._frames += len(times)

    def _end_tick(self, now: int, *, last: bool = False) -> None:  # noqa: ARG002 - as Ticking wants it
        self._edges.append((self._frames, now // self.config.tick_ns - 1))
        if self._frames - self._cut >= self._rows:
            self._make()

    def _make(self) -> None:
        if not self._edges:
            return
        numbers = np.arange(self._cut, self._frames, dtype=np.int64)
        dropped: Counter[str] = Counter()
        parcels = [empty_parcel()] * self._splitter.shards
        if self._pieces:
            parcels, dropped = self._splitter.split(pa.concat_batches(self._pieces), numbers)
        self._cuts.append(
            Cut(
                Slice(
                    np.array(self._edges, np.int64),
                    len(numbers),
                    dict(dropped),
                    self._order.late,
                    self._order.backward,
                    self._splitter.displaced,
                    self._order.newest,
                    self._tick * self.config.tick_ns if self._tick != BEFORE else BEFORE,
                ),
                parcels,
            )
        )
        self._pieces, self._edges, self._cut = [], [], self._frames
