"""What a follower reads of a store: alerts in the order in which they were raised or changed, rows in that of commits.

Each place in the order is a number (or two) that never changes, so that a follower may stop and go on there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import pyarrow as pa

from store.alert_filters import conditions, packed
from store.filters import Filters
from store.layout import connect_reader, database_errors, is_indexed
from store.reader import StoreReader
from store.totals import TOLD

_READABLE: Final = "coalesce(readable_ns, written_ns)"
_SELECT: Final = (
    "SELECT row, commit_id, document, "  # noqa: S608 - constants
    f"(SELECT {_READABLE} FROM commits WHERE id=commit_id), (SELECT {_READABLE} FROM commits WHERE id=raised_commit) "
    "FROM alerts WHERE "
)


class Told(NamedTuple):
    """An alert at its place: ``row`` counts alerts as they are raised, ``commit`` is that of its last change."""

    row: int
    commit: int
    document: dict[str, Any]


class Head(NamedTuple):
    """How far a store is: its last commit, and rows by kind."""

    commit: int
    rows: dict[str, int]


class Feed:
    """Reads a store beside its writer; for one thread. Raises ``InputError`` where there is none or it is damaged."""

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._database = connect_reader(self._path)
        self._database.create_function("packed", 1, packed, deterministic=True)
        self._reader = StoreReader(self._path)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def raised(self, after: int = 0, limit: int = 1000, filters: Filters | None = None) -> list[Told]:
        """Alerts behind row ``after`` in the order in which they were raised, as they now are."""
        return self._alerts("row > ?", "row", [after], limit, filters)

    def changed(
        self, after: tuple[int, int], upto: int, limit: int = 1000, filters: Filters | None = None
    ) -> list[Told]:
        """Alerts up to row ``upto`` that changed behind (commit, row), in the order of their last change."""
        condition = "(commit_id, row) > (?, ?) AND row <= ?"
        return self._alerts(condition, "commit_id, row", [*after, upto], limit, filters)

    def behind(self, row: int) -> int:
        """How many alerts were raised behind row ``row``."""
        with database_errors(self._path):
            query = f"SELECT count(*) FROM alerts WHERE row > ? AND {TOLD}"  # noqa: S608 - constants
            return int(self._database.execute(query, [row]).fetchone()[0])

    def skip(self, row: int, count: int) -> int:
        """The row of the alert that is ``count`` alerts (at least one) behind row ``row``."""
        with database_errors(self._path):
            query = f"SELECT row FROM alerts WHERE row > ? AND {TOLD} ORDER BY row LIMIT 1 OFFSET ?"  # noqa: S608
            return int(self._database.execute(query, [row, count - 1]).fetchone()[0])

    def alert(self, alert_id: int) -> dict[str, Any] | None:
        """One alert as it now is, None where there is no such one."""
        return self._reader.alert(alert_id)

    def rows(self, kind: str, start: int) -> tuple[pa.Table, int] | None:
        """Some rows of ``flows`` or ``verdicts`` from ``start`` on, and where to go on; None where there are none."""
        return self._reader.following(kind, start)

    def began(self) -> int:
        """When the first commit was written (epoch ns), by which stores are told apart; 0 while there is none."""
        with database_errors(self._path):
            found = self._database.execute("SELECT written_ns FROM commits ORDER BY id LIMIT 1").fetchone()
        return int(found[0]) if found else 0

    def head(self) -> Head:
        """How far the store is."""
        with database_errors(self._path):
            (commit,) = self._database.execute("SELECT coalesce(max(id), 0) FROM commits").fetchone()
            rows = self._database.execute(
                "SELECT kind, max(first_row + rows) FROM segments WHERE state='live' GROUP BY kind"
            ).fetchall()
        return Head(int(commit), dict(rows))

    def _alerts(
        self, condition: str, order: str, values: Sequence[Any], limit: int, filters: Filters | None
    ) -> list[Told]:
        where, more = conditions(filters or Filters(), indexed=is_indexed(self._database))
        text = " AND ".join([condition, TOLD, *where])
        with database_errors(self._path):
            rows = self._database.execute(
                f"{_SELECT} {text} ORDER BY {order} LIMIT ?", [*values, *more, limit]
            ).fetchall()
        return [
            Told(row, commit, json.loads(document) | {"committed_ns": committed, "raised_ns": raised})
            for row, commit, document, committed, raised in rows
        ]
