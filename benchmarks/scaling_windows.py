"""What it costs that shards add up what a tick brings to the windows, against a merger that reads it off the rows.

``python -m benchmarks.scaling_windows [--multiplier 8] [--seconds 5] [--rounds 3]``: processor time, the best of
several rounds taken in turn, of the same campaign; and how many bytes travel. The answers are compared as well.
"""

from __future__ import annotations

import argparse
import pickle
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.scaling import add_campaign, rendered, workload
from contract.alert import Alert
from detector.config import Config
from detector.merging import Merger
from detector.model import load_default
from detector.partials import Gatherer, Partials
from detector.partials_packed import Sums
from detector.shard_meter import Setup, ShardMeter, Told
from detector.slicing import Slicer
from detector.windows import fold
from detector.windows_state import new_windows

_HASH_SEED = 0x5EED


class FromRows(Merger):
    """Reads off the rows what they bring to the windows, as before shards added it up."""

    def _bring(self, told: Sequence[Told], sums: Sums, number: int) -> None:
        """Leave what the shards added up."""


def told_of(frames: list[pa.RecordBatch], setup: Setup) -> list[tuple[Any, list[Told]]]:
    """Every slice, and what the shards tell of it."""
    slicer, meters = Slicer(setup), [ShardMeter(setup, shard) for shard in range(setup.shards)]
    found = []
    for batch in [*frames, None]:
        slicer.finish() if batch is None else slicer.feed(batch)
        for cut in slicer.cuts():
            told = [meter.work(parcel, cut.slice.edges) for meter, parcel in zip(meters, cut.parcels, strict=True)]
            found.append((cut.slice, told))
    return found


def merged(kind: type[Merger], setup: Setup, slices: list[tuple[Any, list[Told]]]) -> tuple[float, list[Alert]]:
    """Processor seconds of a merger, and its alerts."""
    merger, alerts = kind(setup, load_default()), []
    begin = time.process_time()
    for one, told in slices:
        merger.take(one, told)
        merger.reach(one.through)
        alerts += merger.outputs().alerts
    merger.finish()
    alerts += merger.outputs().alerts
    seconds = time.process_time() - begin
    merger.close()
    return seconds, alerts


def parts_of(slices: list[tuple[Any, list[Told]]], setup: Setup) -> tuple[float, float]:
    """Processor seconds of merging the sums and of folding them into windows."""
    windows = new_windows(setup.config.seed)
    gatherer = Gatherer(windows.seed)
    merging = folding = 0.0
    for one, told in slices:
        begin = time.process_time()
        sums = Sums([part.entries for part in told], gatherer)
        merging += time.process_time() - begin
        for number, (_, tick) in enumerate(one.edges.tolist()):
            begin = time.process_time()
            entries = sums.tick(np.array([part.ends[number, 0] for part in told]))
            between = time.process_time()
            fold(windows, Partials(entries, told[0].claims[:0]), (tick + 1) * setup.config.tick_ns)
            merging, folding = merging + between - begin, folding + time.process_time() - between
    return merging, folding


def main() -> None:
    """Print both ways for 1, 2 and 4 shards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_campaign(parser)
    parser.set_defaults(seconds=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    frames = rendered(workload(options))
    print(f"{sum(batch.num_rows for batch in frames):,} frames of {options.scenario} at {options.multiplier:g}x")
    for shards in (1, 2, 4):
        setup = Setup(Config(seed=7), shards, _HASH_SEED)
        slices = told_of(frames, setup)
        rows = sum(len(part.slots) for _, told in slices for part in told)
        entries = sum(len(part.entries.masks) for _, told in slices for part in told)
        sums = sum(len(pickle.dumps((p.entries, p.claims, p.ends), protocol=5)) for _, told in slices for p in told)
        whole = sum(len(pickle.dumps(part, protocol=5)) for _, told in slices for part in told)
        best = dict.fromkeys((Merger, FromRows), float("inf"))
        parts = (float("inf"),) * 2
        answers: dict[type[Merger], list[Alert]] = {}
        for _ in range(options.rounds):
            for kind in best:
                seconds, answers[kind] = merged(kind, setup, slices)
                best[kind] = min(best[kind], seconds)
            parts = tuple(min(pair) for pair in zip(parts, parts_of(slices, setup), strict=True))  # type: ignore[assignment]
        micro = [seconds / rows * 1e6 for seconds in (best[Merger], best[FromRows], *parts)]
        print(
            f"{shards} shards: {rows:,} rows, {entries / rows:.2f} entries a row; "
            f"{(whole - sums) / rows:.0f} bytes a row told, and {sums / rows:.0f} of sums; "
            f"merger {micro[0]:.2f} us a row with sums, {micro[1]:.2f} from rows; "
            f"of sums: merging {micro[2]:.2f}, folding {micro[3]:.2f}; "
            f"alerts alike: {answers[Merger] == answers[FromRows]} ({len(answers[Merger])} writings)"
        )


if __name__ == "__main__":
    main()
