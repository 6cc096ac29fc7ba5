"""Many sensors, one picture: what they tell is put together tick by tick, in the order of time, for one detector.

A tick is worked off when every sensor has told everything up to its end: the low watermark of all. A sensor that is
not heard of for a while is set aside and does not hold up the others; what it tells later counts in the running tick,
and is counted as late.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from contract.flow_batch import Note
from contract.ledger import Ledger, Stage
from detector.flow_rows import Rows, from_batch, joined, taken
from detector.pipeline import Detector

SILENCE_S: Final = 10.0
MEETING_S: Final = 60.0  # how long the first sensors wait for the others
MOST_ROWS: Final = 1 << 20  # that wait because one sensor lags behind; beyond, it is set aside
_MOST_SESSIONS: Final = 1024


@dataclass
class _Session:
    """One run of one sensor."""

    number: int
    sensor: str
    heard: float
    following: int = 0  # the sequence number that comes next
    through: int = 0
    newest: int = 0
    done: bool = False
    dropped: int = 0


class Centre:
    """Feeds a detector with a ``RemoteMeter``. Call ``take`` for each batch and ``work`` every now and then."""

    def __init__(self, detector: Detector, now: Callable[[], float] = time.monotonic) -> None:
        self.detector = detector
        self._now = now
        self._sessions: dict[tuple[str, str], _Session] = {}
        self._numbers = 0
        self._ticks: dict[int, list[tuple[int, Rows]]] = defaultdict(list)  # number of a tick: who tells what
        self._waiting = 0
        self._peers = 1
        self._began: float | None = None
        self._worked = 0  # worked off up to here (ns)
        self._counts: dict[str, int] = defaultdict(int)
        self._batches, self._rows = Stage("batches"), Stage("rows")

    def ledger(self) -> Ledger:
        """What became of batches and of their rows: the stages ``sensor_batches`` and ``sensor_rows``."""
        self._rows.in_flight = sum(len(rows.records) for parts in self._ticks.values() for _, rows in parts)
        return Ledger({"sensor_batches": self._batches, "sensor_rows": self._rows})

    def take(self, batch: pa.RecordBatch) -> None:
        """A sound batch with its note in the schema. One that came before is left out, whatever it is called."""
        note = Note.from_schema(batch.schema, "batch")
        session = self._session(note)
        session.heard = self._now()
        self._batches.offered += 1
        if note.sequence < session.following:
            self._counts["batches_again"] += 1
            self._batches.drop("again")
            return
        self._batches.delivered += 1
        self._counts["batches_missing"] += note.sequence - session.following
        self._counts["frames_elsewhere"] += note.frames
        session.following = note.sequence + 1
        session.through, session.newest = max(session.through, note.through), max(session.newest, note.newest)
        session.done, session.dropped = session.done or note.done, max(session.dropped, note.dropped)
        self._peers = max(self._peers, note.peers)
        if batch.num_rows:
            self._sort_in(session.number, from_batch(batch))

    def work(self) -> None:
        """Work off the ticks of which every sensor has told."""
        if not self._sessions or self._meeting():
            return
        now = self._now()
        active = [s for s in self._sessions.values() if not s.done and now - s.heard < SILENCE_S]
        if self._waiting > MOST_ROWS and active:
            ahead = max(s.through for s in active)
            self._counts["set_aside"] += sum(s.through < ahead for s in active)
            active = [s for s in active if s.through == ahead]
        if not active:
            return
        self._fold(min(s.through for s in active))

    @property
    def over(self) -> bool:
        """Whether every sensor that was heard of has said that it is done."""
        return bool(self._sessions) and not self._meeting() and all(s.done for s in self._sessions.values())

    def finish(self) -> None:
        """Nothing more will come: work off what was told of frames, then end the detector's flows and incidents."""
        tick_ns = self.detector.config.tick_ns
        newest = max((s.newest for s in self._sessions.values()), default=0)
        until = (newest // tick_ns + 1) * tick_ns if newest else 0
        if any(not s.done for s in self._sessions.values()):
            until = max(until, (max(self._ticks, default=-1) + 1) * tick_ns)
        self._fold(until, reach=False)
        # What is left are ends of flows that lie ahead: the detector ends them now.
        self._rows.drop(
            "ahead_of_the_end", sum(len(rows.records) for parts in self._ticks.values() for _, rows in parts)
        )
        self._ticks.clear()
        self.detector.finish()

    def status(self) -> dict[str, Any]:
        """Sensors, and what became of what they told."""
        now = self._now()
        sessions = self._sessions.values()
        return dict(self._counts) | {
            "sensors": len({s.sensor for s in sessions}),
            "sensors_active": sum(not s.done and now - s.heard < SILENCE_S for s in sessions),
            "rows_waiting": self._waiting,
            "batches_dropped_by_sensors": sum(s.dropped for s in sessions),
        }

    def _session(self, note: Note) -> _Session:
        key = (note.sensor, note.session)
        found = self._sessions.get(key)
        if found is None:
            for other in self._sessions.values():  # a sensor that was started anew does not come back as it was
                other.done = other.done or other.sensor == note.sensor
            self._numbers += 1
            self._began = self._now() if self._began is None else self._began
            found = self._sessions[key] = _Session(self._numbers, note.sensor, self._now(), note.sequence)
            self._forget_old()
        return found

    def _forget_old(self) -> None:
        while len(self._sessions) > _MOST_SESSIONS:
            oldest = min(self._sessions, key=lambda key: (not self._sessions[key].done, self._sessions[key].heard))
            del self._sessions[oldest]
            self._counts["sessions_forgotten"] += 1

    def _meeting(self) -> bool:
        """Whether sensors are still waited for that are to be part of the picture."""
        heard = len({session.sensor for session in self._sessions.values()})
        return heard < self._peers and self._began is not None and self._now() - self._began < MEETING_S

    def _sort_in(self, number: int, rows: Rows) -> None:
        tick_ns = self.detector.config.tick_ns
        ticks = np.maximum(rows.tick - 1, 0) // tick_ns
        late = int((rows.tick <= self._worked).sum())
        self._counts["rows_late"] += late
        self._counts["rows"] += len(ticks)
        self._rows.offered += len(ticks)
        if late:
            ticks = np.maximum(ticks, self._worked // tick_ns)
        order = np.argsort(ticks, kind="stable")
        bounds = np.flatnonzero(np.diff(ticks[order])) + 1
        for at in np.split(order, bounds):
            self._ticks[int(ticks[at[0]])].append((number, rows if len(at) == len(order) else taken(rows, at)))
        self._waiting += len(ticks)

    def _fold(self, until: int, *, reach: bool = True) -> None:
        tick_ns = self.detector.config.tick_ns
        for tick in sorted(tick for tick in self._ticks if (tick + 1) * tick_ns <= until):
            parts = self._ticks.pop(tick)
            rows = joined([rows for _, rows in parts])
            sessions = np.repeat([number for number, _ in parts], [len(rows.records) for _, rows in parts])
            self._waiting -= len(sessions)
            self._rows.delivered += len(sessions)
            if len(parts) > 1:
                # What ended without a frame stands behind the frames of its tick, in the order in which flows began.
                began = np.where(rows.touched >= rows.tick, rows.records["first"], 0)
                order = np.lexsort((sessions, began, rows.touched))
                rows, sessions = taken(rows, order), sessions[order]
            self.detector.fold(tick, rows, sessions.astype(np.uint32))
        if reach and until < 1 << 61:
            self.detector.reach(until)
            self._worked = max(self._worked, until)
