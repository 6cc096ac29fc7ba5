"""Who attacks, who is attacked, on which ports: counted over the flows that were called an attack.

Counts are kept as Arrow tables and brought up to date with the verdicts that came since: no row is touched in Python.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from api.rows import PROTOCOLS
from contract.addresses import column_to_array, texts
from contract.families import BENIGN
from store.reader import StoreReader

_EVERY_S: Final = 1.0
_MOST_RUNS: Final = 4
_MOST_ROWS: Final = 400_000  # rows of a table of counts before the least are let go
_SIDES: Final = {"attackers": ["src"], "victims": ["dst"], "ports": ["dst_port", "protocol"]}
_SUMS: Final = ("flows", "packets", "bytes")
_COLUMNS: Final = ["src", "dst", "dst_port", "protocol", "family", "packets", "bytes"]
_PIECE: Final = 200_000  # rows that are gathered before they are added up
Json = dict[str, Any]


class Talkers:
    """Follows the verdicts of one store. May be shared by threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._asked = 0.0
        self._start()

    def _start(self) -> None:
        from store.seen import Seen  # compiled: half a second, which a service that starts does not have

        self._commit, self._rows, self._flows = -1, 0, 0
        self._seen = Seen()
        self._tables: dict[str, pa.Table] = {}
        self._waiting: list[pa.Table] = []
        self._cut: set[str] = set()

    def update(self, reader: StoreReader) -> None:
        """Take what came since, at most once a second."""
        with self._turn:
            now = time.monotonic()
            if self._asked and now - self._asked < _EVERY_S:
                return
            self._asked = now
            commit = reader.last_commit()
            if commit < self._commit:  # another store under the same name
                self._start()
            if commit == self._commit:
                return
            for table in reader.verdict_tables(self._rows):
                self._rows += table.num_rows
                self._take(table)
            self._commit = commit

    def top(self, limit: int) -> Json:
        """The most active of each side, the busiest first, each with its most frequent family."""
        with self._turn:
            self._sum_up()
            tables, cut, flows = dict(self._tables), set(self._cut), self._flows
        document: Json = {"flows": flows}
        for side, keys in _SIDES.items():
            table = tables.get(side)
            document[side] = [] if table is None else _rows(table, keys, limit)
            document[f"{side}_total"] = 0 if table is None else len(table.group_by(keys).aggregate([]))
            document[f"{side}_cut"] = side in cut
        return document

    def _take(self, table: pa.Table) -> None:
        families = table.column("family").cast(pa.string())
        attack: npt.NDArray[np.bool_] = np.asarray(pc.not_equal(families, BENIGN))
        flow_ids = np.ascontiguousarray(np.asarray(table.column("flow_id")))
        fresh = self._seen.first_turns(flow_ids, attack, np.asarray(table.column("final")))
        if not fresh.any():
            return
        chosen = table.set_column(table.column_names.index("family"), "family", families).filter(pa.array(fresh))
        self._flows += chosen.num_rows
        self._waiting.append(chosen.select(_COLUMNS))
        if sum(piece.num_rows for piece in self._waiting) > _PIECE:
            self._sum_up()

    def _sum_up(self) -> None:
        """Add what waits to the counts: seldom, since that walks through all that is counted."""
        if not self._waiting:
            return
        chosen = pa.concat_tables(self._waiting)
        self._waiting.clear()
        ones = pa.array(np.ones(chosen.num_rows, np.int64))
        for side, keys in _SIDES.items():
            columns = {name: chosen.column(name) for name in (*keys, "family")}
            columns |= {"flows": ones} | {name: chosen.column(name).cast(pa.int64()) for name in ("packets", "bytes")}
            self._tables[side] = self._merged(side, keys, pa.table(columns))

    def _merged(self, side: str, keys: list[str], fresh: pa.Table) -> pa.Table:
        known = self._tables.get(side)
        whole = fresh if known is None else pa.concat_tables([known, fresh])
        summed = whole.group_by([*keys, "family"], use_threads=False).aggregate([(name, "sum") for name in _SUMS])
        summed = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names])
        summed = summed.select([*keys, "family", *_SUMS])
        if len(summed) > _MOST_ROWS:
            # A spoofed flood has a source a frame: those seen least go, and the answer says so.
            self._cut.add(side)
            summed = summed.sort_by([("flows", "descending")]).slice(0, _MOST_ROWS // 2)
        return summed.combine_chunks()


class TalkerBook:
    """The counts of the runs that were asked for last. May be shared by threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._known: OrderedDict[str, Talkers] = OrderedDict()

    def of(self, run: str) -> Talkers:
        """The counts of a run."""
        with self._turn:
            found = self._known.setdefault(run, Talkers())
            self._known.move_to_end(run)
            while len(self._known) > _MOST_RUNS:
                self._known.popitem(last=False)
            return found


def _rows(table: pa.Table, keys: list[str], limit: int) -> list[Json]:
    """The first ``limit`` keys by flows, as JSON objects."""
    totals = table.group_by(keys, use_threads=False).aggregate([(name, "sum") for name in _SUMS])
    totals = totals.sort_by([("flows_sum", "descending"), *((key, "ascending") for key in keys)]).slice(0, limit)
    wanted = table.join(totals.select(keys), keys, join_type="inner").sort_by([("flows", "descending")])
    chief: dict[tuple[Any, ...], list[str]] = {}
    names = [wanted.column(name).to_pylist() for name in (*keys, "family")]
    for *key, family in zip(*names, strict=True):
        chief.setdefault(tuple(key), []).append(family)
    rows = totals.to_pylist()
    hosts = texts(column_to_array(totals.column(keys[0]))) if "port" not in keys[0] else []
    found = []
    for at, row in enumerate(rows):
        item: Json = {name: row[f"{name}_sum"] for name in _SUMS}
        item["families"] = chief[tuple(row[key] for key in keys)][:4]
        if hosts:
            item["host"] = hosts[at]
        else:
            item |= {"port": row["dst_port"], "protocol": PROTOCOLS.get(row["protocol"], str(row["protocol"]))}
        found.append(item)
    return found
