"""The first pass over a capture that is to be replayed: its addresses, its flows and what truth says of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from campaign.judge import truth_beside
from campaign.labels import I64, family_per_flow, numbers
from campaign.truth_table import read_truth_table
from contract.errors import InputError
from contract.families import BENIGN, UNKNOWN
from contract.schemas import FLOWS, FRAMES, NAME, TIME, TRUTH
from contract.truth import TABLE_SUFFIX, Truth, read_truth
from detector.capture.opening import open_capture
from detector.meter import Meter
from generator.replay.frames import Survey
from generator.replay.reasons import REASONS
from generator.replay.rewrite import CUTS, Found
from generator.replay.timing import NS
from generator.replay.truth import starts_of, times

_LAST_NS: Final = 2**63 - 1
_JUMP_NS: Final = NS  # frames that lie further back than this are worth a word


class Straight:
    """Times that never run backwards: a frame that was stamped before the one ahead of it takes its time."""

    def __init__(self) -> None:
        self.frames = self.moved = self.furthest = 0
        self._last = np.iinfo(np.int64).min

    def __call__(self, ts: I64) -> I64:
        """The times of the next frames; counts them."""
        if not len(ts):
            return ts
        straight: I64 = np.maximum.accumulate(np.maximum(ts, self._last))
        back = straight - ts
        self.moved += int(np.count_nonzero(back))
        self.furthest = max(self.furthest, int(back.max()))
        self.frames += len(ts)
        self._last = int(straight[-1])
        return straight


class Moments:
    """How many frames lie before each of some moments; frames are told in order of time."""

    def __init__(self, moments: I64) -> None:
        self.moments = np.unique(moments)
        self.before = np.zeros(len(self.moments), np.int64)
        self._known = self._frames = 0

    def add(self, ts: I64) -> None:
        """The next frames."""
        if not len(ts):
            return
        upto = int(np.searchsorted(self.moments, ts[-1], "right"))
        fresh = slice(self._known, upto)
        self.before[fresh] = self._frames + np.searchsorted(ts, self.moments[fresh], "left")
        self._known = upto
        self._frames += len(ts)
        self.before[upto:] = self._frames

    def of(self, moments: I64) -> I64:
        """The counts for these moments, each of which must be one of those given at first."""
        return self.before[np.searchsorted(self.moments, moments)]


@dataclass(frozen=True)
class Surveyed:
    """What the first pass found. ``rows`` are TRUTH rows with the capture's addresses, attempts from 0 on.

    With ``pps`` their times are those of frames that leave at that rate from ``begin_ns`` on, else the capture's.
    ``starts`` are those of the attempts of attacks, or of all flows where ``counted`` says so.
    """

    capture: Path
    cut: int
    mtu: int | None
    pps: float | None
    found: Found
    truth: Truth | None
    moments: Moments
    rows: pa.Table
    attempts: int  # numbers that are taken by the rows
    starts: I64
    counted: str  # what ``starts`` are: "attempts", "attack flows" or "flows"
    offered: int
    frames: int
    begin_ns: int
    end_ns: int
    left_out: Counter[str]
    notes: tuple[str, ...]


def survey(capture: Path, truth: Path | None, cut: str, pps: float | None, mtu: int | None = None) -> Surveyed:
    """Read a capture once. Its truth is ``truth``, or what lies beside it; where there is none, no flow is known.

    A TRUTH table beside the capture (as ``tenfold generate`` writes) is more exact than rules, and goes first.
    Raises ``InputError`` where it is no capture, holds no frames, or none of them can be replayed.
    """
    read = _truth(capture, truth)
    table = _table(capture) if truth is None else None
    moments = Moments(_moments_of(read, table) if pps is not None else np.zeros(0, np.int64))
    first = _FirstPass(Survey(CUTS.index(cut), mtu), pps, moments)
    source = open_capture(capture)
    for batch in source.batches():
        first.add(batch)
    frames = first.straight.frames
    if not first.offered:
        raise InputError(f"{capture}: {'; '.join(source.notes) or 'holds no frames'}")
    if not frames:
        raise InputError(f"{capture}: none of its {first.offered:,} frames can be replayed: {told(first.left_out)}")
    flows = first.flows()
    rows, counted = (table, "attempts") if table is not None else (_rows_of_flows(flows, read, moments, first), "")
    if table is not None and pps is not None:
        rows = _paced(table, moments, first)
    starts = starts_of(rows)
    counted = counted or "attack flows"
    if not len(starts):
        starts, counted = np.sort(times(flows, "first")), "flows"
    taken = int(numbers(rows, "attempt").max()) + 1 if rows.num_rows else 0
    return Surveyed(
        capture, CUTS.index(cut), mtu, pps, first.survey.found, read, moments, rows, taken, starts, counted,
        first.offered, frames, first.begin_ns, first.end_ns, first.left_out, (*source.notes, *first.notes()),
    )  # fmt: skip


class _FirstPass:
    """Frames go in; addresses, flows and counts come out."""

    def __init__(self, reader: Survey, pps: float | None, moments: Moments) -> None:
        self.pps = pps
        self.survey, self.straight = reader, Straight()
        self.left_out: Counter[str] = Counter()
        self.offered = self.begin_ns = self.end_ns = 0
        self._meter, self._moments = Meter(seed=0), moments
        self._flows: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Read one batch."""
        self.offered += len(batch)
        reasons = self.survey.add(batch)
        for reason, count in enumerate(np.bincount(reasons, minlength=len(REASONS))[1:].tolist(), 1):
            if count:
                self.left_out[REASONS[reason]] += count
        kept = batch.filter(pa.array(reasons == 0)) if reasons.any() else batch
        if not len(kept):
            return
        number = self.straight.frames
        ts = self.straight(np.asarray(kept.column("ts").cast(pa.int64()).to_numpy(), np.int64))
        if number == 0:
            self.begin_ns = int(ts[0])
        self.end_ns = int(ts[-1])
        self._moments.add(ts)
        self._count(kept, ts if self.pps is None else self.paced(np.arange(number, number + len(ts))))

    def paced(self, frame_numbers: I64) -> I64:
        """When frames leave that are sent at ``pps`` from the capture's beginning on."""
        offsets: I64 = np.floor(frame_numbers * (NS / (self.pps or 1.0))).astype(np.int64)
        return self.begin_ns + offsets

    def _count(self, kept: pa.RecordBatch, ts: I64) -> None:
        columns = [pa.array(ts).cast(TIME), *(kept.column(name) for name in FRAMES.names[1:])]
        self._meter.update(pa.RecordBatch.from_arrays(columns, schema=FRAMES))
        self._export(self._meter.expire(int(ts[-1])))
        self._meter.clear_dirty()

    def _export(self, slots: Any) -> None:  # noqa: ANN401 - an array of slots
        if len(slots):
            self._flows.append(self._meter.export(slots))
            self._meter.release(slots)

    def flows(self) -> pa.Table:
        """Every flow, when all frames were read."""
        self._export(self._meter.finish())
        return pa.Table.from_batches(self._flows, FLOWS)

    def notes(self) -> list[str]:
        """What a user should know."""
        found = []
        if self.straight.furthest > _JUMP_NS:
            found.append(
                f"{self.straight.moved:,} frames are stamped up to {self.straight.furthest / NS:,.1f} s earlier than "
                "one before them; they leave right behind it"
            )
        if self.survey.unlisted:
            found.append(f"more addresses than can be listed: {self.survey.unlisted:,} sightings share lab addresses")
        return found


