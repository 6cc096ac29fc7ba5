"""What a run over Ray leaves: commits, truth, ledger, and the status files of its sender and its detector."""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
from typing import Any, Final

import numpy as np

from campaign.ray_engine.actors import Planned
from campaign.ray_engine.driving import Merged
from campaign.ray_engine.pool import Pool
from campaign.ray_engine.sources import Batch, Generators
from contract.clock import Clock
from contract.errors import TenfoldError
from contract.ledger import Ledger
from detector.merging import Merger
from detector.outputs import Outputs
from detector.status import write_status
from generator.pacing import Lateness
from generator.plan import Planner
from generator.spool import write_truth
from generator.truth_file import TruthFile
from generator.workload import TOKYO_RATE, Workload
from store.writer import StoreWriter

_STATUS_S: Final = 0.2
_POLL_S: Final = 0.05
Json = dict[str, Any]


class Reporting:
    """One run's books."""

    def __init__(
        self,
        options: argparse.Namespace,
        clock: Clock,
        writer: StoreWriter,
        merger: Merger,
        pool: Pool,
        generators: Generators,
    ) -> None:
        self._options, self._clock, self._writer = options, clock, writer
        self._merger, self._pool, self._generators = merger, pool, generators
        self._workload = Workload.read(options.workload)
        self._truth = TruthFile(options.truth)
        self._lateness = Lateness()
        self._planned = Planned(0, 0, "", 0)
        self._slice_ns = 0
        self._state, self._error = "preparing", ""
        self._frames = self._attempts = self._late_frames = self._commits = self._readable = 0
        self._ends_ns = 0
        self._taken = 0  # frames merged
        self._written = self._began = time.monotonic()
        self._books = Ledger()
        self._stages = {name: self._books.stage(f"store_{name}", name) for name in ("flows", "verdicts")}

    def begin(self, planned: Planned, slice_ns: int) -> None:
        """The plan is there, and second 0 is known."""
        self._planned, self._slice_ns = planned, slice_ns
        self.tell("ready", force=True)

    def wait_s(self, batch: Batch, stop: threading.Event) -> float:
        """How long until that slice is over and may be handed over; below 0 where the run is to stop."""
        if stop.is_set() or self._asked_to_stop():
            return -1.0
        left = (batch.end_ns - self._clock.now_ns()) / 1e9
        self.tell("sending" if self._clock.now_ns() >= self._generators.workload.start_ns else "ready")
        return min(left, _POLL_S) if left > 0 else 0.0

    def sent(self, batch: Batch) -> None:
        """A slice was handed to the shards."""
        late_ns = self._clock.now_ns() - batch.end_ns
        count = batch.slice.offered
        self._lateness.count(np.full(count, late_ns), np.zeros(count, np.int64))
        self._late_frames += count if late_ns > self._slice_ns else 0
        self._frames += count
        self._attempts += batch.attempts
        self._ends_ns = batch.end_ns
        if batch.truth is not None:
            self._truth.write(batch.truth)

    def merged(self, merged: Merged) -> None:
        """A slice was merged: commit what came of it, under a name of its own."""
        self._taken += merged.batch.slice.offered
        self._commit(merged.outputs, f"{self._options.run}/{merged.batch.number}")
        self.tell("sending")

    def finish(self, *, stopped: bool) -> None:
        """The last slice is merged, and the detector's flows and incidents are ended."""
        self._commit(self._merger.outputs(), f"{self._options.run}/end")
        if self._frames < self._planned.frames or stopped:
            stopped = not self._generators.over
        if stopped:
            self._truth.abort()
            shift = self._generators.workload.start_ns - self._workload.start_ns
            write_truth(Planner(self._workload), self._options.truth, self._ends_ns, shift)
        else:
            self._truth.close()
        self.tell("stopped" if stopped else "done", force=True)

    def fail(self, error: TenfoldError) -> None:
        """The run cannot go on: what was merged stays, and what was under way is said to be lost."""
        self._error = str(error)
        self._pool.abandon()
        self._truth.abort()
        if self._slice_ns:
            shift = self._generators.workload.start_ns - self._workload.start_ns
            write_truth(Planner(self._workload), self._options.truth, self._ends_ns, shift)
        self._commit(self._merger.outputs(), f"{self._options.run}/end")
        self.tell("failed", force=True)

    def tell(self, state: str, *, force: bool = False) -> None:
        """Replace the status files if it is time."""
        now = time.monotonic()
        if not force and now - self._written < _STATUS_S:
            return
        self._state, self._written = state, now
        write_status(self._options.detector_status, self._detector())
        write_status(self._options.sender_status, self._sender())

    def _commit(self, outputs: Outputs, key: str) -> None:
        if not outputs:
            return
        self._readable = self._writer.commit(outputs.flows, outputs.verdicts, outputs.alerts, key=key)
        self._commits += 1
        for name, batch in (("flows", outputs.flows), ("verdicts", outputs.verdicts)):
            rows = batch.num_rows if batch is not None else 0
            self._stages[name].offered += rows
            self._stages[name].delivered += rows

    def _asked_to_stop(self) -> bool:
        return bool(self._control().get("stop"))

    def _control(self) -> Json:
        """What is asked of the run, empty while there is nothing (or half of it)."""
        try:
            document = json.loads(self._options.control.read_text(encoding="utf-8")) if self._options.control else {}
        except (OSError, ValueError, RecursionError):
            return {}
        return document if isinstance(document, dict) else {}

    def _sender(self) -> Json:
        ledger = Ledger()
        stage = ledger.stage("sender")
        stage.offered, stage.delivered = max(self._planned.frames, self._frames), self._frames
        rest = stage.offered - stage.delivered
        if self._state in ("stopped", "failed"):
            stage.drop("stopped" if self._state == "stopped" else "failed", rest)
        else:
            stage.in_flight = rest
        work = self._generators.workload
        within, summary = self._lateness.summary()
        second = max(self._clock.now_ns() - work.start_ns, 0) / 1e9
        return {
            "state": self._state,
            "error": self._error,
            "start_ns": work.start_ns,
            "end_ns": work.end_ns,
            "second": round(second, 3),
            "planned_frames": self._planned.frames,
            "planned_attempts": self._planned.attempts,
            "sent_frames": self._frames,
            "sent_attempts": self._attempts,
            "messages": self._pool.merged + self._pool.under_way,
            "multiplier_now": round(self._attempts / max(second, 1.0) / TOKYO_RATE, 3),
            "within_1ms": None,  # frames leave a slice at a time
            "within_slice": 1.0 - self._late_frames / max(self._frames, 1),
            "within_1ms_of_slice": within,
            "lateness_us": summary,
            "slice_ms": self._slice_ns / 1e6,
            "changes": [],
            "ledger": ledger.as_dict(),
        }

    def _detector(self) -> Json:
        ledger = Ledger()
        received = ledger.stage("receive")
        received.offered, received.delivered = self._frames, self._taken
        if self._state == "failed":
            received.drop("shard_lost", self._frames - self._taken)
        else:
            received.in_flight = self._frames - self._taken
        ledger.merge(self._merger.settle())
        ledger.merge(self._pool.ledger)
        ledger.merge(self._books)
        ledger.link("receive", "decode")
        ledger.link("classify", "store_flows")
        notes = [str(gap) for gap in self._pool.gaps]
        if self._generators.remade:
            notes.append(f"{self._generators.remade} slices were made again: their parcels went with a node")
        if self._control().get("changes"):
            notes.append("changes of the rate are not taken over Ray: the run goes on as planned")
        return self._merger.status() | {
            "state": {"ready": "listening", "sending": "serving"}.get(self._state, self._state),
            "reason": self._error,
            "pid": os.getpid(),
            "received": self._frames,
            "backlog": self._pool.under_way,
            "commits": self._commits,
            "readable_ns": self._readable,
            "seconds": round(time.monotonic() - self._began, 3),
            "tick_ms": self._merger.stopwatch.ticks_ms(),
            "stages_ms": self._merger.stopwatch.stages_ms(),
            "engine": {
                "name": "ray",
                "generators": self._options.generators,
                "detectors": self._options.detectors,
                "slices": self._pool.merged,
                "gaps": len(self._pool.gaps),
            },
            "notes": notes[-20:],
            "ledger": ledger.as_dict(),
        }
