"""What shards bring: frames/s of the meter and of the whole detector with 1 and N shards, as ratios within one run.

``python -m benchmarks.shards [--frames N] [--shards 2] [--rounds 3]``. Small packets over many flows, made in memory;
the best of several short rounds. On a machine that others use, only the ratios say something.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from contract.schemas import FRAMES, TIME
from detector.config import Config
from detector.meter import Meter
from detector.model import load_default
from detector.pipeline import Detector

_SIZE = 60
_BATCH = 65_536


def mix(frames: int, flows: int, seed: int = 1) -> list[pa.RecordBatch]:
    """UDP and TCP segments of 60 bytes over so many flows, one a microsecond."""
    rng = np.random.default_rng(seed)
    data = np.zeros((frames, _SIZE), np.uint8)
    flow = rng.integers(0, flows, frames)
    data[:, 12:14] = (8, 0)
    data[:, 14:24] = (0x45, 0, 0, 46, 0, 0, 0, 0, 64, 6)
    data[:, 26:30] = np.stack([np.full(frames, 198), np.full(frames, 18), flow >> 8 & 255, flow & 255], 1)
    data[:, 30:34] = np.stack([np.full(frames, 198), np.full(frames, 19), flow >> 16 & 255, flow % 7], 1)
    data[:, 34:38] = np.stack([flow >> 8 & 255, flow & 255, np.zeros(frames, np.int64), np.full(frames, 80)], 1)
    data[:, 46:48] = (0x50, 0x10)
    ts = 1_800_000_000 * 10**9 + np.arange(frames, dtype=np.int64) * 1000
    offsets = np.arange(frames + 1, dtype=np.int32) * _SIZE
    columns = [
        pa.array(ts).cast(TIME),
        pa.Array.from_buffers(pa.binary(), frames, [None, pa.py_buffer(offsets), pa.py_buffer(data)]),
        pa.array(np.full(frames, _SIZE, np.uint32)),
        pa.array(np.ones(frames, np.uint16)),
    ]
    whole = pa.record_batch(columns, schema=FRAMES)
    return [whole.slice(low, _BATCH) for low in range(0, frames, _BATCH)]


def meter_rate(batches: list[pa.RecordBatch], shards: int, *, processes: bool) -> float:
    """Frames/s through a meter, ticks closed after each batch."""
    with contextlib.closing(Meter(1 << 18, shards=shards, processes=processes)) as meter:
        meter.update(batches[0])
        begin = time.perf_counter()
        for batch in batches[1:]:
            meter.update(batch)
            meter.clear_dirty()
        taken = time.perf_counter() - begin
    return float(sum(batch.num_rows for batch in batches[1:]) / taken)


def detector_rate(batches: list[pa.RecordBatch], shards: int, *, processes: bool) -> float:
    """Frames/s through the whole detector."""
    config = Config(capacity=1 << 18, shards=shards, processes=processes)
    with contextlib.closing(Detector(config, load_default())) as detector:
        begin = time.perf_counter()
        for batch in batches:
            detector.feed(batch)
            detector.outputs()
        taken = time.perf_counter() - begin
    return float(sum(batch.num_rows for batch in batches) / taken)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--flows", type=int, default=100_000)
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    batches = mix(options.frames, options.flows)
    short = batches[: max(len(batches) // 4, 2)]
    ways: list[tuple[str, int, bool]] = [
        ("1 shard", 1, False),
        (f"{options.shards} shards, threads", options.shards, False),
        (f"{options.shards} shards, processes", options.shards, True),
    ]
    rates: list[tuple[str, list[pa.RecordBatch], Callable[..., float]]] = [
        ("meter", batches, meter_rate),
        ("detector", short, detector_rate),
    ]
    for what, frames, rate in rates:
        best: dict[str, float] = {}
        for _ in range(options.rounds):
            for name, shards, processes in ways:
                best[name] = max(best.get(name, 0.0), rate(frames, shards, processes=processes))
        first = next(iter(best.values()))
        for name, found in best.items():
            print(f"{what:9} {name:22} {found / 1e6:6.2f} M frames/s  x {found / first:.2f}")


if __name__ == "__main__":
    main()
