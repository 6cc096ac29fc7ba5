"""Simulated: how the flow hash spreads load over shards, and what merging windows of shards would get wrong.

``python -m benchmarks.scaling_simulated [skew] [--flows 20000]``: the load of the busiest shard by that of the mean,
for floods and for ordinary traffic.

``python -m benchmarks.scaling_simulated windows [--seconds 5]``: windows of shards added up, against one set of windows
that sees all flows in order. All have so much room that no entity gives way to another: what is off is the merging.
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.scaling import add_campaign, rendered, workload
from detector.classifiers.base import Matrix
from detector.config import Config
from detector.flow_index import key_hash
from detector.merging import Merger
from detector.meter import Slots
from detector.model import load_default
from detector.observer import places_of
from detector.shard_kernel import shard_of
from detector.shard_meter import Setup, ShardMeter
from detector.slicing import Slicer
from detector.windows import update
from detector.windows_state import GAP_MEAN, LAST, ONSETS, TAUS, Windows, new_windows

HASH_SEED = 0x5EED
HOSTS = 1 << 18


def hashed(flows: npt.NDArray[np.uint64], ports: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint64]:
    """The flow hash of TCP flows: addresses (n, 2, 2), ports (n, 2)."""
    seed = np.uint64(HASH_SEED)
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
        self.parts = [new_windows(7, places_of(HOSTS)) for _ in range(shards)]
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
        setup = Setup(Config(seed=7, hosts=HOSTS), shards, HASH_SEED)
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
    parser.add_argument("what", nargs="?", default="skew", choices=("skew", "windows"))
    add_campaign(parser)
    parser.add_argument("--flows", type=int, default=20_000)
    parser.set_defaults(seconds=5.0)
    options = parser.parse_args()
    {"skew": skew, "windows": merged_windows}[options.what](options)


if __name__ == "__main__":
    main()
