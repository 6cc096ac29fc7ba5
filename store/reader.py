"""Reading a store, also while another process writes it."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.alert import Alert
from contract.errors import InputError
from contract.families import BENIGN
from store.alert_filters import conditions, packed
from store.documents import Documents
from store.filters import Filters
from store.layout import connect_reader, database_errors, is_indexed
from store.results import AlertPage, Page, Revision, Rollup
from store.rows import READABLE, Rows
from store.totals import TOLD, totals

_MOMENTS: Final = (
    f"(SELECT {READABLE} FROM commits WHERE id=commit_id), "  # noqa: S608 - constants
    f"(SELECT {READABLE} FROM commits WHERE id=raised_commit)"
)


class StoreReader:
    """Reads a store; may be shared by threads. Raises ``InputError`` where there is none or it is damaged."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._database = connect_reader(self.path)
        self._indexed = is_indexed(self._database)
        self._database.create_function("packed", 1, packed, deterministic=True)
        self._turn = threading.Lock()
        self._segments = Rows(self.path, self._query)
        self._documents = Documents()

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
        with self._turn:  # a writer may have made the indexes of an old store meanwhile
            self._indexed = self._indexed or is_indexed(self._database)
        where, values = conditions(filters or Filters(), indexed=self._indexed)
        where.append(TOLD)
        if cursor is not None:
            where.append("row < ?")
            values.append(cursor)
        if changed_after:
            where.append("commit_id > ?")
            values.append(changed_after)
        condition = f"WHERE {' AND '.join(where)}" if where else ""
        query = f"SELECT row, alert_id, commit_id, {_MOMENTS} FROM alerts {condition} ORDER BY row DESC LIMIT ?"  # noqa: S608
        with self._snapshot():
            rows = self._rows(query, *values, limit + 1)
            found = self._documents.of(rows[:limit], self._rows)
        cursor = int(rows[limit - 1][0]) if len(rows) > limit else None
        return AlertPage(found, cursor, [int(row[2]) for row in rows[:limit]])

    def alert(self, alert_id: int) -> dict[str, Any] | None:
        """One alert as a document, None where there is no such one."""
        query = f"SELECT row, alert_id, commit_id, {_MOMENTS} FROM alerts WHERE alert_id=?"  # noqa: S608 - constants
        with self._snapshot():
            found = self._documents.of(self._rows(query, alert_id), self._rows)
        return found[0] if found else None

    def all_alerts(self) -> list[Alert]:
        """Every alert as it now is, in the order in which they were raised."""
        rows = self._query(f"SELECT document FROM alerts WHERE {TOLD} ORDER BY row")  # noqa: S608 - constants
        return [Alert.from_dict(json.loads(text)) for (text,) in rows]

    def silenced(self) -> list[Alert]:
        """What the configuration allowed or muted, in the order in which it would have been raised."""
        rows = self._query(f"SELECT document FROM alerts WHERE NOT {TOLD} ORDER BY row")  # noqa: S608 - constants
        return [Alert.from_dict(json.loads(text)) for (text,) in rows]

    def alert_revisions(self, alert_id: int | None = None) -> list[Revision]:
        """When each writing of each alert (or of one) could be read."""
        where, values = ("WHERE alert_id=?", (alert_id,)) if alert_id is not None else ("", ())
        query = (
            f"SELECT alert_id, revision, {READABLE}, first_seen, last_seen, flows "  # noqa: S608 - constants
            f"FROM revisions JOIN commits ON commits.id = commit_id {where} ORDER BY commit_id, alert_id, revision"
        )
        return [Revision(*row) for row in self._query(query, *values)]

    def detections(self, filters: Filters | None = None, limit: int = 100, cursor: int | None = None) -> Page:
        """Verdicts that match, newest first (set ``Filters.attacks`` to leave out ordinary traffic)."""
        return self._segments.page("verdicts", filters or Filters(), limit, cursor)

    def flows(self, filters: Filters | None = None, limit: int = 100, cursor: int | None = None) -> Page:
        """Ended flows that match, newest first."""
        return self._segments.page("flows", filters or Filters(), limit, cursor)

    def verdict_tables(self, start: int = 0) -> Iterator[pa.Table]:
        """All verdicts from row ``start`` on, in the order of their commits: ``VERDICTS``, then ``committed``."""
        return self._segments.tables("verdicts", start)

    def flow_tables(self, start: int = 0) -> Iterator[pa.Table]:
        """All flows from row ``start`` on, in the order of their commits: ``FLOWS``, then ``committed``."""
        return self._segments.tables("flows", start)

    def first_row(self, kind: str, since_ns: int) -> int:
        """A row from which on all rows of a kind lie whose time (``last`` of flows) is not before ``since_ns``."""
        query = "SELECT min(first_row) FROM segments WHERE kind=? AND state='live' AND max_ns >= ?"
        (found,) = self._query(query, kind, since_ns)[0]
        return 1 << 62 if found is None else int(found)

    def following(self, kind: str, start: int) -> tuple[pa.Table, int] | None:
        """Some rows of a kind from row ``start`` on, and the row behind them; None where there are none."""
        return self._segments.following(kind, start)

    def timeline(self, since: int | None = None, until: int | None = None) -> list[Rollup]:
        """Rollups by second (epoch seconds, both ends included) and family."""
        query = "SELECT * FROM rollups WHERE second BETWEEN ? AND ? ORDER BY second, family"
        low = -(1 << 62) if since is None else since
        return [Rollup(*row) for row in self._query(query, low, 1 << 62 if until is None else until)]

    def recent(self, seconds: int) -> dict[int, int]:
        """Flows first called an attack in each of the last seconds in which there were any, by epoch second."""
        query = (
            "SELECT second, sum(attacks) FROM rollups WHERE family != ? AND second > "
            "(SELECT coalesce(max(second), 0) FROM rollups WHERE attacks > 0) - ? GROUP BY second"
        )
        return dict(self._query(query, BENIGN, seconds))

    def counts(self) -> dict[str, Any]:
        """Totals: rows by kind, alerts (total, open, by family, by severity), flows by family that were called an
        attack and that ended.

        ``silenced`` counts what the configuration allowed and muted, which is in none of the other counts of alerts.
        """
        return totals(self._query)

    def commit_times(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """When the writing of each commit began and when it could be read (epoch ns), in their order."""
        rows = self._query(f"SELECT written_ns, {READABLE} FROM commits ORDER BY id")  # noqa: S608 - constants
        both = np.asarray(rows, np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def last_commit(self) -> int:
        """The number of the last commit, 0 before the first: what has changed since is asked for by it."""
        return int(self._query("SELECT coalesce(max(id), 0) FROM commits")[0][0])

    def last_key(self) -> str:
        """The key of the last commit that had one, '' where none had."""
        rows = self._query("SELECT key FROM commits WHERE key IS NOT NULL ORDER BY id DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def damaged(self) -> list[str]:
        """The segments that recovery set aside, as ``kind/name``."""
        return [f"{kind}/{name}" for kind, name in self._query("SELECT kind, name FROM segments WHERE state='damaged'")]

    def _query(self, query: str, *values: object) -> list[Any]:
        with self._turn, database_errors(self.path):
            return self._rows(query, *values)

    def _rows(self, query: str, *values: object) -> list[Any]:
        """The rows of a query; the caller holds the turn."""
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.ProgrammingError as error:
            raise InputError(f"{self.path}: the store was closed: {error}") from None

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Hold the turn for several queries that see the store at one moment."""
        with self._turn, database_errors(self.path):
            self._rows("BEGIN")
            try:
                yield
            finally:
                self._rows("COMMIT")
