"""A campaign's frames in order of time, chunk by chunk, with bounded memory: what a sink or the sender consumes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from generator import ordering
from generator.plan import Plan, Planner, Segment, empty_table
from generator.rendering import render
from generator.stamp import Due, Ends, Table, ends, schedule
from generator.template import Template
from generator.truth_rows import truth_rows
from generator.workload import Workload

__all__ = ["Chunk", "Source", "Traffic", "chunks", "flow_slices", "render", "truth_rows"]
MAX_CHUNK_BYTES: Final = 8 << 20  # a chunk with more is cut: what is written is read again while it is near
_SLICE: Final = 50_000
Int64 = npt.NDArray[np.int64]


class Chunk(NamedTuple):
    """A stretch of time: its frames (FRAMES, sorted by ``ts``), and the TRUTH of the attempts that begin in it.

    Where a stretch is cut in parts, the first one has the truth. ``begun`` counts the malicious attempts in it,
    ``begins`` are the intended times of all that begin in the stretch, sorted (int64 ns).
    """

    frames: pa.RecordBatch
    truth: pa.RecordBatch
    begun: int
    begins: Int64


class Stretch(NamedTuple):
    """A stretch of time whose frames are not yet written: ``due`` in order of time, and what its truth is made of."""

    plan: Plan
    due: Due
    ends: Ends
    begins: Int64
    low: int
    flows: Int64
    first: int

    def truth(self) -> pa.RecordBatch:
        """TRUTH of the attempts that begin in it."""
        return truth_rows(self.plan, self.low, self.flows, self.first)


class Source(Protocol):
    """What plans attempts: a ``Planner``, or a ``Plan`` that is whole already."""

    @property
    def workload(self) -> Workload:
        """The campaign's workload."""
        ...

    @property
    def template(self) -> Template:
        """All its conversations."""
        ...

    @property
    def families(self) -> tuple[str, ...]:
        """Names of the families that occur."""
        ...

    @property
    def attacks(self) -> npt.NDArray[np.bool_]:
        """Which of those are attacks."""
        ...

    def next(self) -> Segment | None:
        """The next stretch of attempts, None where there is no more."""
        ...


