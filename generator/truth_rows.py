"""What a plan says of its attempts, as rows of truth: the flow of each, and that of the ICMP errors it caused."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import array_to_column
from contract.jit import lean_kernel, lean_part
from contract.schemas import NAME, TIME, TRUTH
from generator import memory
from generator.plan import Plan
from generator.stamp import Table
from generator.template import Template
from generator.wire import Number

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


class Rows(NamedTuple):
    """The columns of TRUTH, as numbers."""

    attempt: Int64
    family: npt.NDArray[np.int16]
    intended: Int64
    src: npt.NDArray[np.uint8]
    dst: npt.NDArray[np.uint8]
    src_port: npt.NDArray[np.uint16]
    dst_port: npt.NDArray[np.uint16]
    protocol: npt.NDArray[np.uint16]
    first: Int64
    last: Int64
    frames: npt.NDArray[np.uint32]

    @classmethod
    def room(cls, n: int) -> Rows:
        """Room for ``n`` rows."""
        wide = np.empty((n, 16), np.uint8), np.empty((n, 16), np.uint8)
        attempt, intended, first, last = (np.empty(n, np.int64) for _ in range(4))
        src_port, dst_port, protocol = (np.empty(n, np.uint16) for _ in range(3))
        family, frames = np.empty(n, np.int16), np.empty(n, np.uint32)
        return cls(attempt, family, intended, *wide, src_port, dst_port, protocol, first, last, frames)


def truth_rows(plan: Plan, low: int, flows: Int64, first: int = 0) -> pa.RecordBatch:
    """TRUTH of the attempts from ``low`` on, of which ``schedule`` filled ``flows``; errors stand behind all others.

    ``first`` is the number of the attempt in row 0.
    """
    own = int(np.count_nonzero(flows[:, 0, 2]))
    rows = Rows.room(own + int(np.count_nonzero(flows[:, 1, 2])))
    _fill(plan.template, plan.table, low, flows, _errors(plan.template), own, rows)
    names = pa.DictionaryArray.from_arrays(pa.array(rows.family), pa.array(list(plan.families), pa.string()))
    return pa.RecordBatch.from_arrays(
        [
            pa.array(rows.attempt + first),
            names.cast(NAME),
            pa.array(rows.intended).cast(TIME),
            array_to_column(rows.src),
            array_to_column(rows.dst),
            pa.array(rows.src_port),
            pa.array(rows.dst_port),
            pa.array(rows.protocol),
            pa.array(rows.first).cast(TIME),
            pa.array(rows.last).cast(TIME),
            pa.array(rows.frames),
        ],
        schema=TRUTH,
    )


@lean_kernel
def _fill(template: Template, table: Table, low: Number, flows: Int64, errors: Int32, own: Number, rows: Rows) -> None:
    n, m = 0, own
    for k in range(len(flows)):
        if flows[k, 0, 2]:
            _flow(template, table, low + k, flows, k, rows, n)
            n += 1
        if flows[k, 1, 2]:
            _error(table, low + k, flows, k, errors, rows, m)
            m += 1


@lean_part
def _flow(template: Template, table: Table, attempt: Number, flows: Int64, k: Number, rows: Rows, n: Number) -> None:
    """The attempt's own flow."""
    variant = np.int64(table.variant[attempt])
    _common(table, attempt, flows, k, 0, rows, n)
    memory.move16(rows.src, 16 * n, table.src, 16 * attempt)
    memory.move16(rows.dst, 16 * n, table.dst, 16 * attempt)
    source, target = template.ports[variant, 0], template.ports[variant, 1]
    rows.src_port[n] = table.src_port[attempt] if source < 0 else np.uint16(source)
    rows.dst_port[n] = table.dst_port[attempt] if target < 0 else np.uint16(target)
    rows.protocol[n] = template.protocol[variant]


@lean_part
def _error(table: Table, attempt: Number, flows: Int64, k: Number, errors: Int32, rows: Rows, n: Number) -> None:
    """The flow of the ICMP errors that come back: type and code stand for its ports."""
    variant = np.int64(table.variant[attempt])
    _common(table, attempt, flows, k, 1, rows, n)
    memory.move16(rows.src, 16 * n, table.dst, 16 * attempt)
    memory.move16(rows.dst, 16 * n, table.src, 16 * attempt)
    rows.src_port[n] = np.uint16(errors[variant, 0])
    rows.dst_port[n] = np.uint16(errors[variant, 1])
    rows.protocol[n] = np.uint16(errors[variant, 2])


@lean_part
def _common(table: Table, attempt: Number, flows: Int64, k: Number, lane: Number, rows: Rows, n: Number) -> None:
    rows.attempt[n] = attempt
    rows.family[n] = table.family[attempt]
    rows.intended[n] = table.intended[attempt]
    rows.first[n] = flows[k, lane, 0]
    rows.last[n] = flows[k, lane, 1]
    rows.frames[n] = np.uint32(flows[k, lane, 2])


def _errors(template: Template) -> Int32:
    """Type, code and protocol of the ICMP error that each variant holds, int32 ``(variants, 3)``; zeros where none."""
    found = np.zeros((len(template.protocol), 3), np.int32)
    for frame in np.flatnonzero(template.quotes):
        variant = int(np.searchsorted(template.first, frame, "right")) - 1
        row = template.frames[frame]
        at = int(row["start"]) + (34 if row["version"] == 4 else 54)
        found[variant] = template.blob[at], template.blob[at + 1], row["kind"]
    return found