def told(left_out: Counter[str]) -> str:
    """Reasons and counts in words."""
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(left_out.items()))


def _truth(capture: Path, named: Path | None) -> Truth | None:
    path = named or truth_beside(capture)
    return read_truth(path) if named or path.exists() else None


def _table(capture: Path) -> pa.Table | None:
    path = capture.with_name(capture.name + TABLE_SUFFIX)
    return read_truth_table(path) if path.is_file() else None


def _moments_of(truth: Truth | None, table: pa.Table | None) -> I64:
    entries = truth.entries if truth else ()
    named = [_kept(moment) for entry in entries for moment in (entry.start, entry.end) if moment is not None]
    columns = [times(table, name) for name in ("intended", "first", "last")] if table is not None else []
    return np.concatenate([np.array(named, np.int64), *columns])


def _kept(moment: int) -> int:
    """A moment of a truth file as 64 bits hold it: those go to the year 2262, dates in JSON to 9999."""
    return min(max(moment, -_LAST_NS), _LAST_NS)


def _paced(table: pa.Table, moments: Moments, first: _FirstPass) -> pa.Table:
    """A table's times as those of frames at ``pps``."""
    for name in ("intended", "first", "last"):
        column = pa.array(first.paced(moments.of(times(table, name)))).cast(TIME)
        table = table.set_column(table.column_names.index(name), TRUTH.field(name), column)
    return table


def _rows_of_flows(flows: pa.Table, truth: Truth | None, moments: Moments, first: _FirstPass) -> pa.Table:
    """TRUTH rows by rules: each flow that truth knows is an attempt of its own."""
    if truth is None:
        return TRUTH.empty_table()
    if first.pps is not None:
        truth = _truth_paced(truth, moments, first)
    family = family_per_flow(flows, truth)
    order = np.argsort(times(flows, "first"), kind="stable")
    order = order[family[order] != UNKNOWN]
    words, codes = np.unique(family[order].astype(str), return_inverse=True)
    kept = flows.take(pa.array(order))
    packets = numbers(kept, "packets_fwd").astype(np.int64) + numbers(kept, "packets_bwd").astype(np.int64)
    names = pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int16)), pa.array(words.tolist() or [BENIGN]))
    columns = {
        "attempt": pa.array(np.arange(len(order))),
        "family": names.cast(NAME),
        "intended": kept.column("first"),
        "frames": pa.array(packets.astype(np.uint32)),
    }
    return pa.table([columns.get(f.name, kept.column(f.name) if f.name in kept.column_names else None) for f in TRUTH],
                    schema=TRUTH)  # fmt: skip


def _truth_paced(truth: Truth, moments: Moments, first: _FirstPass) -> Truth:
    def moved(moment: int | None) -> int | None:
        return None if moment is None else int(first.paced(moments.of(np.array([_kept(moment)], np.int64)))[0])

    entries = tuple(replace(entry, start=moved(entry.start), end=moved(entry.end)) for entry in truth.entries)
    return replace(truth, entries=entries)
