"""The detector: frames go in, flows, verdicts and alerts come out, tick by tick.

Ticks follow the time of the traffic (``detector.event_order``), so the same frames give the same answer in batches of
any size, from a capture or from a wire. A tick is worked off where it held frames or where something is due: a second
look, the end of a flow, an alert to be written again or closed. docs/engine.md says what is guaranteed.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.alert import Alert
from contract.clock import Clock
from contract.ledger import Ledger
from contract.schemas import FLOWS, VERDICTS
from detector.alerts import AlertBook
from detector.config import NS, Config
from detector.drift import Drift
from detector.event_order import BEFORE
from detector.flow_rows import Rows
from detector.hands import Hands
from detector.meter import Meter, Slots
from detector.observer import Observer
from detector.outputs import Judge, Outputs, joined
from detector.remote_meter import RemoteMeter
from detector.stopwatch import Stopwatch
from detector.ticking import Ticking
from detector.verdicts import VerdictRows

__all__ = ["Detector", "Judge", "Outputs"]


class Detector(Ticking):
    """One detector over one stream of frames.

    Args:
        config: settings
        model: what classifies (``detector.model.load_default()``)
        clock: not needed for captures; ``tick`` may be called without a time where it is given
        stopwatch: what times it
        meter: what counts; ``RemoteMeter`` where sensors do it elsewhere (then ``fold`` takes the place of ``feed``)
    """

    def __init__(
        self,
        config: Config,
        model: Judge,
        clock: Clock | None = None,
        stopwatch: Stopwatch | None = None,
        meter: Meter | None = None,
    ) -> None:
        super().__init__(config, clock)
        self.model = model
        self.meter = meter or Meter(
            config.capacity,
            config.idle_s,
            config.active_s,
            seed=config.seed,
            tunnels=config.tunnels,
            shards=config.shards,
            processes=config.processes,
        )
        self._hands = Hands(config.shards)
        self.observer = Observer(self.meter.table, config.seed, self._hands, config.hosts)
        slots = len(self.meter.table.flows)
        self.alerts = AlertBook(
            model.families, slots, config.policy, config.first_alert_id, config.seed, config.earlier
        )
        self.ledger = Ledger()
        self.ledger.link("decode", "meter")
        self._decode, self._metered = self.ledger.stage("decode"), self.ledger.stage("meter")
        self._classified = self.ledger.stage("classify", "flows")
        self._spoken = self.ledger.stage("verdict", "verdicts")
        self._told = self.ledger.stage("alert", "incidents")
        self._written = self.ledger.stage("alert_writing", "alert writings")
        self.stopwatch = stopwatch or Stopwatch()
        self.counts: dict[str, int] = defaultdict(int)
        self._rows = VerdictRows(model.families)
        self.drift = Drift(getattr(model, "card", {}))
        self._out_flows: list[pa.RecordBatch] = []
        self._out_verdicts: list[pa.RecordBatch] = []
        self._out_alerts: list[Alert] = []
        self.handed_until = 0  # all flows that ended by then (epoch ns) are in what came out

    def fold(self, tick: int, rows: Rows, sessions: npt.NDArray[np.uint32]) -> None:
        """Take what sensors tell of one tick, instead of frames: ticks before it are worked off first.

        Needs a ``RemoteMeter``. What comes for a tick that is over counts in the running one.
        """
        if not isinstance(self.meter, RemoteMeter):
            raise TypeError("rows of sensors need a RemoteMeter")
        if self._tick == BEFORE:
            self._tick = tick
        self._reach(tick)
        self.stopwatch.start()
        packets = self.meter.apply(rows, sessions)
        self._decode.offered += packets
        self._decode.delivered += packets
        self._metered.offered += packets
        self._tick_frames += 1
        self.stopwatch.lap("meter")

    def reach(self, until_ns: int) -> None:
        """Sensors have told everything up to then: work off the ticks that are over."""
        self._reach(until_ns // self.config.tick_ns)

    def finish(self, until_ns: int | None = None, *, leave: bool = False) -> None:
        """The input has ended: end the running tick, all flows and all incidents.

        ``until_ns`` says until when it was listened to (of a live stream: ``watermark``); else it ended with its last
        frame. ``leave``: flows that live are not ended and not handed out, since another detector is told of them.
        """
        self._meter(self._order.flush())
        if until_ns is not None:
            self._reach(until_ns // self.config.tick_ns)
        now = self._end()
        self._close_tick(now, last=True)
        self._end_flows(self.meter.expire(now) if leave else self.meter.finish(), np.zeros(0, np.int32), now)
        if leave:
            self._metered.drop("left_to_the_next", self._metered.offered - self._metered.delivered)
        self._out_alerts += self.alerts.finish(now)
        self.settle()

    def take_memory(self, flows: int) -> int:
        """Take the memory that so many live flows need now, before the first frame; how many bytes."""
        return self.meter.take_memory(flows) + self.observer.take_memory(flows)

    def close(self) -> None:
        """Let go of threads and processes, whether or not the input has ended."""
        self.meter.close()
        self._hands.close()

    def outputs(self) -> Outputs:
        """What came out since the last call."""
        self._written.offered += len(self._out_alerts)
        found = Outputs(joined(self._out_flows, FLOWS), joined(self._out_verdicts, VERDICTS), self._out_alerts)
        self._out_flows, self._out_verdicts, self._out_alerts = [], [], []
        self._classified.delivered += found.flows.num_rows if found.flows is not None else 0
        self._spoken.delivered += found.verdicts.num_rows if found.verdicts is not None else 0
        self._written.delivered += len(found.alerts)
        return found

    def settle(self) -> Ledger:
        """Bring the ledger up to date and return it. Frames of flows that live are in flight."""
        self._decode.in_flight = self._order.held
        live = self.meter.counts()["live"]
        rest = self._metered.offered - self._metered.delivered - self._metered.dropped["left_to_the_next"]
        self._metered.in_flight = rest if live else 0
        self._classified.in_flight = sum(batch.num_rows for batch in self._out_flows)
        self._spoken.in_flight = sum(batch.num_rows for batch in self._out_verdicts)
        told, silenced = self._told, self.alerts.silenced
        told.dropped.update({kind: count - told.dropped[kind] for kind, count in silenced.items() if count})
        told.delivered = self.alerts.raised
        told.offered = told.delivered + sum(silenced.values())
        return self.ledger

    def open_since(self) -> int:
        """The time of the oldest frame that is in no flow yet that came out (epoch ns)."""
        return min(self.meter.open_since(), self.told_until)

    @property
    def frames(self) -> int:
        """How many frames it was fed."""
        return self._decode.offered

    def status(self) -> dict[str, int]:
        """Counts so far: frames, flows, verdicts, attacks, alerts, and what bounded tables let go."""
        metered = self.meter.counts()
        return dict(self.counts) | {
            "frames": self._decode.offered,
            "frames_late": self._order.late,
            "frames_out_of_order": self._order.backward,
            "alerts": self.alerts.raised,
            "open_alerts": self.alerts.open,
            "allowed_alerts": self.alerts.silenced["allowed"],
            "muted_alerts": self.alerts.silenced["muted"],
            "live_flows": metered["live"],
            "hosts_evicted": self.observer.evicted,
            "flows_evicted": metered["evicted"],
            "frames_backwards": metered["backwards"],
            "fragments_displaced": metered["fragments_displaced"],
            "hellos_displaced": metered["hellos_displaced"],
            "second_looks_skipped": self.observer.skipped,
            "candidates_evicted": self.alerts.evicted,
            "verdicts_without_incident": self.alerts.refused,
        }

    def _offered(self, frames: int) -> None:
        self._decode.offered += frames

    def _next_due(self) -> int:
        """The tick at whose end something is due, whether or not a frame comes."""
        sweep_ns = int(self.config.sweep_s * NS)
        swept = -(-min(self.meter.next_end(), self.alerts.next_close()) // sweep_ns) * sweep_ns
        due = min(swept, self.observer.next_look(), self.alerts.next_revision())
        return -(-due // self.config.tick_ns) - 1

    def _count(self, batch: pa.RecordBatch, low: int, times: npt.NDArray[np.int64]) -> None:
        self.stopwatch.start()
        dropped = self.meter.update(batch, low, low + len(times))
        passed = len(times) - sum(dropped.values())
        self._decode.delivered += passed
        self._decode.dropped.update(dropped)
        self._metered.offered += passed
        self.stopwatch.lap("meter")

    def _end_tick(self, now: int, *, last: bool = False) -> None:
        self.stopwatch.start()
        ended = np.zeros(0, np.int32)
        sweep_ns = int(self.config.sweep_s * NS)
        if now // sweep_ns != (now - self.config.tick_ns) // sweep_ns:
            ended = self._expire(now)
            # Before this tick's verdicts, so that a cause that comes back after its quiet time is a new incident.
            self._out_alerts += self.alerts.sweep(now)
        elif self.meter.crowded:  # a flood: flows that began would find no slot by the next sweep
            ended = self._expire(now)
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
        self.stopwatch.end_tick(now)

    def _expire(self, now: int) -> Slots:
        self.handed_until = now
        return self.meter.expire(now)

    def _classify(self, slots: Slots, matrix: npt.NDArray[np.float32], now: int) -> None:
        """Classify and fold into incidents. What is said of a flow outside follows in ``_speak``."""
        if not len(slots):
            return
        codes, scores = self.alerts.demanding(*self._scores(matrix))
        self.drift.take(matrix, codes, scores)
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

    def _scores(self, matrix: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
        codes, scores = np.zeros(len(matrix), np.int16), np.zeros(len(matrix), np.float32)

        def work(_: int, low: int, high: int) -> None:
            codes[low:high], scores[low:high] = self.model.classify(matrix[low:high])

        self._hands.share(len(matrix), work)
        return codes, scores

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
            self._spoken.offered += len(slots)
            self.counts["verdicts"] += len(slots)
            self.counts["attacks"] += int((self.alerts.marks["said"][ended] > 0).sum())
        if len(ended):
            self._out_flows.append(self.meter.export(ended))
            self._metered.delivered += int(self.meter.table.flows["packets"][ended].sum())
            self._classified.offered += len(ended)
            self.counts["flows"] += len(ended)
            self.alerts.release(ended)
            self.meter.release(ended)
