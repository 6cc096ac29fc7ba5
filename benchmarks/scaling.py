"""What shards cost and bring: processor time by stage, and wall time over Ray.

``python -m benchmarks.scaling [cost] [--scenario paris-2024] [--multiplier 8] [--seconds 10]``: processor seconds for a
million frames, flows and alerts by stage, with 1, 2 and 4 shards, in one process. Processor time says something even
where others use the machine; docs/scaling.md has the table.

``python -m benchmarks.scaling ray [--seconds 10]``: the same campaign over Ray with 1, 2 and 4 detector shards, as
fast as it goes, against one detector in one process: wall time, as ratios within the run.

``benchmarks.scaling_simulated`` looks at skew and at merged windows.
"""

from __future__ import annotations

import argparse
import contextlib
import pickle
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign.scenario import Overrides, load
from campaign.striping import Stripe, slices
from detector.config import Config
from detector.merging import Merger
from detector.model import load_default
from detector.pipeline import Detector
from detector.shard_meter import Setup, ShardMeter, Told
from detector.slicing import Slicer
from generator.plan import Planner
from generator.traffic import Traffic
from generator.workload import Workload

_SLICE_NS = 500_000_000
_HASH_SEED = 0x5EED
_MILLION = 1e6
_WHOLE = ("order, split", "meter (sum over shards)", "merge, windows, features, verdicts, alerts")


def add_campaign(parser: argparse.ArgumentParser) -> None:
    """Flags that say which campaign."""
    parser.add_argument("--scenario", default="paris-2024")
    parser.add_argument("--multiplier", type=float, default=8.0)
    parser.add_argument("--seconds", type=float, default=10.0)


def workload(options: argparse.Namespace) -> Workload:
    """The campaign."""
    changed = Overrides(multiplier=options.multiplier, duration_s=options.seconds).apply(load(options.scenario))
    return changed.workload(1_784_970_000_000_000_000)


def rendered(work: Workload) -> list[pa.RecordBatch]:
    """All frames of it."""
    return [chunk.frames for chunk in Traffic(Planner(work), 0.5)]


class Times:
    """Processor seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextlib.contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Add what the block takes."""
        begin = time.process_time()
        yield
        self.seconds[name] += time.process_time() - begin


def generation(work: Workload, times: Times) -> int:
    """Planning apart: what each stripe does of everything, and what it does of its own share."""
    setup = Setup(Config(), 2, _HASH_SEED)
    stripe = Stripe(work, setup)
    stripe.warm_up()
    stripe.start(work.start_ns, _SLICE_NS)
    with times.of("schedule, frames ordered (each stripe, all frames)"):
        while stripe._next < slices(work, _SLICE_NS) - 1:  # noqa: SLF001 - what make() does for slices passed over
            stripe._slice(write=False)  # noqa: SLF001 - as above
    whole = Stripe(work, setup)
    whole.start(work.start_ns, _SLICE_NS)
    frames = 0
    with times.of("all of a stripe's work, one stripe"):
        for number in range(slices(work, _SLICE_NS)):
            frames += whole.make(number).slice.offered
    return frames


def sharded(frames: list[pa.RecordBatch], shards: int, times: Times) -> dict[str, Any]:
    """One campaign through so many shards in this process."""
    setup = Setup(Config(seed=7), shards, _HASH_SEED)
    slicer, merger = Slicer(setup), Merger(setup, load_default())
    meters = [ShardMeter(setup, shard) for shard in range(shards)]
    found: Counter[str] = Counter()
    busiest: npt.NDArray[np.float64] = np.zeros(shards)
    for batch in [*frames, None]:
        with times.of("order, split"):
            slicer.finish() if batch is None else slicer.feed(batch)
            cuts = slicer.cuts()
        for cut in cuts:
            told: list[Told] = []
            for shard, parcel in enumerate(cut.parcels):
                begin = time.process_time()
                told.append(meters[shard].work(parcel, cut.slice.edges))
                busiest[shard] += time.process_time() - begin
            with times.of("merge, windows, features, verdicts, alerts"):
                merger.take(cut.slice, told)
                merger.reach(cut.slice.through)
                merger.outputs()
            found["told"] += sum(len(part.slots) for part in told)
            found["told_bytes"] += sum(len(pickle.dumps(part, protocol=5)) for part in told)
            found["slices"] += 1
    merger.finish()
    times.seconds["meter (sum over shards)"] += float(busiest.sum())
    times.seconds["meter (busiest shard)"] += float(busiest.max())
    status = merger.status()
    merger.close()
    return (
        dict(found)
        | {name: status[name] for name in ("frames", "flows", "verdicts", "alerts")}
        | {"stages": merger.stopwatch.stages_ms()}
    )


