"""How late frames arrived: a histogram of fixed steps, whatever their number."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from campaign.labels import I64

ON_TIME_NS: Final = 1_000_000
_STEP_NS: Final = 100  # up to 20 ms; what is later is told to 100 us
_COARSE_NS: Final = 100_000
_EARLIEST_NS: Final = -10_000_000
_FINE_UP_TO_NS: Final = 20_000_000
_LATEST_NS: Final = 120_000_000_000  # beyond, only the largest is known
_FINE: Final = (_FINE_UP_TO_NS - _EARLIEST_NS) // _STEP_NS
_PERCENTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}


class Latenesses:
    """Collects (arrived - planned) in ns."""

    def __init__(self) -> None:
        self._bins: I64 = np.zeros(_FINE + (_LATEST_NS - _FINE_UP_TO_NS) // _COARSE_NS + 1, np.int64)
        self._within = 0
        self.count = 0
        self.smallest_ns = self.largest_ns = 0

    def add(self, late_ns: I64) -> None:
        """Take more."""
        if not len(late_ns):
            return
        low, high = int(late_ns.min()), int(late_ns.max())
        self.smallest_ns = min(self.smallest_ns, low) if self.count else low
        self.largest_ns = max(self.largest_ns, high) if self.count else high
        self.count += len(late_ns)
        self._within += int((np.abs(late_ns) <= ON_TIME_NS).sum())
        fine = (np.clip(late_ns, _EARLIEST_NS, _FINE_UP_TO_NS - 1) - _EARLIEST_NS) // _STEP_NS
        coarse = _FINE + (np.minimum(late_ns, _LATEST_NS) - _FINE_UP_TO_NS) // _COARSE_NS
        index = np.where(late_ns < _FINE_UP_TO_NS, fine, coarse)
        self._bins += np.bincount(index, minlength=len(self._bins))

    def percentiles(self) -> dict[str, Any]:
        """``min``, ``p50``, ``p90``, ``p99``, ``p999`` and ``max`` in microseconds; null where there is none."""
        if not self.count:
            return dict.fromkeys(("min", *_PERCENTILES, "max"))
        sums = np.cumsum(self._bins)
        found = {
            name: _bin_ns(int(np.searchsorted(sums, share * self.count))) / 1000 for name, share in _PERCENTILES.items()
        }
        return {"min": self.smallest_ns / 1000, **found, "max": self.largest_ns / 1000}

    def spread_us(self) -> float | None:
        """p99 - p50."""
        found = self.percentiles()
        return None if found["p50"] is None else round(found["p99"] - found["p50"], 1)

    def within(self) -> float | None:
        """The share that arrived within 1 ms of plan."""
        return self._within / self.count if self.count else None


def _bin_ns(index: int) -> int:
    """Where a step of the histogram begins."""
    if index < _FINE:
        return index * _STEP_NS + _EARLIEST_NS
    return (index - _FINE) * _COARSE_NS + _FINE_UP_TO_NS
