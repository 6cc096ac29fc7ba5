"""A campaign's frames in order of time, chunk by chunk, with bounded memory: what a sink or the sender consumes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import array_to_column
from contract.schemas import FRAMES, NAME, TIME, TRUTH
from generator import gate
from generator.plan import Plan, Planner, Segment, empty_table
from generator.stamp import Due, Table, schedule, stamp
from generator.template import Template
from generator.workload import Workload

MAX_CHUNK_BYTES: Final = 24 << 20  # a chunk with more is cut in two; Arrow's offsets and the sender's spool stay small
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
    ``frames`` and ``attempts`` are those of what is planned so far: frames, and malicious attempts.
    """

    def __init__(self, source: Source, seconds: float = 1.0, shift_ns: int = 0) -> None:
        self.workload = replace(source.workload, start_ns=source.workload.start_ns + shift_ns)
        self._source, self._shift = source, shift_ns
        self._step = max(round(seconds * 1e9), 1)
        self._counts = np.diff(source.template.first)
        self.at_ns = self._planned_ns = self.workload.start_ns
        self._table, self._low, self._first = empty_table(), 0, 0
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
    def planned_ns(self) -> int:
        """Up to where attempts are planned."""
        return self._planned_ns

    def postpone(self, by_ns: int) -> None:
        """Let everything come later; only before the first chunk."""
        self._shift += by_ns
        self.workload = replace(self.workload, start_ns=self.workload.start_ns + by_ns)
        self._table = self._table._replace(intended=self._table.intended + by_ns)
        self.at_ns, self._planned_ns = self.at_ns + by_ns, self._planned_ns + by_ns

    def warm_up(self) -> None:
        """Load the kernels before the clock matters: write the first frames of the plan and drop them."""
        source, rows = self._source, min(len(self._table.intended), 16)
        due = Due.room(int(self._counts[self._table.variant[:rows]].sum()))
        flows = np.zeros((rows, 2, 3), np.int64)
        used = schedule(source.template, self._table, 0, rows, self.workload.end_ns, due, flows)
        plan = Plan(self.workload, source.template, self._table, source.families, source.attacks)
        render(plan, due.take(slice(0, used)))

    def cut(self) -> None:
        """Forget the attempts that were planned for later than ``at_ns``: the source has others."""
        self._table = self._table.take(np.arange(self._low))
        self._planned_ns, self._pending_frames = self.at_ns, 0

    def chunk(self) -> Iterator[Chunk]:
        """The next chunk, in parts where it has many bytes; nothing where the campaign is over."""
        if self.at_ns >= self.workload.end_ns:
            return
        end = min(self.at_ns + self._step, self.workload.end_ns)
        while self._planned_ns < end:
            self._load()
        table, low, template = self._table, self._low, self._source.template
        high = int(np.searchsorted(table.intended, end, "left"))
        new = Due.room(int(self._counts[table.variant[low:high]].sum()))
        flows = np.zeros((high - low, 2, 3), np.int64)
        used = schedule(template, table, low, high, self.workload.end_ns, new, flows)
        merged = _joined(self._held, new.take(slice(0, used)))
        merged = merged.take(np.argsort(merged.ts, kind="stable"))
        cut = int(np.searchsorted(merged.ts, end, "left"))
        self._held = merged.take(slice(cut, None))
        plan = Plan(self.workload, template, table, self._source.families, self._source.attacks)
        truth = truth_rows(plan, low, flows, self._first)
        rows = slice(low, high)
        malicious = plan.attacks[table.family[rows]] if len(plan.families) else np.zeros(0, np.bool_)
        begins = table.intended[rows][malicious]
        self._made_frames += used
        self._pending_frames -= used
        begun = len(begins)
        self._made_attempts += begun
        self._low, self.at_ns = high, end
        for part in _parts(merged.take(slice(0, cut)), template.length):
            yield Chunk(render(plan, part), truth, begun, begins)
            truth, begun = truth.slice(0, 0), 0

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
        if len(fresh.intended):
            self._pending_frames += sum(int(flows[:, :, 2].sum()) for _, flows in self._flows(fresh))
        rest = np.arange(self._low, len(self._table.intended))
        kept = np.concatenate([np.unique(self._held.attempt), rest])
        self._first += self._low - (len(kept) - len(rest))
        self._held = self._held._replace(attempt=np.searchsorted(kept, self._held.attempt))
        self._low = len(kept) - len(rest)
        pairs: Any = zip(self._table.take(kept), fresh, strict=True)
        columns: list[Any] = [np.concatenate(pair) for pair in pairs]
        self._table = Table(*columns)

    def _flows(self, table: Table) -> Iterator[tuple[int, Int64]]:
        return flow_slices(self._source.template, table, self.workload.end_ns, self.workload.end_ns)


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


