"""Frames that are due become bytes, and the gate reads them again before anybody else does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.jit import lean_kernel
from contract.safety import Target
from contract.schemas import FRAMES, TIME
from generator import gate
from generator.plan import Plan
from generator.stamp import Due, Ends, Table, ends, measure, scratch, stamp
from generator.template import Template
from generator.wire import Number

_BLOCK: Final = 256  # frames
Int32 = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]


def render(
    plan: Plan, due: Due, target: Target = Target.WIRE, workers: int = 1, known: Ends | None = None
) -> pa.RecordBatch:
    """Write these frames and let the gate read them again: a FRAMES batch.

    ``workers`` threads share the frames among them; that changes no byte. ``known`` is ``stamp.ends(plan.table)`` for
    whom asks more than once. Raises ``UnsafeError`` where the gate stops one.
    """
    rows = ends(plan.table) if known is None else known
    n = len(due.ts)
    offsets = np.empty(n + 1, np.int32)
    size = int(measure(plan.template, plan.table, due, offsets))
    # From Arrow's pool: memory that comes back warm costs no page faults.
    body = pa.allocate_buffer(size)
    out = np.frombuffer(body, np.uint8)
    bounds = [n * worker // workers for worker in range(workers + 1)]

    def fill(low: int, high: int) -> tuple[int, int]:
        wire = target is Target.WIRE
        return _fill(plan.template, plan.table, rows, due, offsets, low, high, scratch(plan.template), out, wire)

    if workers == 1:
        found = [fill(0, n)]
    else:
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(fill, bounds[:-1], bounds[1:]))
    for bad, _ in found:
        if bad >= 0:
            gate.refuse(out, offsets, bad, target)
    columns = [
        pa.Array.from_buffers(TIME, n, [None, pa.py_buffer(np.ascontiguousarray(due.ts))]),
        pa.Array.from_buffers(pa.binary(), n, [None, pa.py_buffer(offsets), body]),
        pa.Array.from_buffers(pa.uint32(), n, [None, pa.py_buffer(np.diff(offsets).view(np.uint32))]),
        pa.Array.from_buffers(pa.uint16(), n, [None, pa.py_buffer(np.ones(n, np.uint16))]),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=FRAMES)


@lean_kernel
def _fill(  # noqa: PLR0913, PLR0917 - arrays that a kernel cannot find by itself
    template: Template,
    table: Table,
    known: Ends,
    due: Due,
    offsets: Int32,
    begin: Number,
    end: Number,
    aside: Bytes,
    out: Bytes,
    wire: Number,
) -> tuple[int, int]:
    """Stamp a block of frames and let the gate read it while it is still near the processor, then the next one.

    Numba keeps it compiled until this file changes: it must whenever what it is made of does (``frame``, ``noise``,
    ``stamp``, ``wire``, ``gate``). Returns the first frame that must not leave (-1 where there is none) and how many
    must not.
    """
    first, count = -1, 0
    for low in range(begin, end, _BLOCK):
        high = min(low + _BLOCK, end)
        stamp(template, table, known, due, offsets, low, high, aside, out)
        bad, more = gate.search(out, offsets, low, high, wire)
        first = bad if first < 0 else first
        count += more
    return first, count
