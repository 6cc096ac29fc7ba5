"""The detector: frames go in, flows, verdicts and alerts come out, tick by tick.

Ticks follow the time of the traffic, so the same frames give the same answer in batches of any size. A frame belongs to
the tick of the newest timestamp seen up to it: late ones count to the running tick.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.alert import Alert
from contract.clock import Clock
from contract.ledger import Ledger
from contract.schemas import FLOWS, FRAMES, VERDICTS, check_schema
from detector.alerts import AlertBook
from detector.config import NS, Config
from detector.drift import Drift
from detector.meter import Meter, Slots
from detector.observer import Observer
from detector.stopwatch import Stopwatch
from detector.verdicts import VerdictRows

_BEFORE: Final = np.iinfo(np.int64).min


class Judge(Protocol):
    """What the pipeline needs of a ``detector.model.Model``."""

    @property
    def families(self) -> tuple[str, ...]:
        """Names by code; the first is ``benign``."""

    def classify(self, matrix: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
        """Codes and scores of rows of features."""


@dataclass
class Outputs:
    """What came out since the last call. Batches are FLOWS and VERDICTS, None where there is nothing."""

    flows: pa.RecordBatch | None = None
    verdicts: pa.RecordBatch | None = None
    alerts: list[Alert] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.flows is not None or self.verdicts is not None or bool(self.alerts)


class Detector:
    """One detector over one stream of frames.

    Args:
        config: settings
        model: what classifies (``detector.model.load_default()``)
        clock: not needed for captures; ``tick`` may be called without a time where it is given
    """

    def __init__(self, config: Config, model: Judge, clock: Clock | None = None) -> None:
        self.config = config
        self.model = model
        self.meter = Meter(config.capacity, config.idle_s, config.active_s, seed=config.seed, tunnels=config.tunnels)
        self.observer = Observer(self.meter.table, config.seed)
        self.alerts = AlertBook(
            model.families, len(self.meter.table.flows), config.policy, config.first_alert_id, config.seed
        )
        self.ledger = Ledger()
        self.ledger.link("decode", "meter")
        self._decode, self._metered = self.ledger.stage("decode"), self.ledger.stage("meter")
        self._classified = self.ledger.stage("classify", "flows")
        self._told = self.ledger.stage("alert", "incidents")
        self.stopwatch = Stopwatch()
        self.counts: dict[str, int] = defaultdict(int)
        self._clock = clock
        self._rows = VerdictRows(model.families)
        self.drift = Drift(getattr(model, "card", {}))
        self._newest = _BEFORE
        self._tick = _BEFORE  # number of the running tick
        self._tick_frames = 0
        self._swept = _BEFORE
        self._out_flows: list[pa.RecordBatch] = []
        self._out_verdicts: list[pa.RecordBatch] = []
        self._out_alerts: list[Alert] = []

    def feed(self, batch: pa.RecordBatch) -> None:
        """Take FRAMES. Ticks that they complete are worked off at once; see ``outputs``."""
        check_schema(batch.schema, FRAMES, "detector")
        count = batch.num_rows
        if not count:
            return
        batch = _read_only(batch)
        ts = batch.column("ts").cast(pa.int64()).to_numpy(zero_copy_only=False)
        newest = np.maximum(np.maximum.accumulate(ts), self._newest)
        self._newest = int(newest[-1])
        ticks = newest // self.config.tick_ns
        low = 0
        while low < count:
            tick = int(ticks[low])
            if self._tick == _BEFORE:
                self._tick = tick
            elif tick > self._tick or self._tick_frames >= self.config.tick_frames:
                self._end_tick((self._tick + 1) * self.config.tick_ns)
                self._tick, self._tick_frames = max(tick, self._tick), 0
            high = int(np.searchsorted(ticks, tick, side="right"))
            high = min(high, low + self.config.tick_frames - self._tick_frames)
            self._meter(batch, low, high)
            low = high

    def tick(self, now_ns: int | None = None) -> None:
        """Nothing came, but time passes: end the running tick if it is over by the clock (live streams only)."""
        now = self._clock.now_ns() if now_ns is None and self._clock else now_ns
        if now is None or self._tick == _BEFORE:
            return
        tick = now // self.config.tick_ns
        if tick > self._tick:
            self._newest = max(self._newest, tick * self.config.tick_ns)
            self._end_tick(tick * self.config.tick_ns)
            self._tick, self._tick_frames = tick, 0

    def finish(self) -> None:
        """The input has ended: end the running tick, all flows and all incidents."""
        now = (self._tick + 1) * self.config.tick_ns if self._tick != _BEFORE else 0
        self._end_tick(now, last=True)
        self._end_flows(self.meter.finish(), np.zeros(0, np.int32), now)
        self._out_alerts += self.alerts.finish(now)
        self.settle()

    def outputs(self) -> Outputs:
        """What came out since the last call."""
        found = Outputs(_one(self._out_flows, FLOWS), _one(self._out_verdicts, VERDICTS), self._out_alerts)
        self._out_flows, self._out_verdicts, self._out_alerts = [], [], []
        return found

    def settle(self) -> Ledger:
        """Bring the ledger up to date and return it. Frames of flows that live are in flight."""
        live = self.meter.counts()["live"]
        self._metered.in_flight = self._metered.offered - self._metered.delivered if live else 0
        told, silenced = self._told, self.alerts.silenced
        told.dropped.update({kind: count - told.dropped[kind] for kind, count in silenced.items() if count})
        told.delivered = self.alerts.raised
        told.offered = told.delivered + sum(silenced.values())
        return self.ledger

    @property
    def newest(self) -> int | None:
        """The newest time of the traffic (epoch ns), None before the first frame."""
        return None if self._newest == _BEFORE else self._newest

    @property
    def frames(self) -> int:
        """How many frames it was fed."""
        return self._decode.offered

    def status(self) -> dict[str, int]:
        """Counts so far: frames, flows, verdicts, attacks, alerts, and what bounded tables let go."""
        metered = self.meter.counts()
        return dict(self.counts) | {
            "frames": self._decode.offered,
            "alerts": self.alerts.raised,
            "open_alerts": self.alerts.open,
            "allowed_alerts": self.alerts.silenced["allowed"],
            "muted_alerts": self.alerts.silenced["muted"],
            "live_flows": metered["live"],
            "hosts_evicted": self.observer.evicted,
            "flows_evicted": metered["evicted"],
            "frames_backwards": metered["backwards"],
            "fragments_displaced": metered["fragments_displaced"],
            "second_looks_skipped": self.observer.skipped,
            "candidates_evicted": self.alerts.evicted,
            "verdicts_without_incident": self.alerts.refused,
        }

    def _meter(self, batch: pa.RecordBatch, low: int, high: int) -> None:
        self.stopwatch.start()
        dropped = self.meter.update(batch, low, high)
        passed = high - low - sum(dropped.values())
        self._decode.offered += high - low
        self._decode.delivered += passed
        self._decode.dropped.update(dropped)
        self._metered.offered += passed
        self._tick_frames += high - low
        self.stopwatch.lap("meter")

    def _end_tick(self, now: int, *, last: bool = False) -> None:
        self.stopwatch.start()
        sweep = self._swept == _BEFORE or now - self._swept >= self.config.sweep_s * NS
        ended = np.zeros(0, np.int32)
        if sweep:
            self._swept = now
            ended = self.meter.expire(now)
            # Before this tick's verdicts, so that a cause that comes back after its quiet time is a new incident.
            self._out_alerts += self.alerts.sweep(now)
        elif self.meter.crowded:  # a flood: flows that began would find no slot by the next sweep
            ended = self.meter.expire(now)
        dirty = self.meter.dirty()
        self.stopwatch.lap("meter")
        slots, matrix = self.observer.look(dirty, now, last=last)
        self.stopwatch.lap("features")
        self._classify(slots, matrix, now)
        self._out_alerts += self.alerts.decide(now)
        changed = self._speak(slots)
        self.stopwatch.lap("alerts")
        self.meter.clear_dirty()
        self._end_flows(ended, changed, now)
        self.stopwatch.lap("verdicts")
        self.stopwatch.end_tick()

    def _classify(self, slots: Slots, matrix: npt.NDArray[np.float32], now: int) -> None:
        """Classify and fold into incidents. What is said of a flow outside follows in ``_speak``."""
        if not len(slots):
            return
        codes, scores = self.alerts.demanding(*self.model.classify(matrix))
        self.drift.take(matrix, codes)
        self.stopwatch.lap("classify")
        marks = self.alerts.marks
        packets = self.meter.table.flows["packets"][slots].sum(axis=1).astype(np.uint32)
        before = marks["label"][slots]
        # An attack stays one until the flow has doubled: what made it one (a flood around it) may be over by then.
        stays = (codes == 0) & (before > 0) & (packets < 2 * marks["looked"][slots])
        codes = np.where(stays, before, codes).astype(np.int16)
        scores = np.where(stays, marks["score"][slots], scores).astype(np.float32)
        self.counts["scored"] += len(slots)
        marks["label"][slots] = codes
        marks["score"][slots] = scores
        marks["looked"][slots] = np.where(codes != before, packets, marks["looked"][slots])
        relevant = (codes > 0) | (before > 0)
        self.alerts.gather(self.meter.table, slots[relevant], codes[relevant], scores[relevant], now)

    def _speak(self, slots: Slots) -> Slots:
        """Say of flows what they are, and return those of which something new is said.

        One odd flow is no attack: it is called one when its incident has been raised, or when it is beyond doubt.
        """
        slots = np.union1d(slots, self.alerts.members_of_new()).astype(np.int32)
        if not len(slots):
            return slots
        slots = slots[np.argsort(self.meter.table.flows["flow_id"][slots])]  # slots say nothing of the traffic
        marks = self.alerts.marks[slots]
        sure = (marks["score"] >= self.config.sure) & ~self.alerts.allowed(slots)
        sure |= (self.alerts.alert_ids(slots) > 0) | (marks["said"] > 0)
        said = np.where(sure, marks["label"], 0).astype(np.int16)
        self.alerts.marks["said"][slots] = said
        turned: Slots = slots[said != marks["said"]]
        return turned

    def _end_flows(self, ended: Slots, changed: Slots, now: int) -> None:
        """Write verdicts on what changed and what ended; hand out and release what ended."""
        changed = changed[~np.isin(changed, ended)] if len(ended) else changed
        slots = np.concatenate((changed, ended))
        if len(slots):
            final = np.zeros(len(slots), np.bool_)
            final[len(changed) :] = True
            ids = self.alerts.alert_ids(slots)
            self._out_verdicts.append(self._rows.rows(self.meter.table, self.alerts.marks, slots, final, ids, now))
            self.counts["verdicts"] += len(slots)
            self.counts["attacks"] += int((self.alerts.marks["said"][ended] > 0).sum())
        if len(ended):
            self._out_flows.append(self.meter.export(ended))
            self._metered.delivered += int(self.meter.table.flows["packets"][ended].sum())
            self._classified.offered += len(ended)
            self._classified.delivered += len(ended)
            self.counts["flows"] += len(ended)
            self.alerts.release(ended)
            self.meter.release(ended)


def _read_only(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same memory, which nobody may write to: kernels are compiled anew for arrays that can be written."""
    columns = []
    for column in batch.columns:
        buffers = [None if b is None else pa.py_buffer(memoryview(b).toreadonly()) for b in column.buffers()]
        columns.append(pa.Array.from_buffers(column.type, len(column), buffers, 0, column.offset))
    return pa.record_batch(columns, schema=batch.schema)


def _one(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch | None:
    if len(batches) <= 1:
        return batches[0] if batches else None
    table = pa.Table.from_batches(batches, schema).combine_chunks()
    found: pa.RecordBatch = table.to_batches()[0]
    return found
