"""What the pacing loop counts: how late each frame left, and what the status file says."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_BINS: Final = 200_000  # of 1 us
_COARSE_US: Final = 1000  # what is later is told to 1 ms, up to two minutes
_COARSE: Final = 120_000
LIMIT_US: Final = 1000
PERCENTILES: Final = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0)


def claim_processor(priority: int = 1) -> None:
    """Let the calling thread run when it is due, where the system allows it: real time, else a better nice value.

    ``priority`` is among the threads that are real time: 1 to 99, the higher goes first.

    A generator on a machine of its own needs no such thing; beside the detector under test on two cores it does.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))
    except (AttributeError, PermissionError):
        try:
            os.nice(-10)
        except PermissionError:
            return  # without the right to it we pace at ordinary priority, and the status says how well


class Lateness:
    """A histogram of |left - planned| over all frames, in microseconds."""

    def __init__(self) -> None:
        self.bins: npt.NDArray[np.int64] = np.zeros(_BINS + _COARSE + 1, np.int64)
        self.worst_us = 0
        self._pending: list[tuple[int, bytes]] = []

    def note(self, left_ns: int, times: bytes) -> None:
        """The frames with these times (int64 ns) left at that moment. Cheap; counted later by ``settle``."""
        if times:
            self._pending.append((left_ns, times))

    def count(self, left_ns: npt.NDArray[np.int64], times: npt.NDArray[np.int64]) -> None:
        """These frames left at these moments; both int64 ns."""
        off = np.abs(left_ns - times) // 1000
        self.worst_us = max(self.worst_us, int(off.max(initial=0)))
        coarse = _BINS + np.minimum((off - _BINS) // _COARSE_US, _COARSE)
        self.bins += np.bincount(np.where(off < _BINS, off, coarse), minlength=len(self.bins))

    def settle(self) -> None:
        """Count what was noted."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        lefts = np.repeat(np.array([left for left, _ in pending], np.int64), [len(times) // 8 for _, times in pending])
        times = np.frombuffer(b"".join(times for _, times in pending), np.int64)
        self.count(lefts, times)

    def summary(self) -> tuple[float, dict[str, int]]:
        """The share of frames within 1 ms of plan, and p50, p99, max in microseconds."""
        total = int(self.bins.sum())
        if not total:
            return 1.0, {"p50": 0, "p99": 0, "max": 0}
        sums = np.cumsum(self.bins)
        p50, p99 = (min(_bin_us(int(np.searchsorted(sums, part * total))), self.worst_us) for part in (0.5, 0.99))
        return float(sums[LIMIT_US] / total), {"p50": p50, "p99": p99, "max": self.worst_us}

    def percentiles(self) -> dict[str, Any]:
        """``{"count", "mean", "percentiles": {"50": us, ...}}``: to 1 us up to 200 ms, beyond to 1 ms."""
        total = int(self.bins.sum())
        if not total:
            return {"count": 0, "mean": None, "percentiles": dict.fromkeys(map("{:g}".format, PERCENTILES))}
        sums = np.cumsum(self.bins)
        at = np.searchsorted(sums, np.ceil(np.array(PERCENTILES) / 100 * total))
        found = {f"{p:g}": min(_bin_us(int(i)), self.worst_us) for p, i in zip(PERCENTILES, at, strict=True)}
        used = np.flatnonzero(self.bins)
        mean = sum(int(self.bins[i]) * _bin_us(int(i)) for i in used) / total
        return {"count": total, "mean": round(mean, 1), "percentiles": found | {"100": self.worst_us}}


def _bin_us(index: int) -> int:
    """Where a step of the histogram begins."""
    return index if index < _BINS else _BINS + (index - _BINS) * _COARSE_US


class StatusFile:
    """A small JSON file replaced in one step, by a thread of its own so that pacing never waits for a disk."""

    def __init__(self, path: Path, lateness: Lateness) -> None:
        self._path = path
        self._lateness = lateness
        self._wake = threading.Condition()
        self._next: dict[str, Any] | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)
        self._thread.start()

    def put(self, document: dict[str, Any]) -> None:
        """Hand over the newest status; an older one that was not written yet is forgotten."""
        with self._wake:
            self._next = document
            self._wake.notify()

    def close(self, document: dict[str, Any]) -> None:
        """Write the last status, with all percentiles, and wait for it."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()
        self._lateness.settle()
        self._write({**document, "lateness": self._lateness.percentiles()})

    def _run(self) -> None:
        claim_processor()  # or this thread might be put aside while it holds the interpreter
        while True:
            with self._wake:
                while self._next is None and not self._closed:
                    self._wake.wait()
                document, self._next = self._next, None
                if document is None:
                    return
            self._write(document)

    def _write(self, document: dict[str, Any]) -> None:
        self._lateness.settle()
        share, lateness = self._lateness.summary()
        text = json.dumps({**document, "within_1ms": round(share, 6), "lateness_us": lateness})
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self._path)
