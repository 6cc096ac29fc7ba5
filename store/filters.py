"""What a reader asks for: the same filters for alerts, detections and flows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contract.addresses import column_to_array, to_bytes
from contract.community_id import community_ids
from contract.errors import InputError
from contract.families import BENIGN, GROUPS, catalogue, group_of
from contract.schemas import TIME


@dataclass(frozen=True)
class Filters:
    """All of what is set must hold. Times are epoch nanoseconds, ``host`` an address in text on either side.

    ``min_score`` is the score of a verdict, the confidence of an alert. ``severity`` and ``open`` are for alerts alone;
    ``attacks`` leaves out verdicts that say ``benign``. Flows know no family, group or score.
    """

    family: str | None = None
    group: str | None = None
    host: str | None = None
    since: int | None = None
    until: int | None = None
    min_score: float | None = None
    community_id: str | None = None
    severity: str | None = None
    open: bool | None = None
    attacks: bool = False

    def check(self) -> None:
        """Raise ``InputError`` where the family, group or host is none."""
        if self.family is not None:
            group_of(self.family)
        if self.group is not None and self.group not in (*GROUPS, BENIGN):
            raise InputError(f"no group is called {self.group!r}; there are {', '.join(GROUPS)} and {BENIGN}")
        if self.host is not None:
            to_bytes(self.host)

    def families(self) -> frozenset[str] | None:
        """The families that may match by family and group, None for any."""
        chosen: frozenset[str] | None = None
        if self.family is not None:
            chosen = frozenset({self.family})
        if self.group is not None:
            of_group = {name for name, family in catalogue().items() if family.group == self.group}
            if self.group == BENIGN:
                of_group.add(BENIGN)
            chosen = frozenset(of_group) if chosen is None else chosen & of_group
        return chosen


def matching(table: pa.Table, filters: Filters, time: str) -> pa.Table:
    """The rows of verdicts or flows that match; ``time`` is the column that ``since`` and ``until`` mean."""
    conditions = []
    if filters.since is not None:
        conditions.append(pc.greater_equal(table.column(time), pa.scalar(filters.since, TIME)))
    if filters.until is not None:
        conditions.append(pc.less_equal(table.column(time), pa.scalar(filters.until, TIME)))
    if filters.host is not None:
        host = pa.scalar(to_bytes(filters.host), pa.binary(16))
        conditions.append(pc.or_(pc.equal(table.column("src"), host), pc.equal(table.column("dst"), host)))
    if "family" in table.schema.names:
        conditions += _verdict_conditions(table, filters)
    for condition in conditions[1:]:
        conditions[0] = pc.and_(conditions[0], condition)
    if conditions:
        table = table.filter(conditions[0])
    return _of_community(table, filters.community_id) if filters.community_id else table


def _verdict_conditions(table: pa.Table, filters: Filters) -> list[pa.ChunkedArray]:
    conditions = []
    families = filters.families()
    words = table.column("family").cast(pa.string())
    if families is not None:
        conditions.append(pc.is_in(words, value_set=pa.array(sorted(families), pa.string())))
    if filters.attacks:
        conditions.append(pc.not_equal(words, BENIGN))
    if filters.min_score is not None:
        conditions.append(pc.greater_equal(table.column("score"), pa.scalar(filters.min_score, pa.float32())))
    return conditions


def _of_community(table: pa.Table, wanted: str) -> pa.Table:
    if not table.num_rows:
        return table
    numbers = [np.asarray(table.column(name)) for name in ("src_port", "dst_port", "protocol")]
    src, dst = column_to_array(table.column("src")), column_to_array(table.column("dst"))
    ids = community_ids(src, dst, numbers[0], numbers[1], numbers[2])
    return table.filter(pc.equal(ids, wanted))
