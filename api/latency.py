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

from contract.families import BENIGN
from store.reader import StoreReader

if TYPE_CHECKING:
    from store.seen import Seen

_EVERY_S: Final = 0.5
_MAX_MS: Final = 86_400_000.0
_MAX_KEPT: Final = 5_000_000
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
        self._seconds: I64 = np.zeros(0, np.int64)
        self._ms: F64 = np.zeros(0, np.float64)

    def update(self, reader: StoreReader) -> None:
        """Take what came since, at most twice a second."""
        with self._turn:
            now = time.monotonic()
            if now - self._asked < _EVERY_S:
                return
            self._asked = now
            commit = reader.last_commit()
            if commit == self._commit or self._ms.size >= _MAX_KEPT:
                return
            if commit < self._commit:  # another store under the same name
                self._rows = 0
                self._seen, self._seconds, self._ms = None, self._seconds[:0], self._ms[:0]
            for table in reader.verdict_tables(self._rows):
                self._rows += table.num_rows
                self._take(table)
            self._commit = commit

    def summary(self) -> dict[str, Any] | None:
        """Percentiles of all so far in milliseconds; None before the first."""
        with self._turn:
            values = self._ms
        if not values.size:
            return None
        points = np.percentile(values, [50, 95, 99])
        names = ("p50", "p95", "p99")
        figures = {name: float(point) for name, point in zip(names, points, strict=True)}
        return {**figures, "max": float(values.max()), "count": int(values.size), "from": "first frame"}

    def values(self) -> F64:
        """Every latency so far in milliseconds."""
        with self._turn:
            return self._ms

    def by_second(self, start: int, count: int) -> tuple[list[float | None], list[float | None]]:
        """Median and 99th percentile of each of ``count`` seconds from ``start`` (epoch seconds)."""
        with self._turn:
            seconds, values = self._seconds - start, self._ms
        keep = (seconds >= 0) & (seconds < count)
        seconds, values = seconds[keep], values[keep]
        order = np.lexsort((values, seconds))
        seconds, values = seconds[order], values[order]
        bounds = np.searchsorted(seconds, np.arange(count + 1))
        p50: list[float | None] = [None] * count
        p99: list[float | None] = [None] * count
        for at, (low, high) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
            if high > low:
                p50[at] = float(values[low + (high - low - 1) // 2])
                p99[at] = float(values[low + int(0.99 * (high - low - 1))])
        return p50, p99

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
        self._seconds = np.concatenate([self._seconds, decided[sound] // 1_000_000_000])
        self._ms = np.concatenate([self._ms, ms[sound]])


def _nanoseconds(table: pa.Table, name: str) -> I64:
    return np.asarray(table.column(name).cast(pa.int64())).astype(np.int64)
