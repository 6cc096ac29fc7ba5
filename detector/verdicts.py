"""Verdict rows, straight from the flow table and the marks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.schemas import NAME, TIME, VERDICTS
from detector.flowtable import BWD, FWD, FlowTable
from detector.meter import addresses


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
        flows, marks = table.flows[slots], marks[slots]
        columns = [
            pa.array(flows["flow_id"]),
            addresses(flows, FWD),
            addresses(flows, BWD),
            pa.array(np.ascontiguousarray(flows["port"][:, FWD])),
            pa.array(np.ascontiguousarray(flows["port"][:, BWD])),
            pa.array(flows["protocol"]),
            _time(flows["first"]),
            _time(flows["last"]),
            pa.array(flows["packets"].sum(axis=1, dtype=np.uint32)),
            pa.array(flows["bytes"].sum(axis=1, dtype=np.uint64)),
            _time(np.full(len(slots), decided, np.int64)),
            pa.DictionaryArray.from_arrays(pa.array(marks["said"].astype(np.int16)), self._names).cast(NAME),
            pa.array(np.where((marks["said"] == 0) & (marks["label"] > 0), 1 - marks["score"], marks["score"])),
            pa.array(final),
            pa.array(alert_ids),
        ]
        return pa.record_batch(columns, schema=VERDICTS)


def _time(values: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(np.ascontiguousarray(values)).view(TIME)
