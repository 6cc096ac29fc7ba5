"""How long detection takes, from the store alone: from a flow's first frame until its first attack verdict is readable.

A campaign says it by itself (``timeline.jsonl``, and from the intended times in its scorecard); this is for what
sensors post, and for stores of which nothing else is known.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from api.latency_counts import LatencyCounts
from contract.families import BENIGN
from store.reader import StoreReader

if TYPE_CHECKING:
    from store.seen import Seen

_EVERY_S: Final = 0.5
_MAX_MS: Final = 86_400_000.0
_OPEN_S: Final = 60  # seconds behind the newest of which single latencies are kept: more may come
_MOST_SECONDS: Final = 7_200  # of which the percentiles are kept
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


class SeenLatency:
    """Follows the verdicts of one store. May be shared by threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._commit = -1
        self._rows = 0
        self._asked = 0.0
        self._seen: Seen | None = None  # the earliest word on each flow counts, and only once
        self._counts = LatencyCounts()
        self._open: dict[int, list[F64]] = {}
        self._told: dict[int, tuple[float, float]] = {}

    def update(self, reader: StoreReader) -> None:
        """Take what came since, at most twice a second."""
        with self._turn:
            now = time.monotonic()
            if now - self._asked < _EVERY_S:
                return
            self._asked = now
            commit = reader.last_commit()
            if commit == self._commit:
                return
            if commit < self._commit:  # another store under the same name
                self._rows = 0
                self._seen, self._counts, self._open, self._told = None, LatencyCounts(), {}, {}
            for table in reader.verdict_tables(self._rows):
                self._rows += table.num_rows
                self._take(table)
            self._commit = commit

    def summary(self) -> dict[str, Any] | None:
        """Percentiles of all so far in milliseconds, at most 1 % too long; None before the first."""
        counts = self.counts()
        if not counts.total:
            return None
        figures = {f"p{part}": counts.percentile(part) for part in (50, 95, 99)}
        return {**figures, "max": counts.most_ms, "count": counts.total, "from": "first frame"}

    def counts(self) -> LatencyCounts:
        """Every latency so far."""
        with self._turn:
            return self._counts.copy()

    def by_second(self, start: int, count: int) -> tuple[list[float | None], list[float | None]]:
        """Median and 99th percentile of each of ``count`` seconds from ``start`` (epoch seconds)."""
        with self._turn:
            told = self._told | {second: _percentiles(parts) for second, parts in self._open.items()}
        both = [told.get(second, (None, None)) for second in range(start, start + count)]
        return [row[0] for row in both], [row[1] for row in both]

    def _take(self, table: pa.Table) -> None:
        from store.seen import Seen  # compiled: half a second, which a service that starts does not have

        self._seen = self._seen or Seen()
        attack: npt.NDArray[np.bool_] = np.asarray(pc.not_equal(table.column("family").cast(pa.string()), BENIGN))
        flows = np.ascontiguousarray(np.asarray(table.column("flow_id")))
        fresh = self._seen.first_turns(flows, attack, np.asarray(table.column("final")))
        if not fresh.any():
            return
        committed, first, decided = (_nanoseconds(table, name)[fresh] for name in ("committed", "first", "decided"))
        ms = (committed - first) / 1e6
        sound = (ms >= 0) & (ms < _MAX_MS)  # a capture read long after it was taken has no latency
        self._counts.add(ms[sound])
        self._by_second(decided[sound] // 1_000_000_000, ms[sound])

    def _by_second(self, seconds: I64, ms: F64) -> None:
        """Sort latencies by second. What comes for one that is settled is in ``counts`` alone."""
        for second in np.unique(seconds).tolist():
            if second not in self._told:
                self._open.setdefault(second, []).append(ms[seconds == second])
        newest = max(self._open, default=0)
        for second in sorted(second for second in self._open if second < newest - _OPEN_S):
            self._told[second] = _percentiles(self._open.pop(second))
        while len(self._told) > _MOST_SECONDS:
            del self._told[next(iter(self._told))]


def _percentiles(parts: list[F64]) -> tuple[float, float]:
    """Median and 99th percentile, each one of the values."""
    values = np.sort(np.concatenate(parts))
    last = len(values) - 1
    return float(values[last // 2]), float(values[int(0.99 * last)])


def _nanoseconds(table: pa.Table, name: str) -> I64:
    return np.asarray(table.column(name).cast(pa.int64())).astype(np.int64)
