"""The loop of the detector's process: what an inbox gives goes through the pipeline into the store, tick by tick."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any, Final, Protocol

from contract.clock import Clock
from contract.frontier import Frontier
from contract.ledger import Ledger
from detector.frame_queue import FrameQueue
from detector.outbox import Outbox
from detector.pipeline import Detector, Outputs
from detector.settings import Settings
from detector.status import write_status

_STATUS_S: Final = 0.2
_DRIFT_S: Final = 10.0
_QUIET_NS: Final = 50_000_000  # what a stream of now may keep back
_STALL_NS: Final = 1_000_000_000  # what a stream of another time, a recording, may keep back
_NOW_NS: Final = 60_000_000_000  # a stream is of now if its times are not further from it than this


class Pulse:
    """Moves frames from an inbox through a detector; without frames, the traffic's time goes on by the clock.

    A packet ring says up to when it has handed over everything (``FrameQueue.complete_ns``). Of a stream that is silent
    it is taken to be so up to the time of its newest frame and what has passed since, less what it may keep back.
    """

    def __init__(self, inbox: FrameQueue, detector: Detector, clock: Clock) -> None:
        self.inbox, self.detector = inbox, detector
        self._clock = clock
        self._came = clock.now_ns()

    def beat(self) -> tuple[Outputs, bool]:
        """Wait for frames for at most a tick; what came out of the detector, and whether nothing more will come."""
        batch, over = self.inbox.take(self.detector.config.tick_ns / 1e9)
        now = self._clock.now_ns()
        self.detector.stopwatch.received()
        if batch is not None:
            self._came = now
            self.detector.feed(batch)
        newest = self.detector.newest
        if self.inbox.complete_ns is not None:
            self.detector.tick(self.inbox.complete_ns)
        elif newest is not None:
            kept_back = _QUIET_NS if abs(now - newest) < _NOW_NS else _STALL_NS
            if now - self._came > kept_back:
                self.detector.tick(newest + now - self._came - kept_back)
        return self.detector.outputs(), over

    def finish(self) -> None:
        """Nothing more will come: finish what was received."""
        self.detector.finish()


class Mover(Protocol):
    """What moves things from an inbox through a detector, and finishes them: a ``Pulse``."""

    def beat(self) -> tuple[Outputs, bool]:
        """Wait for at most a tick; what came out of the detector, and whether nothing more will come."""

    def finish(self) -> None:
        """Nothing more will come."""


class Teller(Protocol):
    """Who says how far a stream has been told: a ``detector.told.Told``."""

    def frontier(self, frames: int) -> Frontier:
        """The frontier of what came out, after so many frames."""

    def all(self, frames: int) -> Frontier:
        """As above, at the end of the stream."""


class Service:
    """One running detector: inbox, pipeline, outbox, status file; ``settings`` may change while it runs.

    ``pulse`` is what moves things from one to the next, where it is not the usual one for frames. With ``told`` the
    status says up to where the stream is told in what has been committed.
    """

    def __init__(
        self,
        inbox: FrameQueue,
        detector: Detector,
        outbox: Outbox,
        status: Path,
        clock: Clock,
        settings: Settings | None = None,
        pulse: Mover | None = None,
        told: Teller | None = None,
    ) -> None:
        self.inbox, self.detector, self.outbox = inbox, detector, outbox
        self._pulse = pulse or Pulse(inbox, detector, clock)
        self._told = told
        self._status = status
        self._settings = settings or Settings()
        self._began = time.monotonic()
        self._written = 0.0
        self._before = (self._began, 0)
        self._rate = 0.0
        self._drifted = 0.0
        self._drift_report: dict[str, Any] = {}

    def run(self, stop: threading.Event) -> None:
        """Work until the stream is over or ``stop`` is set, then finish what was received."""
        over = False
        while not over:
            if stop.is_set():
                self.inbox.stop()
            self._settings.refresh(self.detector)
            outputs, over = self._pulse.beat()
            self.outbox.put(outputs, self._told.frontier(self.detector.frames) if self._told else None)
            self.report("stopping" if stop.is_set() else "serving")
        self.report("finishing", force=True)
        self._pulse.finish()
        self.outbox.put(self.detector.outputs(), self._told.all(self.detector.frames) if self._told else None)

    def report(self, state: str, *, force: bool = False) -> None:
        """Replace the status file if it is time."""
        now = time.monotonic()
        if not force and now - self._written < _STATUS_S:
            return
        self._written = now
        frames, settled = self.detector.frames, self.outbox.settled
        since, before = self._before
        if now - since >= 1.0 or force:
            self._rate = (frames - before) / max(now - since, 1e-3)
            self._before = (now, frames)
        document = (
            self.detector.status()
            | self.inbox.status()
            | {
                "state": state,
                "pid": os.getpid(),
                "frames_per_s": round(self._rate, 1),
                "received": self.inbox.received,
                "backlog": self.inbox.backlog,
                "uncommitted": self.outbox.waiting,
                "commits": self.outbox.commits,
                "settled": settled.whole if settled else 0,
                "readable_ns": self.outbox.readable_ns,
                "seconds": round(now - self._began, 3),
                "tick_ms": self.detector.stopwatch.ticks_ms(),
                "stages_ms": self.detector.stopwatch.stages_ms(),
                "drift": self._drift(now),
                "notes": [*self.inbox.notes, *self._settings.notes][-20:],
                "ledger": self.ledger().as_dict(),
            }
        )
        write_status(self._status, document)

    def _drift(self, now: float) -> dict[str, Any]:
        """How far the traffic lies from what the model knows, made anew every few seconds: it sorts the looks."""
        if not self._drifted or now - self._drifted >= _DRIFT_S:
            self._drifted, self._drift_report = now, self.detector.drift.report()
        return self._drift_report

    def ledger(self) -> Ledger:
        """All stages of this process, up to date."""
        ledger = self.inbox.ledger()
        ledger.merge(self.detector.settle())
        ledger.merge(self.outbox.ledger)
        ledger.link("receive", "decode")
        ledger.link("classify", "store_flows")
        ledger.link("verdict", "store_verdicts")
        ledger.link("alert_writing", "store_alerts")
        return ledger
