"""What a detector said about each flow: its verdict rows folded into one line a flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from campaign.labels import I64, Mask, is_attack, numbers, words
from contract.alert import ALLOWED_FROM, MUTED_FROM
from contract.families import BENIGN
from contract.schemas import FLOWS

NEVER: Final = np.iinfo(np.int64).max
COMMITTED: Final = "committed"


@dataclass(frozen=True)
class FlowWords:
    """One element a flow, in the order of the FLOWS table.

    ``flagged``: some verdict said attack. ``word``: the last attack verdict's family (``benign`` where none).
    ``alert_id``: the last incident that claimed it, 0 where none. ``since``: when its first attack verdict was readable
    (the ``committed`` column, epoch ns), ``NEVER`` where there is none or the verdicts carry no such column.
    ``joined``: likewise for the first row that put it into an incident.
    """

    flagged: Mask
    word: npt.NDArray[np.object_]
    alert_id: npt.NDArray[np.uint64]
    since: I64
    joined: I64


def rows_of(flow_ids: npt.NDArray[np.uint64], wanted: npt.NDArray[np.uint64]) -> I64:
    """The index in ``flow_ids`` of each wanted id, -1 where it is not there."""
    if not len(flow_ids):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(flow_ids, kind="stable")
    at = np.minimum(np.searchsorted(flow_ids[order], wanted), len(flow_ids) - 1)
    rows: I64 = np.where(flow_ids[order][at] == wanted, order[at], -1).astype(np.int64)
    return rows


def with_unended(flows: pa.Table, verdicts: pa.Table) -> pa.Table:
    """The FLOWS rows, and one made from the last verdict of each flow that never ended (a run that was cut short)."""
    flow_id = numbers(flows, "flow_id").astype(np.uint64)
    verdict_id = numbers(verdicts, "flow_id").astype(np.uint64)
    missing = np.flatnonzero(rows_of(flow_id, verdict_id) < 0)
    if not len(missing):
        return flows
    _, from_end = np.unique(verdict_id[missing][::-1], return_index=True)
    last_rows = verdicts.take(pa.array(missing[::-1][from_end]))
    columns = []
    for field in FLOWS:
        if field.name in last_rows.column_names:
            columns.append(last_rows.column(field.name).cast(field.type))
        elif field.name in ("packets_fwd", "bytes_fwd"):
            columns.append(last_rows.column(field.name.removesuffix("_fwd")).cast(field.type))
        else:
            columns.append(pa.chunked_array([pa.array(np.zeros(last_rows.num_rows, np.uint8)).cast(field.type)]))
    return pa.concat_tables([flows.select(FLOWS.names), pa.table(columns, schema=flows.select(FLOWS.names).schema)])


def fold(flows: pa.Table, verdicts: pa.Table) -> FlowWords:
    """Fold VERDICTS rows (in the order in which they were written) onto the rows of a FLOWS table."""
    count = flows.num_rows
    flagged = np.zeros(count, np.bool_)
    word = np.full(count, BENIGN, object)
    alert_id = np.zeros(count, np.uint64)
    since, joined = np.full(count, NEVER, np.int64), np.full(count, NEVER, np.int64)
    if not verdicts.num_rows:
        return FlowWords(flagged, word, alert_id, since, joined)
    rows = rows_of(numbers(flows, "flow_id").astype(np.uint64), numbers(verdicts, "flow_id").astype(np.uint64))
    family = words(verdicts, "family")
    claimed = numbers(verdicts, "alert_id").astype(np.uint64)
    # What the configuration allows is called by its name, and is no alarm; what it mutes claims no flow.
    allowed = (claimed >= ALLOWED_FROM) & (claimed < MUTED_FROM)
    claimed = np.where(claimed >= ALLOWED_FROM, 0, claimed).astype(np.uint64)
    attack = is_attack(family) & (rows >= 0) & ~allowed
    flagged[rows[attack]] = True
    word[rows[attack]] = family[attack]  # the last assignment to a row stays
    in_alert = (claimed > 0) & (rows >= 0)
    alert_id[rows[in_alert]] = claimed[in_alert]
    if COMMITTED in verdicts.column_names:
        when = numbers(verdicts, COMMITTED, pa.int64()).astype(np.int64)
        np.minimum.at(since, rows[attack], when[attack])
        np.minimum.at(joined, rows[in_alert], when[in_alert])
    return FlowWords(flagged, word, alert_id, since, joined)


def frames_in(flows: pa.Table) -> int:
    """Frames that the flows carried."""
    return int((pc.sum(flows.column("packets_fwd")).as_py() or 0) + (pc.sum(flows.column("packets_bwd")).as_py() or 0))