class Traffic:
    """A campaign's chunks of ``seconds`` each, planned as they are needed; with ``shift_ns`` everything comes later.

    The frames do not depend on ``seconds``, only how they are cut does. ``at_ns`` is where the next chunk begins.
    ``frames`` and ``attempts`` are those of what is planned so far: frames, and malicious attempts. ``each`` is given
    every stretch of attempts as it is planned.
    """

    def __init__(
        self,
        source: Source,
        seconds: float = 1.0,
        shift_ns: int = 0,
        each: Callable[[Table], None] = lambda _: None,
    ) -> None:
        self._each = each
        self.workload = replace(source.workload, start_ns=source.workload.start_ns + shift_ns)
        self._source, self._shift = source, shift_ns
        self._step = max(round(seconds * 1e9), 1)
        self._counts = np.diff(source.template.first)
        self._longest = longest(source.template)
        self.at_ns = self._planned_ns = self.workload.start_ns
        self._table, self._low, self._first = empty_table(), 0, 0
        self._ends = ends(self._table)
        self._held = Due.room(0)
        self._made_frames = self._made_attempts = 0
        self._pending_frames = 0
        self._load()

    @property
    def frames(self) -> int:
        """Frames of all attempts that are planned so far."""
        return self._made_frames + self._pending_frames

    @property
    def attempts(self) -> int:
        """Malicious attempts that are planned so far."""
        return self._made_attempts + self._malicious(self._low, len(self._table.intended))

    @property
    def conversations(self) -> int:
        """Attempts and ordinary conversations that are planned so far."""
        return self._first + len(self._table.intended)

    @property
    def planned_ns(self) -> int:
        """Up to where attempts are planned."""
        return self._planned_ns

    def postpone(self, by_ns: int) -> None:
        """Let everything come later; only before the first chunk."""
        self._shift += by_ns
        self.workload = replace(self.workload, start_ns=self.workload.start_ns + by_ns)
        self._table = self._table._replace(intended=self._table.intended + by_ns)
        self.at_ns, self._planned_ns = self.at_ns + by_ns, self._planned_ns + by_ns

    def end(self, at_ns: int) -> None:
        """Let it end there, no later than planned: what is due from then on does not come. Before the first chunk."""
        self.workload = replace(self.workload, duration_s=(at_ns - self.workload.start_ns) / 1e9)

    def warm_up(self) -> None:
        """Load the kernels before the clock matters: write the first frames of the plan and drop them."""
        source, rows = self._source, min(len(self._table.intended), 16)
        due = Due.room(int(self._counts[self._table.variant[:rows]].sum()))
        flows = np.zeros((rows, 2, 3), np.int64)
        used = schedule(source.template, self._table, 0, rows, self.workload.end_ns, due, flows)
        plan = Plan(self.workload, source.template, self._table, source.families, source.attacks)
        render(plan, due.take(slice(0, used)))
        truth_rows(plan, 0, flows)
        ordering.split(due.take(np.arange(used)[::-1]), 0, self.workload.end_ns)

    def cut(self) -> None:
        """Forget the attempts that were planned for later than ``at_ns``: the source has others."""
        self._table = self._table.take(np.arange(self._low))
        self._planned_ns, self._pending_frames = self.at_ns, 0

    def chunk(self) -> Iterator[Chunk]:
        """The next chunk, in parts where it has many bytes; nothing where the campaign is over."""
        if self.at_ns >= self.workload.end_ns:
            return
        stretch = self.stretch(min(self.at_ns + self._step, self.workload.end_ns))
        truth, begun = stretch.truth(), len(stretch.begins)
        for part in _parts(stretch.due, stretch.plan.template.length):
            yield Chunk(render(stretch.plan, part, known=self._ends), truth, begun, stretch.begins)
            truth, begun = truth.slice(0, 0), 0

    def stretch(self, end_ns: int) -> Stretch:
        """What is due from ``at_ns`` to that moment, which becomes ``at_ns``: in order, not yet written."""
        while self._planned_ns < end_ns:
            self._load()
        table, low, template = self._table, self._low, self._source.template
        high = int(np.searchsorted(table.intended, end_ns, "left"))
        new = Due.room(int(self._counts[table.variant[low:high]].sum()))
        flows = np.zeros((high - low, 2, 3), np.int64)
        used = schedule(template, table, low, high, self.workload.end_ns, new, flows)
        waiting = ordering.join(self._held, new.take(slice(0, used)))
        now, self._held = ordering.split(waiting, self.at_ns, end_ns)
        plan = Plan(self.workload, template, table, self._source.families, self._source.attacks)
        rows = slice(low, high)
        malicious = plan.attacks[table.family[rows]] if len(plan.families) else np.zeros(0, np.bool_)
        begins = table.intended[rows][malicious]
        self._made_frames += used
        self._pending_frames -= used
        self._made_attempts += len(begins)
        self._low, self.at_ns = high, end_ns
        return Stretch(plan, now, self._ends, begins, low, flows, self._first)

    def __iter__(self) -> Iterator[Chunk]:
        while self.at_ns < self.workload.end_ns:
            yield from self.chunk()

    def _malicious(self, low: int, high: int) -> int:
        families = self._table.family[low:high]
        return int(np.count_nonzero(self._source.attacks[families])) if len(families) else 0

    def _load(self) -> None:
        """Append the next stretch, and forget the attempts of which nothing is held any more."""
        segment = self._source.next()
        if segment is None:
            self._planned_ns = self.workload.end_ns
            return
        fresh = segment.table._replace(intended=segment.table.intended + self._shift)
        self._planned_ns = segment.upto_ns + self._shift
        self._each(fresh)
        self._pending_frames += self._frames_of(fresh)
        rest = np.arange(self._low, len(self._table.intended))
        kept = np.concatenate([np.unique(self._held.attempt), rest])
        self._first += self._low - (len(kept) - len(rest))
        self._held = self._held._replace(attempt=np.searchsorted(kept, self._held.attempt))
        self._low = len(kept) - len(rest)
        if not len(kept):
            self._table, self._ends = fresh, ends(fresh)
            return
        pairs: Any = zip(self._table.take(kept), fresh, strict=True)
        columns: list[Any] = [np.concatenate(pair) for pair in pairs]
        self._table = Table(*columns)
        self._ends = np.concatenate([self._ends[kept], ends(fresh)])

    def _frames_of(self, table: Table) -> int:
        """How many frames these attempts have before the campaign ends. Only those that may be cut are scheduled."""
        end, template = self.workload.end_ns, self._source.template
        trips, beside = (each[table.variant] for each in self._longest)
        certain = table.intended + (trips * table.rtt_ns + beside).astype(np.int64) < end
        total = int(self._counts[table.variant[certain]].sum())
        others = table.take(np.flatnonzero(~certain))
        return total + sum(int(flows[:, :, 2].sum()) for _, flows in flow_slices(template, others, end, end))


def chunks(workload: Workload | Source, seconds: float = 1.0) -> Iterator[Chunk]:
    """All traffic of a workload, or of what plans it. The frames do not depend on ``seconds``.

    Each frame is read again by the gate; raises ``UnsafeError`` where one would leave the lab's ranges.
    """
    return iter(Traffic(Planner(workload) if isinstance(workload, Workload) else workload, seconds))


def flow_slices(template: Template, table: Table, end_ns: int, upto_ns: int) -> Iterator[tuple[int, Int64]]:
    """For slices of the attempts before ``upto_ns``: the first one's row, and what ``schedule`` says of their flows.

    Frames from ``end_ns`` on are left out.
    """
    counts = np.diff(template.first)
    total = int(np.searchsorted(table.intended, upto_ns, "left"))
    for low in range(0, total, _SLICE):
        high = min(low + _SLICE, total)
        due = Due.room(int(counts[table.variant[low:high]].sum()))
        flows = np.zeros((high - low, 2, 3), np.int64)
        schedule(template, table, low, high, end_ns, due, flows)
        yield low, flows


def longest(template: Template) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Upper bounds of how long each variant lasts: round trips, and ns beside them."""
    waits = (template.gap_rtt, template.gap_ns * (1.0 + template.jitter))
    sums = [np.concatenate([[0.0], np.cumsum(np.maximum(wait, 0.0))])[template.first] for wait in waits]
    # Sums along all frames round, by far less than these margins.
    return np.diff(sums[0]) * (1.0 + 1e-6), np.diff(sums[1]) + 1e6


def _parts(due: Due, lengths: npt.NDArray[np.int32]) -> Iterator[Due]:
    """Cut where the bytes would exceed the bound; always at least one part, empty or not."""
    ends = np.cumsum(lengths[due.frame], dtype=np.int64)
    low = 0
    while True:
        before = int(ends[low - 1]) if low else 0
        high = int(np.searchsorted(ends, before + MAX_CHUNK_BYTES, "right"))
        high = min(max(high, low + 1), len(ends))
        yield due.take(slice(low, high))
        low = high
        if low >= len(ends):
            return
