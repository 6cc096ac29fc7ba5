"""Verdicts and flows of a store, read from its segments, also while another process writes and merges them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from contract.errors import InputError
from contract.schemas import TIME
from store import segments
from store.filters import Filters, matching
from store.layout import KINDS
from store.pieces import Pieces
from store.results import Page
from store.segments import SEGMENT_COLUMNS, Segment

READABLE: Final = "coalesce(readable_ns, written_ns)"  # SQL: when a commit could be read
_RETRIES: Final = 5
_ROW: Final = pa.field("row", pa.int64(), nullable=False)
_COMMITTED: Final = pa.field("committed", TIME, nullable=False)
_LISTED: Final = 32  # segments that are looked up at once
MAX_SCANNED_ROWS: Final = 1_000_000  # of one page: an answer may hold fewer rows than were asked for, and go on there
_T = TypeVar("_T")


class Query(Protocol):
    """Asks the manifest: SQL and its values; returns rows."""

    def __call__(self, query: str, *values: object) -> list[Any]: ...


class Rows:
    """The rows of a store; may be shared by threads, as ``query`` may be.

    Raises ``InputError`` where a segment that the manifest names is missing or damaged.
    """

    def __init__(self, path: Path, query: Query) -> None:
        self._path = path
        self._query = query
        self._pieces = Pieces(path, self._finished)

    def page(self, kind: str, filters: Filters, limit: int, cursor: int | None) -> Page:
        """Rows of a kind that match, newest first."""
        filters.check()
        return self._retried(lambda: self._scan(kind, filters, limit, cursor))

    def tables(self, kind: str, done: int) -> Iterator[pa.Table]:
        """Each segment once; where compaction merges meanwhile, it goes on behind the last row that was given."""
        while piece := self.following(kind, done):
            table, done = piece
            yield table

    def following(self, kind: str, start: int) -> tuple[pa.Table, int] | None:
        """Some rows of a kind from row ``start`` on, and the row behind them; None where there are none."""
        return self._retried(lambda: self._following(kind, start))

    def candidates(self, kind: str, filters: Filters, below: int) -> Iterator[Segment]:
        """Segments that may hold a match before row ``below``, the newest first, and each row of them once.

        They are looked up a few at a time. Where compaction merges meanwhile, the merged one holds rows that were given
        already as well: the caller leaves out what lies behind the last first row.
        """
        query = (
            f"SELECT {SEGMENT_COLUMNS} FROM segments WHERE kind=? AND state='live' AND rows > 0 "  # noqa: S608
            "AND first_row < ? AND max_ns >= ? AND min_ns <= ? ORDER BY first_row DESC LIMIT ?"
        )
        since = -(1 << 62) if filters.since is None else filters.since
        until = 1 << 62 if filters.until is None else filters.until
        families = filters.families()
        while rows := self._query(query, kind, below, since, until, _LISTED):
            for row in rows:
                segment = Segment.from_row(row)
                if _may_match(segment, families, attacks=filters.attacks):
                    yield segment
                below = segment.first_row

    def _finished(self, table: pa.Table, first_row: int) -> tuple[pa.Table, bool]:
        """The rows of a segment with ``row`` and ``committed`` instead of ``commit``, and whether it stays so.

        When the newest commit could be read is noted with the one behind it.
        """
        commits = np.asarray(table.column("commit"))
        low, high = (int(commits.min()), int(commits.max())) if len(commits) else (0, 0)
        query = f"SELECT id, {READABLE}, readable_ns FROM commits WHERE id BETWEEN ? AND ?"  # noqa: S608 - constants
        known = self._query(query, low, high)
        numbers = np.asarray([row[0] for row in known], np.int64)
        moments = np.asarray([row[1] for row in known], np.int64)
        committed = segments.times(moments[np.searchsorted(numbers, commits)])
        rows = pa.array(np.arange(first_row, first_row + table.num_rows, dtype=np.int64))
        whole = table.drop_columns(["commit"]).append_column(_ROW, rows).append_column(_COMMITTED, committed)
        return whole, all(row[2] is not None for row in known)

    def _retried(self, work: Callable[[], _T]) -> _T:
        """Do it again where compaction took a file away between manifest and file."""
        for _ in range(_RETRIES):
            try:
                return work()
            except FileNotFoundError as error:
                missing = error.filename
        raise InputError(f"{self._path}: damaged store: segment {missing} is missing")

    def _scan(self, kind: str, filters: Filters, limit: int, cursor: int | None) -> Page:
        schema = pa.schema([*KINDS[kind].schema, _ROW, _COMMITTED], metadata=KINDS[kind].schema.metadata)
        found: list[pa.Table] = []
        below = 1 << 62 if cursor is None else cursor
        wanted, scanned = limit, 0
        for segment in self.candidates(kind, filters, below):
            for first, rows in self._pieces.of(segment, below):
                if scanned >= MAX_SCANNED_ROWS:
                    return Page(_joined(found, schema), below)
                scanned += rows.num_rows
                table = matching(rows.slice(0, below - first), filters, KINDS[kind].time)
                below = first
                last = table.num_rows - 1
                newest = table.take(pa.array(np.arange(last, max(last - wanted - 1, -1), -1)))
                if newest.num_rows > wanted:
                    found.append(newest.slice(0, wanted))
                    joined = _joined(found, schema)
                    return Page(joined, int(joined.column("row")[-1].as_py()) if joined.num_rows else None)
                if newest.num_rows:
                    found.append(newest)
                    wanted -= newest.num_rows
        return Page(_joined(found, schema), None)

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
        whole, _ = self._finished(segments.read(self._path, segment), segment.first_row)
        table = whole.slice(max(0, done - segment.first_row)).drop_columns(["row"])
        return table, segment.first_row + segment.rows


def _may_match(segment: Segment, families: frozenset[str] | None, *, attacks: bool) -> bool:
    """Whether a segment can hold a match at all, by the families that the manifest says."""
    if not segment.families:
        return True
    if families is not None and not families & set(segment.families):
        return False
    return not (attacks and set(segment.families) == {"benign"})


def _joined(tables: list[pa.Table], schema: pa.Schema) -> pa.Table:
    if not tables:
        return schema.empty_table()
    return pa.concat_tables(tables).unify_dictionaries()
