"""Copies a store into an archive, chunk by chunk, behind a position that the archive itself keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from store.feed import Feed
from store.formats.base import ALERTS, FLOWS, WHATS, Origin
from store.lake.base import Chunk, Lake
from store.lake.rows import KIND_OF, Name, archived, by_hour, check_run

MOST_ROWS: Final = 1 << 18
_LAST_ROW: Final = (1 << 62) - 1
ORDER: Final = (FLOWS, *(what for what in WHATS if what != FLOWS))


@dataclass
class Copied:
    """What was copied of one kind."""

    rows: int = 0
    files: int = 0
    bytes: int = 0


class Archiver:
    """Copies one store under the name ``origin.run``; for one thread, and one process for each run of an archive."""

    def __init__(
        self, feed: Feed, lake: Lake, origin: Origin, whats: Sequence[str] = ORDER, most_rows: int = MOST_ROWS
    ) -> None:
        check_run(origin.run)
        self._feed, self._lake, self._origin, self._most = feed, lake, origin, most_rows
        self.whats = tuple(what for what in ORDER if what in whats)
        self.copied = {what: Copied() for what in self.whats}
        self._store = 0

    def copy(self) -> int:
        """Copy all that is there now; rows. Raises ``LackingError`` where the place does not take it: it may be called
        again, then or by another process, and goes on where it ended.
        """
        count = 0
        for what in self.whats:
            while (chunk := self._chunk(what)) is not None:
                written = self._lake.put(chunk, self._store)
                rows = sum(table.num_rows for _, table in chunk.parts)
                done = self.copied[what]
                done.rows, done.files, done.bytes = (
                    done.rows + rows,
                    done.files + len(chunk.parts),
                    done.bytes + written,
                )
                count += rows
        return count

    def waiting(self) -> int:
        """How many rows are not copied; of alerts that changed, 1,000 at most are counted."""
        rows, count = self._feed.head().rows, 0
        for what in self.whats:
            done = self._lake.position(what, self._origin.run, None).done
            if what == ALERTS:
                count += len(self._feed.changed((done, _LAST_ROW), _LAST_ROW, limit=1000))
            else:
                count += max(0, rows.get(KIND_OF[what], 0) - done)
        return count

    def _chunk(self, what: str) -> Chunk | None:
        """What follows; None where nothing does."""
        self._store = self._store or self._feed.began()
        if not self._store:
            return None  # nothing was committed so far
        done, begun = self._lake.position(what, self._origin.run, self._store)
        if what == ALERTS:
            end = begun or self._feed.head().commit
            tables = self._alerts(done, end) if end > done else []
        else:
            tables, end = self._rows(KIND_OF[what], done, begun)
        if end <= done or (what == ALERTS and not tables and begun is None):
            return None  # commits without alerts are looked through again with the next that has some
        parts = []
        if tables:
            made = [archived(rows, what, self._origin, numbers) for rows, numbers in tables]
            for hour, part in by_hour(pa.concat_tables(made), what):
                parts.append((Name(what, hour, self._origin.run, done, end), part))
        return Chunk(what, self._origin.run, done, end, tuple(parts))

    def _rows(self, kind: str, start: int, end: int | None) -> tuple[list[tuple[Any, Any]], int]:
        """Rows from ``start`` on, with their numbers, and the number behind them: ``end`` where that is given."""
        found = []
        at, beyond = start, start + self._most if end is None else end
        while at < beyond and (piece := self._feed.rows(kind, at)) is not None:
            table, behind = piece
            # Where a damaged segment was set aside, rows are missing: those there are the last before ``behind``.
            first = max(at, behind - table.num_rows)
            table = table.slice(first - (behind - table.num_rows), max(0, beyond - first))
            if table.num_rows:
                found.append((table, np.arange(first, first + table.num_rows)))
            at = min(behind, beyond)
        return found, at if end is None else end

    def _alerts(self, done: int, end: int) -> list[tuple[Any, Any]]:
        """The alerts that changed in commits behind ``done`` up to ``end``, as they now are."""
        told = self._feed.changed((done, _LAST_ROW), _LAST_ROW, limit=-1)
        told = [one for one in told if one.commit <= end]
        return [([one.document for one in told], np.array([one.row for one in told], np.int64))] if told else []
