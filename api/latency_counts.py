"""Latencies as counts: of bins that are 1 % wide, so that a run of any length takes the same memory."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

_LEAST_MS: Final = 0.01
_MOST_MS: Final = 86_400_000.0
_WIDER: Final = 1.01
BOUNDS_MS: Final = (10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0, 30_000.0)
_STEPS: Final = int(np.ceil(np.log(_MOST_MS / _LEAST_MS) / np.log(_WIDER)))
_EDGES: Final = np.unique(np.concatenate([_LEAST_MS * _WIDER ** np.arange(_STEPS + 1), BOUNDS_MS]))
F64 = npt.NDArray[np.float64]


class LatencyCounts:
    """How many latencies (ms) were how long. ``total``, ``sum_ms`` and ``most_ms`` are exact."""

    def __init__(self) -> None:
        self._bins = np.zeros(len(_EDGES) + 1, np.int64)  # bin n ends at edge n, which belongs to it
        self.total = 0
        self.sum_ms = self.most_ms = 0.0

    def add(self, ms: F64) -> None:
        """Count some more."""
        self._bins += np.bincount(np.searchsorted(_EDGES, ms, "left"), minlength=len(self._bins))
        self.total += ms.size
        self.sum_ms += float(ms.sum())
        self.most_ms = max(self.most_ms, float(ms.max(initial=0.0)))

    def percentile(self, part: float) -> float:
        """The latency that so many of 100 did not exceed, at most 1 % too long."""
        at = int(np.searchsorted(np.cumsum(self._bins), max(part / 100 * self.total, 1)))
        return min(float(_EDGES[min(at, len(_EDGES) - 1)]), self.most_ms)

    def up_to_bounds(self) -> list[int]:
        """How many were no longer than each of ``BOUNDS_MS``, exactly."""
        found: list[int] = np.cumsum(self._bins)[np.searchsorted(_EDGES, BOUNDS_MS)].tolist()
        return found

    def copy(self) -> LatencyCounts:
        """As it is now."""
        found = LatencyCounts()
        found._bins = self._bins.copy()
        found.total, found.sum_ms, found.most_ms = self.total, self.sum_ms, self.most_ms
        return found
