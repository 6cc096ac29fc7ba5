"""Shards with memory of their own, in one process: what goes between them and the merger is the same as elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import closing
from typing import Any

import pyarrow as pa

from detector.merging import Merger
from detector.outputs import Judge, Outputs
from detector.shard_meter import Setup, ShardMeter
from detector.slicing import Slicer

HASH_SEED = 12345


class Parted:
    """A merger and its shards, of which some are lost before slices with these numbers."""

    def __init__(self, setup: Setup, model: Judge, rows: int, lost: Collection[int] = ()) -> None:
        self.setup, self.lost = setup, lost
        self.merger, self.slicer = Merger(setup, model), Slicer(setup, rows)
        self.meters = [ShardMeter(setup, shard) for shard in range(setup.shards)]
        self.slices = 0

    def feed(self, frames: pa.RecordBatch | None) -> Iterable[Outputs]:
        """Take frames, None at the end."""
        if frames is None:
            self.slicer.finish()
        else:
            self.slicer.feed(frames)
        for cut in self.slicer.cuts():
            if self.slices in self.lost:
                shards = range(self.setup.shards)
                self.meters = [ShardMeter(self.setup, shard, self.merger.held(shard)) for shard in shards]
            told = [meter.work(parcel, cut.slice.edges) for meter, parcel in zip(self.meters, cut.parcels, strict=True)]
            self.merger.take(cut.slice, told)
            self.merger.reach(cut.slice.through)
            self.slices += 1
            yield self.merger.outputs()


def parted(
    batches: list[pa.RecordBatch], setup: Setup, model: Judge, collector: Any, rows: int, lost: Collection[int] = ()
) -> Any:
    """What ``collector(merger).answer()`` says of these frames."""
    work = Parted(setup, model, rows, lost)
    with closing(work.merger):
        found = collector(work.merger)
        for frames in (*batches, None):
            for outputs in work.feed(frames):
                found.add(outputs)
        work.merger.finish()
        return found.answer()
