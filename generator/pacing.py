"""What the pacing loop counts: how late each frame left, and what the status file says."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.files import part_of, remove_parts

_BINS: Final = 200_000  # of 1 us
_COARSE_US: Final = 1000  # what is later is told to 1 ms, up to two minutes
_COARSE: Final = 120_000
_BLOCK: Final = 512
_BLOCKS: Final = -(-(_BINS + _COARSE + 1) // _BLOCK)
_TOGETHER: Final = 4096  # frames that are counted in one go
LIMIT_US: Final = 1000
Int64 = npt.NDArray[np.int64]
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
    """A histogram of |left - planned| over all frames, in microseconds.

    It is counted beside the thread that paces, which waits for the interpreter as long as one step of it takes: so
    steps are small, and none goes through the whole histogram.
    """

    def __init__(self) -> None:
        self.worst_us = 0
        self._bins: Int64 = np.zeros(_BLOCKS * _BLOCK, np.int64)
        self._sums: Int64 = np.zeros(_BLOCKS, np.int64)  # of each block of bins
        self._total = self._on_time = 0
        self._pending: list[tuple[int, bytes]] = []

    def note(self, left_ns: int, times: bytes) -> None:
        """The frames with these times (int64 ns) left at that moment. Cheap; counted later by ``settle``."""
        if times:
            self._pending.append((left_ns, times))

    def count(self, left_ns: Int64, times: Int64) -> None:
        """These frames left at these moments; both int64 ns."""
        off = np.abs(left_ns - times) // 1000
        self.worst_us = max(self.worst_us, int(off.max(initial=0)))
        coarse = _BINS + np.minimum((off - _BINS) // _COARSE_US, _COARSE)
        at, counts = np.unique(np.where(off < _BINS, off, coarse), return_counts=True)
        self._bins[at] += counts
        np.add.at(self._sums, at // _BLOCK, counts)
        self._total += len(off)
        self._on_time += int(counts[: np.searchsorted(at, LIMIT_US, side="right")].sum())

    def settle(self) -> None:
        """Count what was noted."""
        pending, self._pending = self._pending, []
        low = 0
        while low < len(pending):
            high, frames = low, 0
            while high < len(pending) and frames < _TOGETHER:
                frames += len(pending[high][1]) // 8
                high += 1
            part = pending[low:high]
            sizes = [len(times) // 8 for _, times in part]
            lefts = np.repeat(np.array([left for left, _ in part], np.int64), sizes)
            self.count(lefts, np.frombuffer(b"".join(times for _, times in part), np.int64))
            low = high

    def summary(self) -> tuple[float, dict[str, int]]:
        """The share of frames within 1 ms of plan, and p50, p99, max in microseconds."""
        if not self._total:
            return 1.0, {"p50": 0, "p99": 0, "max": 0}
        p50, p99 = (self._reached(part * self._total) for part in (0.5, 0.99))
        return self._on_time / self._total, {"p50": p50, "p99": p99, "max": self.worst_us}

    def percentiles(self) -> dict[str, Any]:
        """``{"count", "mean", "percentiles": {"50": us, ...}}``: to 1 us up to 200 ms, beyond to 1 ms."""
        if not self._total:
            return {"count": 0, "mean": None, "percentiles": dict.fromkeys(map("{:g}".format, PERCENTILES))}
        found = {f"{p:g}": self._reached(float(np.ceil(p / 100 * self._total))) for p in PERCENTILES}
        used = np.flatnonzero(self._bins)
        mean = sum(int(self._bins[i]) * _bin_us(int(i)) for i in used) / self._total
        return {"count": self._total, "mean": round(mean, 1), "percentiles": found | {"100": self.worst_us}}

    def _reached(self, frames: float) -> int:
        """The lateness (us) that so many frames did not exceed."""
        block = min(int(np.searchsorted(np.cumsum(self._sums), frames)), _BLOCKS - 1)
        before = int(self._sums[:block].sum())
        own = self._bins[block * _BLOCK : (block + 1) * _BLOCK]
        at = block * _BLOCK + int(np.searchsorted(before + np.cumsum(own), frames))
        return min(_bin_us(at), self.worst_us)


def _bin_us(index: int) -> int:
    """Where a step of the histogram begins."""
    return index if index < _BINS else _BINS + (index - _BINS) * _COARSE_US


class StatusFile:
    """A small JSON file replaced in one step, by a thread of its own so that pacing never waits for a disk."""

    def __init__(self, path: Path, lateness: Lateness) -> None:
        self._path = path
        remove_parts(path)
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
        temporary = part_of(self._path)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self._path)