def cost(options: argparse.Namespace) -> None:
    """Print the table of costs."""
    work = workload(options)
    times = Times()
    count = generation(work, times)
    print(f"{options.scenario} at {options.multiplier:g}x for {options.seconds:g} s: {count:,} frames")
    print("processor seconds for a million frames")
    for name, seconds in times.seconds.items():
        print(f"  {name:55s} {seconds / count * _MILLION:7.2f}")
    made = times.seconds["all of a stripe's work, one stripe"]
    frames = rendered(work)
    sharded(frames[:2], 2, Times())  # kernels
    for shards in (1, 2, 4):
        times = Times()
        found = sharded(frames, shards, times)
        print(f"{shards} detector shards")
        for name, seconds in times.seconds.items():
            print(f"  {name:55s} {seconds / count * _MILLION:7.2f}")
        merged = times.seconds["merge, windows, features, verdicts, alerts"]
        print(
            f"  merger: {merged / found['flows'] * _MILLION:.1f} s for a million flows, "
            f"{merged / found['told'] * _MILLION:.1f} s for a million rows told, "
            f"{merged / max(found['alerts'], 1) * 1e3:.1f} ms for each of {found['alerts']} alerts"
        )
        print(
            f"  {found['told'] / count:.2f} rows told a frame, "
            f"{found['told_bytes'] / max(found['told'], 1):.0f} bytes each; "
            f"{count / found['flows']:.1f} frames a flow; {found['slices']} slices"
        )
        whole = sum(times.seconds[name] for name in _WHOLE) + made
        print(
            f"  all together: {whole / count * _MILLION:.2f} s for a million frames, "
            f"{whole / found['flows'] * _MILLION:.1f} s for a million flows, "
            f"{whole / max(found['alerts'], 1) * 1e3:.1f} ms an alert"
        )
        total = sum(found["stages"].values())
        print("  within the merger: " + ", ".join(f"{k} {100 * v / total:.0f} %" for k, v in found["stages"].items()))


def one_detector(frames: list[pa.RecordBatch]) -> float:
    """Wall seconds of one detector in this process."""
    with contextlib.closing(Detector(Config(seed=7), load_default())) as detector:
        begin = time.perf_counter()
        for batch in frames:
            detector.feed(batch)
            detector.outputs()
        detector.finish()
        return time.perf_counter() - begin


def over_ray(options: argparse.Namespace) -> None:
    """Print wall times over Ray."""
    from campaign.ray_engine.cluster import joined as cluster

    with cluster(None, 6):
        from campaign.ray_engine.driving import Drive
        from campaign.ray_engine.pool import Pool
        from campaign.ray_engine.sources import Frames

        work = workload(options)
        frames = rendered(work)
        count = sum(batch.num_rows for batch in frames)
        one_detector(frames[:2])
        alone = min(one_detector(frames) for _ in range(options.rounds))
        print(f"{count:,} frames; one detector, in this process: {count / alone:,.0f} frames/s")
        for shards in (1, 2, 4):
            best = float("inf")
            for _ in range(options.rounds):
                setup = Setup(Config(seed=7), shards, _HASH_SEED)
                merger = Merger(setup, load_default())
                pool = Pool(setup, merger)
                pool.start()
                begin = time.perf_counter()
                for _merged in Drive(Frames(frames, setup), pool, merger).run():
                    pass
                merger.finish()
                best = min(best, time.perf_counter() - begin)
                merger.close()
                del pool
            print(
                f"{shards} detector shards over Ray: {count / best:,.0f} frames/s, "
                f"{alone / best:.2f} of one detector's rate"
            )


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="cost", choices=("cost", "ray"))
    add_campaign(parser)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    {"cost": cost, "ray": over_ray}[options.what](options)


if __name__ == "__main__":
    main()
