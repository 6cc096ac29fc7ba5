"""What stands between meter and classifier: windows, the choice of flows to look at, and their features.

The live pipeline and training both look at flows through this class, so that a model learns from what it will see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.schemas import FLOWS
from detector.classifiers.base import Matrix
from detector.due import new_due, select
from detector.features import features
from detector.flowtable import NEVER, FlowTable
from detector.meter import Meter, Slots
from detector.windows import update
from detector.windows_state import EVICTED, new_windows

TICK_NS: Final = 50_000_000


class Observer:
    """Follows one flow table. Call ``look`` once a tick, after ``Meter.expire`` and before ``Meter.clear_dirty``."""

    def __init__(self, table: FlowTable, seed: int = 0) -> None:
        self.table = table
        self.windows = new_windows(seed)
        self._due = new_due(table)

    def look(self, dirty: Slots, now_ns: int, *, last: bool = False) -> tuple[Slots, Matrix]:
        """Fold the tick into the windows; the slots worth a look and their features ``(n, WIDTH)``.

        Args:
            dirty: slots that frames touched in this tick
            now_ns: the end of the tick
            last: no tick follows, so that every second look is due now
        """
        update(self.windows, self.table, dirty, now_ns)
        slots = select(self._due, self.table, dirty, now_ns, NEVER if last else now_ns)
        return slots, features(self.table, self.windows, slots, now_ns)

    @property
    def evicted(self) -> int:
        """How many entities gave way because their set of places was full."""
        return int(self.windows.counters[EVICTED])


@dataclass(frozen=True)
class Looks:
    """All looks at one input: ``matrix`` (n, WIDTH), whose flow (n,), when (n,) ns; and its flows (FLOWS)."""

    matrix: Matrix
    flow_id: npt.NDArray[np.uint64]
    when: npt.NDArray[np.int64]
    flows: pa.Table


def looks(batches: Iterable[pa.RecordBatch], capacity: int = 1 << 16, tick_ns: int = TICK_NS) -> Looks:
    """Meter FRAMES batches and keep every look, without classifying. Same input, same looks."""
    meter = Meter(capacity, seed=0)
    observer = Observer(meter.table)
    matrices, ids, whens, flows = [], [], [], []

    def tick(end: int, *, last: bool) -> None:
        ended = meter.finish() if last else meter.expire(end)
        slots, matrix = observer.look(meter.dirty(), end, last=last)
        if len(slots):
            matrices.append(matrix)
            ids.append(meter.table.flows["flow_id"][slots])
            whens.append(np.full(len(slots), end, np.int64))
        meter.clear_dirty()
        if len(ended):
            flows.append(meter.export(ended))
            meter.release(ended)

    end = 0
    for batch, low, high, closes in ticks(batches, tick_ns):
        if end and closes != end:
            tick(end, last=False)
        end = closes
        meter.update(batch, low, high)
    tick(end, last=True)
    return Looks(
        np.concatenate(matrices) if matrices else features(meter.table, observer.windows, np.zeros(0, np.int32), 0),
        np.concatenate(ids) if ids else np.zeros(0, np.uint64),
        np.concatenate(whens) if whens else np.zeros(0, np.int64),
        pa.Table.from_batches(flows, FLOWS),
    )


def ticks(batches: Iterable[pa.RecordBatch], tick_ns: int = TICK_NS) -> Iterator[tuple[pa.RecordBatch, int, int, int]]:
    """Cut FRAMES batches at the ends of ticks: batch, low, high and the end of the tick (ns).

    A frame that is older than one before it belongs to that one's tick.
    """
    newest = 0
    for batch in batches:
        if batch.num_rows == 0:
            continue
        stamps = batch.column("ts").cast(pa.int64()).to_numpy()
        ends = (np.maximum.accumulate(np.maximum(stamps, newest)) // tick_ns + 1) * tick_ns
        newest = int(max(newest, stamps.max()))
        cuts = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), batch.num_rows]
        for low, high in zip(cuts[:-1], cuts[1:], strict=True):
            yield batch, low, high, int(ends[low])
