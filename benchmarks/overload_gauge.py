"""What the parts of ``benchmarks.overload`` share: a flood, the gauge on a detector, and what has to be kept."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from contract.schemas import FRAMES, TIME
from tests.faults.floods import spoofed

CEILING_MIB: Final = 1800.0  # the flow table (701), the queue (256), rings, windows, code and what Python keeps
GOODPUT, NORMAL_S = 0.9, 5.0
BATCH: Final = 16_384
PEAK_S: Final = 8.0
AHEAD: Final = 8  # batches that are under way at the peak: its status is renewed five times a second only
START_S: Final = 400.0  # a first start compiles the kernels
Json = dict[str, Any]


class Gauge:
    """What a detector says of itself and how much memory its process has, five times a second."""

    def __init__(self, status: Path, more: int = 0) -> None:
        self.status_path, self._more = status, more
        self.rows: list[tuple[float, int]] = []
        self.memory_mib = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def status(self) -> Json:
        """The newest status."""
        with suppress(OSError, ValueError):
            found = json.loads(self.status_path.read_bytes())
            return found if isinstance(found, dict) else {}
        return {}

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def mean(self, since: float, until: float) -> float:
        """What was metered a second, between."""
        rows = [row for row in self.rows if since <= row[0] <= until]
        return (rows[-1][1] - rows[0][1]) / (rows[-1][0] - rows[0][0]) if len(rows) > 1 else 0.0

    def _run(self) -> None:
        while not self._over.wait(0.2):
            status = self.status()
            if "frames" in status:
                self.rows.append((time.monotonic(), int(status["frames"])))
            pids = [pid for pid in (status.get("pid"), self._more) if pid]
            self.memory_mib = max(self.memory_mib, sum(map(_private_mib, pids)))


def _private_mib(pid: int) -> float:
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/status").read_text().partition("RssAnon:")[2].split()[0]) / 1024
    return 0.0


def until(holds: Callable[[], object], patience_s: float) -> float:
    """Seconds until something holds. Ends the benchmark where it never does."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > patience_s:
            raise SystemExit("overload: what was waited for never came")
        time.sleep(0.02)
    return time.monotonic() - began


@dataclass(frozen=True)
class Flooded:
    """One flood: what was offered a second (0: whoever sends is held back), from when to when, and how long after it
    everything was as before.
    """

    name: str
    offered_per_s: float
    began: float
    ended: float
    normal_s: float


def judged(part: str, gauge: Gauge, peak: float, floods: Sequence[Flooded], more: Json) -> Json:
    """One row, with what it has to keep."""
    ledger = gauge.status().get("ledger", {})
    dropped = {name: row["dropped"] for name, row in ledger.get("stages", {}).items() if row["dropped"]}
    rows: dict[str, Json] = {}
    for flood in floods:
        good = gauge.mean(flood.began, flood.ended)
        rows[flood.name] = {
            "seconds": round(flood.ended - flood.began, 1),
            "offered_of_peak": round(flood.offered_per_s / max(peak, 1), 1) or None,
            "goodput_frames_per_s": round(good),
            "goodput_of_peak": round(good / max(peak, 1), 3),
            "normal_after_s": round(flood.normal_s, 2),
        }
    return {
        "part": part,
        "peak_frames_per_s": round(peak),
        "floods": rows,
        "memory_mib": round(gauge.memory_mib),
        "ceiling_mib": CEILING_MIB,
        "dropped": dropped,
        "ledger_faults": ledger.get("faults"),
        "kept": {
            "goodput": all(row["goodput_of_peak"] >= GOODPUT for row in rows.values()),
            "memory": gauge.memory_mib <= CEILING_MIB,
            "normal": all(flood.normal_s <= NORMAL_S for flood in floods),
            "ledger": ledger.get("faults") == [],
        },
    } | more


class Flood:
    """Batches of spoofed SYNs, made ahead; each is given the time of now when it is asked for."""

    def __init__(self) -> None:
        self._made = [spoofed(BATCH, seed, np.arange(BATCH, dtype=np.int64)) for seed in range(16)]
        self.frames = 0

    def next(self) -> pa.RecordBatch:
        """One more."""
        made = self._made[self.frames // BATCH % len(self._made)]
        self.frames += BATCH
        now = pa.array(time.time_ns() + np.arange(BATCH, dtype=np.int64)).cast(TIME)
        return pa.record_batch([now, *made.columns[1:]], schema=FRAMES)
