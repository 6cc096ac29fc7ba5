"""Reading a store, also while another process writes it."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.alert import ALLOWED_FROM, MUTED_FROM, Alert
from contract.errors import InputError
from contract.schemas import TIME
from store import segments
from store.filters import Filters, matching
from store.layout import KINDS, connect_reader, database_errors
from store.results import AlertPage, Page, Revision, Rollup
from store.segments import SEGMENT_COLUMNS, Segment

_RETRIES: Final = 5
_ROW: Final = pa.field("row", pa.int64(), nullable=False)
_COMMITTED: Final = pa.field("committed", TIME, nullable=False)
MAX_SCANNED_ROWS: Final = 5_000_000
_T = TypeVar("_T")
_READABLE: Final = "coalesce(readable_ns, written_ns)"
_TOLD: Final = f"(alert_id < {ALLOWED_FROM})"
_ALERT: Final = (
    f"SELECT row, document, (SELECT {_READABLE} FROM commits WHERE id=commit_id), "  # noqa: S608 - constants
    f"(SELECT {_READABLE} FROM commits WHERE id=raised_commit) FROM alerts"
)


class StoreReader:
    """Reads a store; may be shared by threads. Raises ``InputError`` where there is none or it is damaged."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._database = connect_reader(self.path)
        self._turn = threading.Lock()

    def close(self) -> None:
        """Let go of the database."""
        with self._turn:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def alerts(
        self, filters: Filters | None = None, limit: int = 100, cursor: int | None = None, changed_after: int = 0
    ) -> AlertPage:
        """Alerts that match. ``changed_after`` a commit (see ``last_commit``) asks for news only.

        What the configuration allowed or muted is left out: see ``silenced``.
        """
        where, values = _alert_conditions(filters or Filters())
        where.append(_TOLD)
        if cursor is not None:
            where.append("row < ?")
            values.append(cursor)
        if changed_after:
            where.append("commit_id > ?")
            values.append(changed_after)
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        rows = self._query(f"{_ALERT} {condition} ORDER BY row DESC LIMIT ?", *values, limit + 1)
        found = [_alert(row) for row in rows[:limit]]
        return AlertPage(found, int(rows[limit - 1][0]) if len(rows) > limit else None)

    def alert(self, alert_id: int) -> dict[str, Any] | None:
        """One alert as a document, None where there is no such one."""
        rows = self._query(f"{_ALERT} WHERE alert_id=?", alert_id)
        return _alert(rows[0]) if rows else None

    def all_alerts(self) -> list[Alert]:
        """Every alert as it now is, in the order in which they were raised."""
        rows = self._query(f"SELECT document FROM alerts WHERE {_TOLD} ORDER BY row")  # noqa: S608 - constants
        return [Alert.from_dict(json.loads(text)) for (text,) in rows]

    def silenced(self) -> list[Alert]:
        """What the configuration allowed or muted, in the order in which it would have been raised."""
        rows = self._query(f"SELECT document FROM alerts WHERE NOT {_TOLD} ORDER BY row")  # noqa: S608 - constants
        return [Alert.from_dict(json.loads(text)) for (text,) in rows]

    def alert_revisions(self, alert_id: int | None = None) -> list[Revision]:
        """When each writing of each alert (or of one) could be read."""
        where, values = ("WHERE alert_id=?", (alert_id,)) if alert_id is not None else ("", ())
        query = (
            f"SELECT alert_id, revision, {_READABLE}, first_seen, last_seen, flows "  # noqa: S608 - constants
            f"FROM revisions JOIN commits ON commits.id = commit_id {where} ORDER BY commit_id, alert_id, revision"
        )
        return [Revision(*row) for row in self._query(query, *values)]

    def detections(self, filters: Filters | None = None, limit: int = 100, cursor: int | None = None) -> Page:
        """Verdicts that match, newest first (set ``Filters.attacks`` to leave out ordinary traffic)."""
        return self._page("verdicts", filters or Filters(), limit, cursor)

    def flows(self, filters: Filters | None = None, limit: int = 100, cursor: int | None = None) -> Page:
        """Ended flows that match, newest first."""
        return self._page("flows", filters or Filters(), limit, cursor)

    def verdict_tables(self, start: int = 0) -> Iterator[pa.Table]:
        """All verdicts from row ``start`` on, in the order of their commits: ``VERDICTS``, then ``committed``."""
        return self._tables("verdicts", start)

    def flow_tables(self, start: int = 0) -> Iterator[pa.Table]:
        """All flows from row ``start`` on, in the order of their commits: ``FLOWS``, then ``committed``."""
        return self._tables("flows", start)

    def timeline(self, since: int | None = None, until: int | None = None) -> list[Rollup]:
        """Rollups by second (epoch seconds, both ends included) and family."""
        query = "SELECT * FROM rollups WHERE second BETWEEN ? AND ? ORDER BY second, family"
        low = -(1 << 62) if since is None else since
        return [Rollup(*row) for row in self._query(query, low, 1 << 62 if until is None else until)]

    def counts(self) -> dict[str, Any]:
        """Totals: rows by kind, alerts (total, open, by family), flows called an attack and ended by family.

        ``silenced`` counts what the configuration allowed and muted, which is in none of the other counts of alerts.
        """
        rows = self._query("SELECT kind, sum(rows) FROM segments WHERE state='live' GROUP BY kind")
        alerts = self._query(
            f"SELECT family, count(*), sum(open) FROM alerts WHERE {_TOLD} GROUP BY family ORDER BY family"  # noqa: S608
        )
        silenced = self._query(
            f"SELECT count(*), coalesce(sum(alert_id >= {MUTED_FROM}), 0) FROM alerts WHERE NOT {_TOLD}"  # noqa: S608
        )[0]
        families = self._query("SELECT family, sum(attacks), sum(ended) FROM rollups GROUP BY family ORDER BY family")
        return {
            "rows": dict.fromkeys(KINDS, 0) | dict(rows),
            "alerts": {
                "total": sum(row[1] for row in alerts),
                "open": sum(row[2] for row in alerts),
                "families": {family: count for family, count, _ in alerts},
            },
            "silenced": {"allowed": silenced[0] - silenced[1], "muted": silenced[1]},
            "families": {family: {"attacks": attacks, "ended": ended} for family, attacks, ended in families},
            "last_commit": self.last_commit(),
        }

    def commit_times(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """When the writing of each commit began and when it could be read (epoch ns), in their order."""
        rows = self._query(f"SELECT written_ns, {_READABLE} FROM commits ORDER BY id")  # noqa: S608 - constants
        both = np.asarray(rows, np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def last_commit(self) -> int:
        """The number of the last commit, 0 before the first: what has changed since is asked for by it."""
        return int(self._query("SELECT coalesce(max(id), 0) FROM commits")[0][0])

    def damaged(self) -> list[str]:
        """The segments that recovery set aside, as ``kind/name``."""
        return [f"{kind}/{name}" for kind, name in self._query("SELECT kind, name FROM segments WHERE state='damaged'")]

    def _query(self, query: str, *values: object) -> list[Any]:
        with self._turn, database_errors(self.path):
            try:
                return self._database.execute(query, values).fetchall()
            except sqlite3.ProgrammingError as error:
                raise InputError(f"{self.path}: the store was closed: {error}") from None

    def _segments(self, kind: str, below: int | None = None) -> list[Segment]:
        query = (
            f"SELECT {SEGMENT_COLUMNS} FROM segments WHERE kind=? AND state='live' AND rows > 0 "  # noqa: S608
            "AND first_row < ? ORDER BY first_row DESC"
        )
        return [Segment.from_row(row) for row in self._query(query, kind, 1 << 62 if below is None else below)]

    def _read(self, segment: Segment) -> pa.Table:
        """The rows of a segment with ``row`` and ``committed`` instead of ``commit``."""
        table = segments.read(self.path, segment)
        commits = np.asarray(table.column("commit"))
        low, high = (int(commits.min()), int(commits.max())) if len(commits) else (0, 0)
        known = self._query(f"SELECT id, {_READABLE} FROM commits WHERE id BETWEEN ? AND ?", low, high)  # noqa: S608
        numbers = np.asarray([row[0] for row in known], np.int64)
        moments = np.asarray([row[1] for row in known], np.int64)
        committed = segments.times(moments[np.searchsorted(numbers, commits)])
        rows = pa.array(np.arange(segment.first_row, segment.first_row + table.num_rows, dtype=np.int64))
        return table.drop_columns(["commit"]).append_column(_ROW, rows).append_column(_COMMITTED, committed)

    def _retried(self, work: Callable[[], _T]) -> _T:
        """Do it again where compaction took a file away between manifest and file."""
        for _ in range(_RETRIES):
            try:
                return work()
            except FileNotFoundError as error:
                missing = error.filename
        raise InputError(f"{self.path}: damaged store: segment {missing} is missing")

    def _page(self, kind: str, filters: Filters, limit: int, cursor: int | None) -> Page:
        filters.check()
        return self._retried(lambda: self._scan(kind, filters, limit, cursor))

    def _scan(self, kind: str, filters: Filters, limit: int, cursor: int | None) -> Page:
        schema = pa.schema([*KINDS[kind].schema, _ROW, _COMMITTED], metadata=KINDS[kind].schema.metadata)
        found: list[pa.Table] = []
        wanted, scanned = limit, 0
        for segment in self._segments(kind, cursor):
            if not _may_match(segment, filters):
                continue
            if scanned >= MAX_SCANNED_ROWS:
                return Page(_joined(found, schema), segment.first_row + segment.rows)
            table = self._read(segment)
            scanned += table.num_rows
            if cursor is not None and cursor < segment.first_row + segment.rows:
                table = table.slice(0, cursor - segment.first_row)
            table = matching(table, filters, KINDS[kind].time)
            newest = table.take(pa.array(np.arange(table.num_rows - 1, -1, -1)[: wanted + 1]))
            if newest.num_rows > wanted:
                found.append(newest.slice(0, wanted))
                joined = _joined(found, schema)
                return Page(joined, int(joined.column("row")[-1].as_py()) if joined.num_rows else None)
            found.append(newest)
            wanted -= newest.num_rows
        return Page(_joined(found, schema), None)

    def _tables(self, kind: str, done: int) -> Iterator[pa.Table]:
        """Each segment once; where compaction merges meanwhile, it goes on behind the last row that was given."""
        while piece := self._retried(partial(self._following, kind, done)):
            table, done = piece
            yield table

    def _following(self, kind: str, done: int) -> tuple[pa.Table, int] | None:
        """The rows of the segment that holds row ``done`` (or the next there is) from there, and the row behind."""
        query = (
            f"SELECT {SEGMENT_COLUMNS} FROM segments WHERE kind=? AND state='live' "  # noqa: S608 - constants
            "AND first_row + rows > ? ORDER BY first_row LIMIT 1"
        )
        rows = self._query(query, kind, done)
        if not rows:
            return None
        segment = Segment.from_row(rows[0])
        table = self._read(segment).slice(max(0, done - segment.first_row)).drop_columns(["row"])
        return table, segment.first_row + segment.rows


def _alert(row: tuple[int, str, int, int]) -> dict[str, Any]:
    _, text, committed, raised = row
    document: dict[str, Any] = json.loads(text)
    return document | {"committed_ns": committed, "raised_ns": raised}


def _alert_conditions(filters: Filters) -> tuple[list[str], list[Any]]:
    filters.check()
    pairs: list[tuple[str, Any]] = [
        ("family = ?", filters.family),
        ("grp = ?", filters.group),
        ("last_seen >= ?", filters.since),
        ("first_seen <= ?", filters.until),
        ("confidence >= ?", filters.min_score),
        ("severity = ?", filters.severity),
        ("open = ?", filters.open),
        ("alert_id IN (SELECT alert_id FROM alert_hosts WHERE host = ?)", filters.host),
        ("alert_id IN (SELECT alert_id FROM alert_flows WHERE community_id = ?)", filters.community_id),
    ]
    chosen = [(text, value) for text, value in pairs if value is not None]
    return [text for text, _ in chosen], [value for _, value in chosen]


def _may_match(segment: Segment, filters: Filters) -> bool:
    """Whether a segment can hold a match at all, by what the manifest says."""
    if filters.since is not None and segment.max_ns < filters.since:
        return False
    if filters.until is not None and segment.min_ns > filters.until:
        return False
    families = filters.families()
    if not segment.families:
        return True
    if families is not None and not families & set(segment.families):
        return False
    return not (filters.attacks and set(segment.families) == {"benign"})


def _joined(tables: list[pa.Table], schema: pa.Schema) -> pa.Table:
    if not tables:
        return schema.empty_table()
    return pa.concat_tables(tables).unify_dictionaries()
