"""What shards cost and bring: processor time by stage, wall time over Ray, and simulations of skew and of merging.

``python -m benchmarks.scaling cost [--scenario paris-2024] [--multiplier 8] [--seconds 10]``: processor seconds for a
million frames by stage, with 1, 2 and 4 shards, in one process. Processor time says something even where others use
the machine; docs/scaling.md has the table.

``python -m benchmarks.scaling ray [--seconds 10]``: the same campaign over Ray with 1, 2 and 4 detector shards, as
fast as it goes, against one detector in one process: wall time, as ratios within the run.

``python -m benchmarks.scaling skew``: the share of the busiest shard, for floods and for ordinary traffic.

``python -m benchmarks.scaling windows [--seconds 10]``: what merging windows of shards would get wrong, against one
set of windows that sees all flows in order.
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
from detector.classifiers.base import Matrix
from detector.config import Config
from detector.flow_index import key_hash
from detector.merging import Merger
from detector.meter import Slots
from detector.model import load_default
from detector.pipeline import Detector
from detector.shard_kernel import shard_of
from detector.shard_meter import Setup, ShardMeter, Told
from detector.slicing import Slicer
from detector.windows import update
from detector.windows_state import GAP_MEAN, LAST, ONSETS, TAUS, Windows, new_windows
from generator.plan import Planner
from generator.traffic import Traffic
from generator.workload import Workload

_SLICE_NS = 500_000_000
_HASH_SEED = 0x5EED
_MILLION = 1e6


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


def hashed(flows: npt.NDArray[np.uint64], ports: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint64]:
    """The flow hash of TCP flows: addresses (n, 2, 2), ports (n, 2)."""
    seed = np.uint64(_HASH_SEED)
    return np.array([key_hash(a, p, 6, seed) for a, p in zip(flows, ports, strict=True)], np.uint64)


def skew(options: argparse.Namespace) -> None:
    """Print the busiest shard's load by that of the mean, for kinds of traffic."""
    rng = np.random.default_rng(1)
    n = options.flows
    address = np.zeros((n, 2, 2), np.uint64)
    mapped = np.uint64(0xFFFF) << np.uint64(32)
    address[:, :, 1] = mapped | rng.integers(0xC6120000, 0xC613FFFF, (n, 2), np.uint64)
    ports = np.stack([rng.integers(1024, 65536, n), np.full(n, 443)], 1).astype(np.uint16)
    kinds: dict[str, tuple[Any, Any, Any]] = {}
    kinds["many hosts, many flows"] = (address, ports, np.ones(n))
    victim = address.copy()
    victim[:, 1, 1] = victim[0, 1, 1]
    kinds["flood on one victim, spoofed sources"] = (victim, ports, np.ones(n))
    single = victim.copy()
    single[:, 0, 1] = single[0, 0, 1]
    kinds["flood on one victim from one source, many ports"] = (single, ports, np.ones(n))
    weights = np.ones(n)
    weights[0] = n  # half of all frames are of one flow
    kinds["the same, half of its frames in one flow"] = (single, ports, weights)
    print(f"{n:,} flows; load of the busiest shard by that of the mean")
    print(f"  {'':52s}" + "".join(f"{shards:>8d}" for shards in (2, 4, 8, 16, 64)))
    for name, (addresses, own, weight) in kinds.items():
        values = hashed(addresses, own)
        row = []
        for shards in (2, 4, 8, 16, 64):
            load_ = np.zeros(shards)
            home = [int(shard_of(value, shards)) for value in values]
            np.add.at(load_, home, weight)
            row.append(load_.max() / load_.mean())
        print(f"  {name:52s}" + "".join(f"{value:8.2f}" for value in row))
    by_victim = np.zeros(16)
    by_victim[int(victim[0, 1, 1]) % 16] = n
    print(f"  (by victim in place of the flow, 16 shards: {by_victim.max() / by_victim.mean():.0f})")


def decayed(windows: Windows, now: int) -> dict[int, tuple[Any, Any, Any]]:
    """Of each entity: its counts as of ``now``, its registers, and its rhythm."""
    found = {}
    for place in np.flatnonzero(windows.keys):
        age = (now - windows.times[place, LAST]) * 1e-9
        counts = windows.counts[place] * np.exp(-age / np.asarray(TAUS))[:, None]
        found[int(windows.keys[place])] = (counts, windows.peers[place], windows.rhythm[place])
    return found


