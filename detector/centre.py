"""Many sensors, one picture: what they tell is put together tick by tick, in the order of time, for one detector.

A tick is worked off when every sensor has told everything up to its end: the low watermark of all. A sensor that is
not heard of for a while is set aside and does not hold up the others; what it tells later counts in the running tick,
and is counted as late.

A centre may end before its sensors do, and another goes on. Sensors tell of a flow until it has ended, with all its
counts, so flows that live are left to the other, and ``frontier`` says which rows need not be told again.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from contract.flow_batch import Note
from contract.frontier import Frontier
from contract.ledger import Ledger, Stage
from detector.flow_rows import Rows, from_batch, joined, taken
from detector.flowtable import NEVER, NOT_ENDED
from detector.pipeline import Detector
from detector.remote_meter import RemoteMeter
from detector.told import ranges

SILENCE_S: Final = 10.0
MEETING_S: Final = 60.0  # how long the first sensors wait for the others
MOST_ROWS: Final = 1 << 20  # that wait because one sensor lags behind; beyond, it is set aside
_MOST_SESSIONS: Final = 1024
_MOST_FOLLOWED: Final = 65_536  # batches of which is known what they tell; those before count as told
_NO_TICK: Final = -1


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
    """Feeds a detector with a ``RemoteMeter``. Call ``take`` for each batch and ``work`` every now and then.

    ``known`` are the sensors of a picture that another centre began, and whether each is done: those that are not are
    waited for as peers are, and nothing is worked off before ``begin``.
    """

    def __init__(
        self,
        detector: Detector,
        now: Callable[[], float] = time.monotonic,
        known: Mapping[str, bool] | None = None,
    ) -> None:
        self.detector = detector
        self._now = now
        self._known = dict(known or {})
        self._begun = not self._known
        self._sessions: dict[tuple[str, str], _Session] = {}
        self._numbers = 0
        self._ticks: dict[int, list[tuple[int, Rows]]] = defaultdict(list)  # number of a tick: who tells what
        self._waiting = 0
        self._peers = 1
        self._began: float | None = None
        self._worked = 0  # worked off up to here (ns)
        self._counts: dict[str, int] = defaultdict(int)
        self._taken = 0  # batches
        self._told = 0  # ticks that end by then (ns), with all flows that ended in them
        self._open: deque[int] = deque(maxlen=_MOST_FOLLOWED)  # of the newest of them: the last tick that each tells of
        # Batches with rows that came late, and when these are worked off.
        self._late: deque[tuple[int, int]] = deque(maxlen=_MOST_FOLLOWED)
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
        self._taken += 1
        self._open.append(_NO_TICK)
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
            self._open[-1] = self._sort_in(session.number, from_batch(batch))

    def begin(self) -> None:
        """All that the other centre left has been taken."""
        self._begun = True

    def skip(self) -> None:
        """There was a batch that could not be read."""
        self._taken += 1
        self._open.append(_NO_TICK)

    def frontier(self, stream: str) -> Frontier:
        """Which rows need not be told again, once what came out is kept. Its frames are batches, its times ticks' ends.

        A row of a flow that lives is one of them: a later row has all its counts.
        """
        tick_ns = self.detector.config.tick_ns
        until = self._worked // tick_ns * tick_ns
        if self.detector.meter.next_end() != NEVER:  # flows have ended that did not come out yet
            until = min(until, self.detector.handed_until)
        until = self._told = max(until, self._told)
        while self._late and self._late[0][1] <= until:
            self._late.popleft()
        late = ranges(np.array([number for number, _ in self._late], np.int64))
        while self._open and (self._open[0] + 1) * tick_ns <= until:
            self._open.popleft()
        return Frontier(stream, self._taken, until, late, self._taken - len(self._open))

    def work(self) -> None:
        """Work off the ticks of which every sensor has told."""
        if not self._sessions or not self._begun or self._meeting():
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
        closed = bool(self._known) and all(self._known.values())  # by the other centre, to which all was told
        heard = bool(self._sessions) or closed
        return heard and self._begun and not self._meeting() and all(s.done for s in self._sessions.values())

    def finish(self) -> None:
        """Nothing more will come: work off what was told of frames, then end the detector's flows and incidents.

        Where sensors are not done they will tell another centre: what was not worked off, and flows that live, are left
        to it.
        """
        if not self.over:
            self.detector.finish(leave=True)
            return
        tick_ns = self.detector.config.tick_ns
        newest = max((s.newest for s in self._sessions.values()), default=0)
        until = (newest // tick_ns + 1) * tick_ns if newest else 0
        self._fold(until, reach=False)
        if self._known:
            self._take_over(until // tick_ns)
        # What is left are ends of flows that lie ahead: the detector ends them now.
        self._rows.drop(
            "ahead_of_the_end", sum(len(rows.records) for parts in self._ticks.values() for _, rows in parts)
        )
        self._ticks.clear()
        self.detector.finish()

    def _take_over(self, tick: int) -> None:
        """Of flows that lived when the other centre ended, what lies ahead may be the first word that comes here."""
        meter = self.detector.meter
        if not isinstance(meter, RemoteMeter):
            raise TypeError("a centre needs a RemoteMeter")
        for parts in self._ticks.values():
            for at, (number, rows) in enumerate(parts):
                new = ~meter.lives(number, rows.records["flow_id"])
                if new.any():
                    found = taken(rows, np.flatnonzero(new))
                    found.records["ended"] = NOT_ENDED  # the detector ends them now
                    self.detector.fold(tick, found, np.full(len(found.records), number, np.uint32))
                    self._rows.delivered += len(found.records)
                    parts[at] = number, taken(rows, np.flatnonzero(~new))

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
        heard = {session.sensor for session in self._sessions.values()}
        gone = {name for name, done in self._known.items() if done}
        lacking = len(heard | gone) < self._peers or not heard | gone >= self._known.keys()
        return lacking and self._began is not None and self._now() - self._began < MEETING_S

    def _sort_in(self, number: int, rows: Rows) -> int:
        """Put rows to their ticks; the last of these."""
        tick_ns = self.detector.config.tick_ns
        ticks = np.maximum(rows.tick - 1, 0) // tick_ns
        late = int((rows.tick <= self._worked).sum())
        self._counts["rows_late"] += late
        self._counts["rows"] += len(ticks)
        self._rows.offered += len(ticks)
        if late:
            running = self._worked // tick_ns
            ticks = np.maximum(ticks, running)
            self._late.append((self._taken - 1, (running + 1) * tick_ns))
        order = np.argsort(ticks, kind="stable")
        bounds = np.flatnonzero(np.diff(ticks[order])) + 1
        for at in np.split(order, bounds):
            self._ticks[int(ticks[at[0]])].append((number, rows if len(at) == len(order) else taken(rows, at)))
        self._waiting += len(ticks)
        return int(ticks.max())

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
