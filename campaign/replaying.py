"""A capture as traffic of a campaign: rewritten into the lab, on the campaign's clock, looped, with its truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pyarrow as pa

from campaign.labels import I64
from campaign.replay_request import Request
from campaign.replay_survey import Straight, Surveyed, survey, told
from contract.families import UNKNOWN
from contract.ledger import Ledger
from detector.capture.opening import open_capture
from generator.replay.frames import Rewriter, Survey
from generator.replay.mapping import AddressMap, Free
from generator.replay.timing import Timetable, make_timetable
from generator.replay.truth import Json, entries_of, merged, rows_of

STAGE: Final = "replay"
_EVERYTHING: Final = Free()


class Traffic(Protocol):
    """Frames with truth on a clock: a replay, or one that is mixed with something."""

    notes: list[str]

    @property
    def start_ns(self) -> int:
        """Second 0."""
        ...

    @property
    def end_ns(self) -> int:
        """No frame leaves from then on."""
        ...

    @property
    def starts(self) -> I64:
        """When each attempt of an attack begins, ascending."""
        ...

    @property
    def attempts(self) -> int:
        """How many numbers the attempts and ordinary conversations of the TRUTH rows take."""
        ...

    def move(self, start_ns: int) -> None:
        """Let second 0 be at another time."""
        ...

    def planned(self) -> int:
        """How many frames there will be."""
        ...

    def frames(self) -> Iterator[pa.RecordBatch]:
        """FRAMES batches in order of time."""
        ...

    def rows(self, stop_ns: int) -> Iterator[pa.RecordBatch]:
        """TRUTH rows of what leaves before ``stop_ns``."""
        ...

    def entries(self) -> list[Json]:
        """Entries of a ``tenfold-truth/1`` document."""
        ...

    @property
    def otherwise(self) -> str:
        """What the rest is in such a document."""
        ...

    @property
    def known(self) -> bool:
        """Whether there is any truth."""
        ...

    def ledger(self) -> Ledger:
        """Where the frames of the capture went, once ``frames`` was read to its end."""
        ...


class Replay:
    """One capture on its way. ``free`` is what of the lab it may use, ``pins`` sets the lab address of some hosts.

    ``alone`` is false where it is mixed with other traffic.
    """

    def __init__(
        self,
        found: Surveyed,
        request: Request,
        start_ns: int | None = None,
        free: Free = _EVERYTHING,
        pins: Mapping[int, int] | None = None,
        *,
        alone: bool = True,
    ) -> None:
        self.found, self._request = found, request
        self._free, self._pins, self._alone = free, pins, alone
        begin = found.begin_ns if start_ns is None else start_ns
        self.times: Timetable = make_timetable(
            request.pace, found.begin_ns, found.end_ns, found.frames, found.starts, begin
        )
        self._people: tuple[int, AddressMap] | None = None
        self._ledger = Ledger()
        self._ledger.stage(STAGE)
        self.notes = [*found.notes, *self._notes()]

    def _notes(self) -> list[str]:
        found, people = self.found, self.people(0)
        notes = []
        if found.left_out:
            notes.append(f"left out of {found.offered:,} frames: {told(found.left_out)}")
        if found.truth is None and not found.rows.num_rows:
            notes.append("no truth beside the capture: what it holds is not judged; --truth names one")
        if self._request.pace.multiplier is not None and found.counted != "attempts":
            notes.append(f"the multiplier counts {found.counted}: {len(found.starts):,} a round")
        if people.shared:
            notes.append(f"{people.shared:,} hosts share addresses: 198.18.0.0/15 has not enough")
        if self.times.rounds > people.rounds:
            notes.append(
                f"after {people.rounds:,} rounds the lab's networks are used up, and come again in another order"
            )
        return notes

    def people(self, turn: int) -> AddressMap:
        """Who becomes whom in a round."""
        if self._people is None or self._people[0] != turn:
            made = AddressMap(self.found.found, self._request.seed, turn, self._free, self._pins)
            self._people = (turn, made)
        return self._people[1]

    @property
    def start_ns(self) -> int:
        """Second 0."""
        return self.times.start_ns

    @property
    def end_ns(self) -> int:
        """No frame leaves from then on."""
        return self.times.stop_ns

    @property
    def starts(self) -> I64:
        """When each attempt of an attack begins, ascending."""
        if self.found.counted == "flows":
            return np.zeros(0, np.int64)
        offsets = self._row_offsets(self.found.starts)
        begun = np.concatenate([offsets + self.times.begin_of(turn) for turn in range(self.times.rounds)])
        early: I64 = begun[begun < self.end_ns]
        return early

    @property
    def attempts(self) -> int:
        """How many numbers the rows of TRUTH take."""
        return self.found.attempts * self.times.rounds

    def move(self, start_ns: int) -> None:
        """Let second 0 be at another time."""
        self.times = self.times.moved(start_ns)

    def _row_offsets(self, ts: I64) -> I64:
        """Times of ``found.rows`` as nanoseconds from the start of a round: at ``pps`` they are paced already."""
        return ts - self.found.begin_ns if self.found.pps is not None else self.times.offsets(ts, ts)

    def _entry_offsets(self, ts: I64) -> I64:
        """Times of the capture's truth likewise."""
        numbers = self.found.moments.of(ts) if self.found.pps is not None else ts
        return self.times.offsets(ts, numbers)

    def planned(self) -> int:
        """How many frames there will be: where the last round is not whole, that much of the capture is read."""
        times = self.times
        if times.stop_ns == times.begin_of(times.rounds):
            return self.found.frames * times.rounds
        left = times.stop_ns - times.begin_of(times.rounds - 1)
        return self.found.frames * (times.rounds - 1) + self._frames_before(left)

    def _frames_before(self, offset: int) -> int:
        reader, straight = Survey(self.found.cut, self.found.mtu), Straight()
        for batch in open_capture(self.found.capture).batches():
            kept = np.asarray(batch.column("ts").cast(pa.int64()).to_numpy(), np.int64)[reader.add(batch) == 0]
            number = straight.frames
            ts = straight(kept)
            offsets = self.times.offsets(ts, np.arange(number, straight.frames))
            if len(offsets) and offsets[-1] >= offset:
                return number + int(np.searchsorted(offsets, offset, "left"))
        return straight.frames

    def frames(self) -> Iterator[pa.RecordBatch]:
        """FRAMES batches in order of time. The ledger begins anew."""
        self._ledger = Ledger()
        stage = self._ledger.stage(STAGE)
        for turn in range(self.times.rounds):
            rewriter = Rewriter(self.people(turn).table, self.found.cut, self.found.mtu)
            straight = Straight()

            def clock(ts: I64, straight: Straight = straight, begin: int = self.times.begin_of(turn)) -> I64:
                number = straight.frames
                found: I64 = begin + self.times.offsets(straight(ts), np.arange(number, number + len(ts)))
                return found

            for batch in open_capture(self.found.capture).batches():
                stage.offered += len(batch)
                for part in rewriter.batches(batch, clock):
                    kept = self._before_stop(part)
                    stage.delivered += len(kept)
                    stage.drop("after_the_end", len(part) - len(kept))
                    if len(kept):
                        yield kept
            for reason, count in rewriter.left_out.items():
                stage.drop(reason, count)

    def _before_stop(self, frames: pa.RecordBatch) -> pa.RecordBatch:
        ts = frames.column("ts").cast(pa.int64()).to_numpy()
        return frames.slice(0, int(np.searchsorted(ts, self.end_ns, "left")))

    def rows(self, stop_ns: int) -> Iterator[pa.RecordBatch]:
        """TRUTH rows of what leaves before ``stop_ns``, round by round."""
        stop_ns = min(stop_ns, self.end_ns)
        for turn in range(self.times.rounds):
            begin = self.times.begin_of(turn)
            if begin >= stop_ns or not self.found.rows.num_rows:
                return

            def clock(ts: I64, begin: int = begin) -> I64:
                found: I64 = begin + self._row_offsets(ts)
                return found

            yield rows_of(self.found.rows, self.people(turn), clock, turn * self.found.attempts, stop_ns)

    def entries(self) -> list[Json]:
        """Entries of a truth document: of every round, or one for all where an entry has no times."""
        truth = self.found.truth
        if truth is None:
            return []
        rounds = []
        for turn in range(self.times.rounds):

            def clock(ts: I64, begin: int = self.times.begin_of(turn)) -> I64:
                found: I64 = begin + self._entry_offsets(ts)
                return found

            rounds.append(entries_of(truth, self.people(turn), clock, alone=self._alone))
        return merged(rounds)

    @property
    def otherwise(self) -> str:
        """What is no entry: as the capture's truth says, unknown without one."""
        return self.found.truth.otherwise if self.found.truth else UNKNOWN

    @property
    def known(self) -> bool:
        """Whether the capture has any truth."""
        return self.found.truth is not None or self.found.rows.num_rows > 0

    def ledger(self) -> Ledger:
        """Where the frames of the capture went, once ``frames`` was read to its end."""
        return self._ledger


def open_replay(request: Request, start_ns: int | None = None) -> Traffic:
    """The traffic that a request asks for, surveyed and timed. Raises ``InputError`` as ``survey`` does."""
    truth = Path(request.truth) if request.truth else None
    found = survey(Path(request.capture), truth, request.cut, request.pace.pps, request.mtu)
    if request.into is None:
        return Replay(found, request, request.start_ns if start_ns is None else start_ns)
    from campaign.replay_mix import mix

    return mix(found, request, start_ns)