class ShardWindows:
    """Stands in for a merger's look at its flows: each shard's flows go into windows of its own, too."""

    def __init__(self, merger: Merger, shards: int) -> None:
        self.parts = [new_windows(7) for _ in range(shards)]
        self.now = 0
        self._merger, self._look = merger, merger.observer.look

    def __call__(self, dirty: Slots, now_ns: int, *, last: bool = False) -> tuple[Slots, Matrix]:
        """As ``Observer.look``."""
        meter = self._merger.meter
        owner = meter._owner[dirty] // meter._each  # noqa: SLF001 - whose flow it is
        for shard, windows in enumerate(self.parts):
            update(windows, meter.table, np.ascontiguousarray(dirty[owner == shard]), now_ns)
        self.now = now_ns
        return self._look(dirty, now_ns, last=last)


def merged_windows(options: argparse.Namespace) -> None:
    """Print what merging windows of shards gets wrong."""
    frames = rendered(workload(options))
    for shards in (2, 4, 16):
        setup = Setup(Config(seed=7), shards, _HASH_SEED)
        slicer, merger = Slicer(setup), Merger(setup, load_default())
        meters = [ShardMeter(setup, shard) for shard in range(shards)]
        windows = ShardWindows(merger, shards)
        merger.observer.look = windows  # type: ignore[method-assign]  # to watch it
        for batch in frames:
            slicer.feed(batch)
            for cut in slicer.cuts():
                merger.take(cut.slice, [m.work(p, cut.slice.edges) for m, p in zip(meters, cut.parcels, strict=True)])
                merger.reach(cut.slice.through)
                merger.outputs()
        report_windows(merger.observer.windows, windows.parts, windows.now, shards)
        merger.close()


def report_windows(whole: Windows, parts: list[Windows], now: int, shards: int) -> None:
    """Compare entity by entity."""
    truth, found = decayed(whole, now), [decayed(part, now) for part in parts]
    counts, registers, gaps, missing = [], [], [], 0
    off: Counter[int] = Counter()
    for key, (right, peers, rhythm) in truth.items():
        own = [part[key] for part in found if key in part]
        if not own:
            missing += 1
            continue
        got = sum(one[0] for one in own)
        counts.append(float(np.max(np.abs(got - right) / np.maximum(right, 1.0))))
        off.update(np.flatnonzero((np.abs(got - right) > 0.01 * np.maximum(right, 1.0)).any(axis=0)).tolist())
        registers.append(bool(np.array_equal(np.max([one[1] for one in own], axis=0), peers)))
        if rhythm[ONSETS] > 3 and rhythm[GAP_MEAN] > 0:
            onsets = np.array([one[2][ONSETS] for one in own])
            mean = float(np.average([one[2][GAP_MEAN] for one in own], weights=np.maximum(onsets, 1e-9)))
            gaps.append(abs(mean - rhythm[GAP_MEAN]) / rhythm[GAP_MEAN])
    worst = np.percentile(counts, (50, 99, 100))
    rhythm_error = np.percentile(gaps, (50, 90)) if gaps else (0.0, 0.0)
    print(
        f"{shards:3d} shards: {len(truth):,} entities, {missing} missing; counts off by {worst[0]:.1e} (median), "
        f"{worst[1]:.1e} (p99), {worst[2]:.1e} (most); sketches alike {100 * np.mean(registers):.2f} %; "
        f"mean gap between bursts off by {100 * rhythm_error[0]:.0f} % (median), {100 * rhythm_error[1]:.0f} % (p90) "
        f"of {len(gaps):,}"
    )
    columns = ", ".join(f"{column}: {count}" for column, count in sorted(off.items()))
    print(
        f"     entities off by more than 1 %, by column of counts: {columns or 'none'}; gave way: {whole.counters[0]}"
    )


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("cost", "ray", "skew", "windows"))
    parser.add_argument("--scenario", default="paris-2024")
    parser.add_argument("--multiplier", type=float, default=8.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--flows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    {"cost": cost, "ray": over_ray, "skew": skew, "windows": merged_windows}[options.what](options)


if __name__ == "__main__":
    main()