def _joined(first: Due, second: Due) -> Due:
    pairs: Any = zip(first, second, strict=True)
    columns: list[Any] = [np.concatenate(pair) for pair in pairs]
    return Due(*columns)


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


def render(plan: Plan, due: Due) -> pa.RecordBatch:
    """Write these frames and let the gate read them again: a FRAMES batch."""
    n = len(due.ts)
    offsets = np.zeros(n + 1, np.int32)
    lengths = plan.template.length[due.frame]
    np.cumsum(lengths, out=offsets[1:])
    # From Arrow's pool: memory that comes back warm costs no page faults.
    body = pa.allocate_buffer(int(offsets[-1]))
    out = np.frombuffer(body, np.uint8)
    stamp(plan.template, plan.table, due, offsets, out)
    gate.check(out, offsets)
    column = pa.Array.from_buffers(pa.binary(), n, [None, pa.py_buffer(offsets), body])
    return pa.RecordBatch.from_arrays(
        [
            pa.array(np.ascontiguousarray(due.ts), pa.int64()).cast(TIME),
            column,
            pa.array(lengths.astype(np.uint32)),
            pa.array(np.ones(n, np.uint16)),
        ],
        schema=FRAMES,
    )


def truth_rows(plan: Plan, low: int, flows: Int64, first: int = 0) -> pa.RecordBatch:
    """TRUTH rows of the attempts from ``low`` on: the flow of each, and that of the ICMP errors it caused.

    ``first`` is the number of the attempt in row 0.
    """
    table, template = plan.table, plan.template
    own = np.flatnonzero(flows[:, 0, 2] > 0)
    errors = np.flatnonzero(flows[:, 1, 2] > 0)
    rows = np.concatenate([own, errors]) + low
    lane = np.concatenate([np.zeros(len(own), np.int64), np.ones(len(errors), np.int64)])
    variant = table.variant[rows]
    error = lane == 1
    ports = template.ports[variant]
    source = np.where(ports[:, 0] >= 0, ports[:, 0], table.src_port[rows])
    target = np.where(ports[:, 1] >= 0, ports[:, 1], table.dst_port[rows])
    protocol = template.protocol[variant].astype(np.uint16)
    types, codes, protocols = _error_ports(plan)
    source, target = np.where(error, types[variant], source), np.where(error, codes[variant], target)
    protocol = np.where(error, protocols[variant], protocol).astype(np.uint16)
    src = np.where(error[:, None], table.dst[rows], table.src[rows])
    dst = np.where(error[:, None], table.src[rows], table.dst[rows])
    span = flows[rows - low, lane]
    names = pa.DictionaryArray.from_arrays(
        pa.array(table.family[rows].astype(np.int16)), pa.array(list(plan.families), pa.string())
    )
    return pa.RecordBatch.from_arrays(
        [
            pa.array((rows + first).astype(np.int64)),
            names.cast(NAME),
            pa.array(table.intended[rows]).cast(TIME),
            array_to_column(src),
            array_to_column(dst),
            pa.array(source.astype(np.uint16)),
            pa.array(target.astype(np.uint16)),
            pa.array(protocol),
            pa.array(np.ascontiguousarray(span[:, 0])).cast(TIME),
            pa.array(np.ascontiguousarray(span[:, 1])).cast(TIME),
            pa.array(span[:, 2].astype(np.uint32)),
        ],
        schema=TRUTH,
    )


def _error_ports(plan: Plan) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """ICMP type, code and protocol of the error that each variant holds; zeros where it holds none."""
    template = plan.template
    types, codes, protocols = (np.zeros(len(template.protocol), np.int32) for _ in range(3))
    for frame in np.flatnonzero(template.quotes):
        variant = int(np.searchsorted(template.first, frame, "right")) - 1
        at = int(template.start[frame]) + (34 if template.version[frame] == 4 else 54)
        types[variant], codes[variant] = template.blob[at], template.blob[at + 1]
        protocols[variant] = template.kind[frame]
    return types, codes, protocols
