"""What truly happened, flow by flow: the ground on which any detector's alerts are judged.

Of a run it is the generator's own table. Of a capture it is the table beside it, or its flows as the meter makes them,
labelled by its truth file; then each flow of an attack is an attempt, intended when its first frame came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign.attempts import Attempts, attempts_of
from campaign.by_zone import Zones
from campaign.certifying import slack
from campaign.judge import as_received, truth_beside, warm_at
from campaign.labels import I64, Mask, Pairs, family_per_flow, is_attack, numbers, times, words
from campaign.runfolder import existing
from campaign.truth_table import read_truth_table
from contract.addresses import Bytes2D, column_to_array
from contract.errors import InputError
from contract.families import BENIGN, UNKNOWN
from contract.schemas import NAME, TIME, TRUTH
from contract.truth import TABLE_SUFFIX, Truth, read_truth
from detector.meter import Meter
from detector.metering import meter_capture

_MOST_FLOWS: Final = 20_000_000
_REPLY_OF_REQUEST: Final = {0: 8, 14: 13, 16: 15, 18: 17, 129: 128}


@dataclass(frozen=True)
class TrueFlows:
    """Rows of TRUTH. ``family`` is ``benign`` for ordinary traffic of any kind, ``unknown`` where nobody knows."""

    name: str
    table: pa.Table
    zones: Zones | None = None
    notes: list[str] = field(default_factory=list)
    since_ns: int = 0  # attempts that were due earlier warmed up, and are not judged

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def family(self) -> npt.NDArray[np.object_]:
        """The family of each row, ordinary ones as ``benign``."""
        names = words(self.table, "family")
        found: npt.NDArray[np.object_] = np.where(is_attack(names) | (names == UNKNOWN), names, BENIGN)
        return found

    @cached_property
    def coded(self) -> tuple[list[str], I64]:
        """The families that occur, and the number among them of each row."""
        if not len(self):
            return [], np.zeros(0, np.int64)
        names, code = np.unique(self.family.astype(str), return_inverse=True)
        return [str(name) for name in names], code.astype(np.int64)

    @cached_property
    def attack(self) -> Mask:
        """Which rows belong to attacks."""
        names, code = self.coded
        found: Mask = is_attack(np.array([*names, BENIGN], object))[code]
        return found

    @cached_property
    def first(self) -> I64:
        """When each row began, epoch ns."""
        return times(self.table, "first")

    @cached_property
    def last(self) -> I64:
        """When each row ended."""
        return times(self.table, "last")

    @cached_property
    def src(self) -> Bytes2D:
        """Who started it."""
        return column_to_array(self.table.column("src"))

    @cached_property
    def dst(self) -> Bytes2D:
        """With whom."""
        return column_to_array(self.table.column("dst"))

    @property
    def span(self) -> tuple[int, int]:
        """From the first frame to the last. Raises ``InputError`` where there is none."""
        if not len(self):
            raise InputError(f"{self.name}: its truth has no flows: there is nothing to judge by")
        return int(self.first.min()), int(self.last.max())

    def attempts(self, flagged: Mask, since: I64) -> Attempts:
        """Fold rows that were flagged, and when that could be known, onto the attempts of attacks."""
        every = np.arange(len(self), dtype=np.int64)
        return attempts_of(self.table, Pairs(every, every), flagged, since)


def of_run(path: Path) -> TrueFlows:
    """Those of a run folder. Raises ``InputError``."""
    folder = existing(path)
    table = as_received(read_truth_table(folder.truth), *slack(folder.path))
    return TrueFlows(folder.id, table, Zones.read(folder.workload), since_ns=warm_at(folder))


def of_capture(capture: Path, truth: Path | None = None) -> TrueFlows:
    """Those of a capture; ``truth`` is its table or file, else what lies beside it. Raises ``InputError``."""
    beside = capture.with_name(capture.name + TABLE_SUFFIX)
    if truth is None and beside.is_file():
        truth = beside
    if truth is not None and truth.suffix == ".parquet":
        return TrueFlows(capture.name, read_truth_table(truth))
    said = read_truth(truth or truth_beside(capture))
    return TrueFlows(capture.name, _labelled(_flows_of(capture), said))


def _flows_of(capture: Path) -> pa.Table:
    batches: list[pa.RecordBatch] = []

    def keep(batch: pa.RecordBatch) -> None:
        batches.append(batch)
        if sum(b.num_rows for b in batches) > _MOST_FLOWS:
            raise InputError(f"{capture}: more than {_MOST_FLOWS:,} flows; judge a shorter capture")

    meter_capture(capture, keep, rows=Meter.export)
    if not batches:
        raise InputError(f"{capture}: holds no flow")
    return pa.Table.from_batches(batches)


def _labelled(flows: pa.Table, truth: Truth) -> pa.Table:
    family = family_per_flow(flows, truth)
    names, code = np.unique(family.astype(str), return_inverse=True)
    frames = numbers(flows, "packets_fwd").astype(np.int64) + numbers(flows, "packets_bwd").astype(np.int64)
    columns = {
        "attempt": pa.array(np.arange(flows.num_rows)),
        "family": pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int16)), pa.array(names)).cast(NAME),
        "intended": flows.column("first").cast(TIME),
        "frames": pa.array(frames.astype(np.uint32)),
    }
    made = [columns[f.name] if f.name in columns else flows.column(f.name).cast(f.type) for f in TRUTH]
    return pa.table(made, schema=TRUTH)


def icmp_kind(message: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The type of the request that an ICMP message answers, its own where it answers none."""
    found = message.copy()
    for reply, request in _REPLY_OF_REQUEST.items():
        found[message == reply] = request
    return found
