"""Verdict rows, straight from the flow table and the marks."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import array_to_column
from contract.jit import lean_kernel
from contract.schemas import NAME, TIME, VERDICTS
from detector.facts import as_bytes
from detector.flowtable import BWD, FLOW, FWD, FlowTable
from detector.incidents import MARK
from detector.prefetch import prefetch

_AHEAD: Final = 8  # a flow's memory is asked for so many flows before it is read
_LINES: Final = tuple(sorted({FLOW.fields[name][1] for name in ("address", "first", "bytes", "flow_id")}))  # type: ignore[index]  # FLOW has fields
_MARK_BYTES: Final = MARK.itemsize


class _Read(NamedTuple):
    """What is read of each flow and its mark, one element a row; addresses as two 64-bit words."""

    flow_id: npt.NDArray[np.uint64]
    address: npt.NDArray[np.uint64]  # (2, n, 2)
    port: npt.NDArray[np.uint16]  # (2, n)
    protocol: npt.NDArray[np.uint16]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    packets: npt.NDArray[np.uint32]
    octets: npt.NDArray[np.uint64]
    label: npt.NDArray[np.int16]
    said: npt.NDArray[np.int16]
    score: npt.NDArray[np.float32]

    @classmethod
    def room(cls, n: int) -> _Read:
        """Room for ``n`` rows."""
        return cls(
            flow_id=np.empty(n, np.uint64),
            address=np.empty((2, n, 2), np.uint64),
            port=np.empty((2, n), np.uint16),
            protocol=np.empty(n, np.uint16),
            first=np.empty(n, np.int64),
            last=np.empty(n, np.int64),
            packets=np.empty(n, np.uint32),
            octets=np.empty(n, np.uint64),
            label=np.empty(n, np.int16),
            said=np.empty(n, np.int16),
            score=np.empty(n, np.float32),
        )


class VerdictRows:
    """Makes VERDICTS batches for a model's families."""

    def __init__(self, families: tuple[str, ...]) -> None:
        self._names = pa.array(families, pa.string())

    def rows(
        self,
        table: FlowTable,
        marks: npt.NDArray[Any],
        slots: npt.NDArray[np.int32],
        final: npt.NDArray[np.bool_],
        alert_ids: npt.NDArray[np.uint64],
        decided: int,
    ) -> pa.RecordBatch:
        """One row a slot, as of now. All arrays have one element a slot; ``decided`` is epoch ns."""
        read = _Read.room(len(slots))
        _fill(table.flows, marks, np.ascontiguousarray(slots, np.int32), read)
        score = np.where((read.said == 0) & (read.label > 0), 1 - read.score, read.score)
        columns = [
            pa.array(read.flow_id),
            array_to_column(as_bytes(read.address[FWD])),
            array_to_column(as_bytes(read.address[BWD])),
            pa.array(read.port[FWD]),
            pa.array(read.port[BWD]),
            pa.array(read.protocol),
            _time(read.first),
            _time(read.last),
            pa.array(read.packets),
            pa.array(read.octets),
            _time(np.full(len(slots), decided, np.int64)),
            pa.DictionaryArray.from_arrays(pa.array(read.said), self._names).cast(NAME),
            pa.array(score),
            pa.array(final),
            pa.array(alert_ids),
        ]
        return pa.record_batch(columns, schema=VERDICTS)


@lean_kernel
def _fill(flows: npt.NDArray[Any], marks: npt.NDArray[Any], slots: npt.NDArray[np.int32], out: _Read) -> None:
    """Records lie far apart: each is read once, and its memory is asked for before."""
    for row in range(len(slots)):
        if row + _AHEAD < len(slots):
            coming = np.int64(slots[row + _AHEAD])
            for place in _LINES:
                prefetch(flows, coming, place)
            prefetch(marks, coming, 0)
            prefetch(marks, coming, _MARK_BYTES - 1)
        flow, mark = flows[slots[row]], marks[slots[row]]
        for side in range(2):
            out.address[side, row, 0] = flow["address"][side, 0]
            out.address[side, row, 1] = flow["address"][side, 1]
            out.port[side, row] = flow["port"][side]
        out.flow_id[row] = flow["flow_id"]
        out.protocol[row] = flow["protocol"]
        out.first[row] = flow["first"]
        out.last[row] = flow["last"]
        out.packets[row] = flow["packets"][FWD] + flow["packets"][BWD]
        out.octets[row] = flow["bytes"][FWD] + flow["bytes"][BWD]
        out.label[row] = mark["label"]
        out.said[row] = mark["said"]
        out.score[row] = mark["score"]


def _time(values: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(np.ascontiguousarray(values)).view(TIME)
