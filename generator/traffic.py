"""A campaign's frames in order of time, chunk by chunk, with bounded memory: what a sink or the sender consumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import array_to_column
from contract.schemas import FRAMES, NAME, TIME, TRUTH
from generator import gate
from generator.plan import Plan, make_plan
from generator.stamp import Due, schedule, stamp
from generator.workload import Workload

MAX_CHUNK_BYTES: Final = 24 << 20  # a chunk with more is cut in two; Arrow's offsets and the sender's spool stay small
Int64 = npt.NDArray[np.int64]


class Chunk(NamedTuple):
    """A stretch of time: its frames (FRAMES, sorted by ``ts``), and the TRUTH of the attempts that begin in it.

    ``begun`` counts the malicious attempts among those.
    """

    frames: pa.RecordBatch
    truth: pa.RecordBatch
    begun: int


def chunks(workload: Workload | Plan, seconds: float = 1.0) -> Iterator[Chunk]:
    """All traffic of a workload. The frames do not depend on ``seconds``, only how they are cut does.

    Each frame is read again by the gate; raises ``UnsafeError`` where one would leave the lab's ranges.
    """
    plan = workload if isinstance(workload, Plan) else make_plan(workload)
    table, template, work = plan.table, plan.template, plan.workload
    counts = np.diff(template.first)
    held = Due.room(0)
    step = max(round(seconds * 1e9), 1)
    low = 0
    for begin in range(work.start_ns, work.end_ns, step):
        end = min(begin + step, work.end_ns)
        high = int(np.searchsorted(table.intended, end, "left"))
        new = Due.room(int(counts[table.variant[low:high]].sum()))
        flows = np.zeros((high - low, 2, 3), np.int64)
        used = schedule(template, table, low, high, work.end_ns, new, flows)
        merged = _joined(held, new.take(slice(0, used)))
        merged = merged.take(np.argsort(merged.ts, kind="stable"))
        cut = int(np.searchsorted(merged.ts, end, "left"))
        held = merged.take(slice(cut, None))
        truth = truth_rows(plan, low, flows)
        begun = int(np.count_nonzero(plan.attacks[table.family[low:high]])) if high > low else 0
        for part in _parts(merged.take(slice(0, cut)), template.length):
            yield Chunk(render(plan, part), truth, begun)
            truth, begun = truth.slice(0, 0), 0
        low = high


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


def truth_rows(plan: Plan, low: int, flows: Int64) -> pa.RecordBatch:
    """TRUTH rows of the attempts from ``low`` on: the flow of each, and that of the ICMP errors it caused."""
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
            pa.array(rows.astype(np.int64)),
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
