"""Live figures of a run, from what its processes say and what its store holds."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign.figures import Figures
from campaign.latency import StageLatencies
from campaign.runfolder import RunFolder, read_status
from contract.errors import InputError
from contract.families import BENIGN
from contract.ledger import MEANT
from generator.workload import TOKYO_RATE, Workload, rate_at
from store.layout import DATABASE
from store.reader import StoreReader

NS: Final = 1_000_000_000
_WINDOW: Final = 5  # seconds of verdicts behind the live percentiles


class Watch:
    """Looks at a run folder every now and then; ``look`` never raises for a file that is half there."""

    def __init__(self, folder: RunFolder, workload: Workload) -> None:
        self._folder = folder
        self.workload = workload  # its start may be set anew when it is known
        self._reader: StoreReader | None = None
        self._latencies = StageLatencies()
        self._recent: deque[tuple[float, npt.NDArray[np.int64]]] = deque()
        self._rows = 0
        self._before = Figures()
        self._before_t = 0.0

    def close(self) -> None:
        """Let go of the store."""
        if self._reader:
            self._reader.close()

    def look(self, now_ns: int, phase: str) -> Figures:
        """The figures of this moment."""
        t = (now_ns - self.workload.start_ns) / NS
        sender = read_status(self._folder.status("sender"))
        detector = read_status(self._folder.status("detector"))
        span = max(t - self._before_t, 1e-3)
        attempts, frames = _count(sender, "sent_attempts"), _count(sender, "sent_frames")
        seen = self._store_figures(t)
        inside = 0 <= t < self.workload.duration_s
        self.workload = with_changes(self.workload, sender)
        planned = rate_at(self.workload.attempts_curve(), t) if inside else 0.0
        lateness = sender.get("lateness_us")
        figures = Figures(
            t=round(t, 3),
            phase=phase,
            multiplier=round(planned / TOKYO_RATE, 3),
            planned_per_s=planned,
            sent_per_s=round(max(0, attempts - self._before.attempts) / span, 1),
            frames_per_s=round(max(0, frames - self._before.frames) / span, 1),
            detected_per_s=round(max(0, seen["detected"] - self._before.detected) / span, 1),
            attempts=attempts,
            frames=frames,
            within_1ms=_share(sender.get("within_1ms")),
            lateness_p99_us=lateness.get("p99") if isinstance(lateness, dict) else None,
            backlog=max(0, frames - _count(detector, "frames")) if "frames" in detector else 0,
            lost={**_losses(sender), **_losses(detector)},
            **seen,
        )
        self._before, self._before_t = figures, t
        return figures

    def _store_figures(self, t: float) -> dict[str, Any]:
        try:
            if self._reader is None:
                if not (self._folder.path / DATABASE).is_file():
                    return {"detected": 0}
                self._reader = StoreReader(self._folder.path)
            tables = list(self._reader.verdict_tables(self._rows))
            if tables:  # a commit a tick: adding them one by one costs most of what looking does
                self._rows += sum(table.num_rows for table in tables)
                fresh = self._latencies.add(pa.concat_tables(tables))
                if len(fresh):  # ordinary verdicts have no latency
                    self._recent.append((t, fresh))
            counts = self._reader.counts()
        except InputError:
            return {"detected": self._before.detected, "alerts": self._before.alerts}  # not there yet, or busy
        while self._recent and self._recent[0][0] < t - _WINDOW:
            self._recent.popleft()
        attacks = {name: row["attacks"] for name, row in counts["families"].items() if name != BENIGN}
        return {
            "detected": sum(attacks.values()),
            "families": {name: count for name, count in attacks.items() if count},
            "alerts": counts["alerts"]["total"],
            "open_alerts": counts["alerts"]["open"],
            **self._percentiles(),
        }

    def _percentiles(self) -> dict[str, float | None]:
        if not self._recent:
            return {"p50_ms": None, "p99_ms": None}
        values = np.concatenate([fresh for _, fresh in self._recent])
        p50, p99 = np.percentile(values, (50, 99)) / 1e6
        return {"p50_ms": round(float(p50), 2), "p99_ms": round(float(p99), 2)}


def with_changes(workload: Workload, sender: dict[str, Any]) -> Workload:
    """The workload with the changes of the rate that the sender's status says have been planned."""
    changes = sorted(
        (float(change["from_second"]), float(change["multiplier"]) * TOKYO_RATE)
        for change in sender.get("changes", [])
        if change.get("from_second") is not None
    )
    return replace(workload, changes=tuple(changes)) if tuple(changes) != workload.changes else workload


def _count(status: dict[str, Any], name: str) -> int:
    value = status.get(name, 0)
    return int(value) if isinstance(value, int | float) else 0


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _losses(status: dict[str, Any]) -> dict[str, int]:
    """What the stages of a status file's ledger dropped: ``{"stage: reason": count}``."""
    ledger = status.get("ledger")
    stages = ledger.get("stages", {}) if isinstance(ledger, dict) else {}
    return {
        f"{name}: {reason}": count
        for name, stage in stages.items()
        for reason, count in stage.get("dropped", {}).items()
        if count and reason not in MEANT
    }
