"""How long the stages of a tick take: sums by stage, and a histogram of whole ticks."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Final

import numpy as np

_STEP: Final = np.log(1.02)  # each bin is 2 % wide
_BINS: Final = 1400  # up to about 1000 s


class Stopwatch:
    """Times of one detector. Nanoseconds of the monotonic clock."""

    def __init__(self) -> None:
        self.stage_ns: dict[str, int] = defaultdict(int)
        self._bins = np.zeros(_BINS, np.int64)
        self._most = 0
        self._tick_ns = 0
        self._since = 0

    def start(self) -> None:
        """Begin to time something."""
        self._since = time.perf_counter_ns()

    def lap(self, stage: str) -> None:
        """What passed since ``start`` or the last lap belongs to a stage."""
        now = time.perf_counter_ns()
        self.stage_ns[stage] += now - self._since
        self._tick_ns += now - self._since
        self._since = now

    def received(self) -> None:
        """Something came in that may complete ticks."""

    def end_tick(self, decided: int) -> None:  # noqa: ARG002 - for who writes it down
        """The tick that ends at that time (epoch ns) is done: what its laps add up to goes into the histogram."""
        taken, self._tick_ns = self._tick_ns, 0
        self._bins[min(int(np.log(max(taken, 1)) / _STEP), _BINS - 1)] += 1
        self._most = max(self._most, taken)

    def close(self) -> None:
        """Nothing more will be timed."""

    def ticks_ms(self) -> dict[str, float | int | None]:
        """Percentiles of the time that a tick takes, in ms, to 2 %; null before the first."""
        total = int(self._bins.sum())
        if not total:
            return {"p50": None, "p95": None, "p99": None, "max": None, "count": 0}
        reached = np.cumsum(self._bins)
        found: dict[str, float | int | None] = {
            name: round(float(np.exp((int(np.searchsorted(reached, share * total)) + 0.5) * _STEP)) / 1e6, 3)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        }
        return found | {"max": round(self._most / 1e6, 3), "count": total}

    def stages_ms(self) -> dict[str, float]:
        """Milliseconds spent in each stage in all."""
        return {name: round(ns / 1e6, 3) for name, ns in sorted(self.stage_ns.items())}
