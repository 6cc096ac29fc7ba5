"""Many small segments made one Parquet file, in the background, in tiers.

Readers may be about to open a file that was just replaced, so old files are removed one compaction later.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from contract.errors import TenfoldError
from store import records, segments
from store.footnotes import footnotes
from store.layout import KINDS, TEMPORARY, connect_writer
from store.segments import COMMIT, SEGMENT_COLUMNS, CommitNote, Segment

FAN_IN: Final = 60
MAX_ROWS: Final = 4_000_000
_TOP_LEVEL: Final = 3
_PATIENCE_S: Final = 60.0
_BUFFER: Final = 1 << 20  # Parquet is written a few bytes at a time


class Background:
    """A thread that compacts when it is woken, with its own connection."""

    def __init__(self, root: Path, turn: threading.Lock, at_least: int) -> None:
        self._root, self._turn, self._at_least = root, turn, at_least
        self._work = threading.Event()
        self._ending = False
        self.fault = ""
        self._thread = threading.Thread(target=self._run, name="compaction", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Compact soon."""
        self._work.set()

    def stop(self) -> None:
        """Finish what is under way and end the thread."""
        self._ending = True
        self._work.set()
        self._thread.join(_PATIENCE_S)

    def _run(self) -> None:
        while True:
            self._work.wait()
            self._work.clear()
            if self._ending:
                return
            try:
                with contextlib.closing(connect_writer(self._root, check=False)) as database:
                    compact(self._root, database, self._turn, at_least=self._at_least)
            except (TenfoldError, OSError, sqlite3.Error, pa.ArrowException) as error:
                self.fault = str(error)  # the hot segments stay as they are: nothing is lost, only not compacted


def compact(root: Path, database: sqlite3.Connection, turn: threading.Lock, *, at_least: int) -> int:
    """Merge segments of a level where ``at_least`` of them wait; the number of files made."""
    _remove_retired(root, database, turn)
    made = 0
    for kind in KINDS:
        for level in range(_TOP_LEVEL):
            needed = at_least if level == 0 else FAN_IN
            while sources := _waiting(database, kind, level, needed):
                _merge(root, database, turn, sources)
                made += 1
    return made


def _waiting(database: sqlite3.Connection, kind: str, level: int, at_least: int) -> list[Segment]:
    query = (
        f"SELECT {SEGMENT_COLUMNS} FROM segments WHERE kind=? AND state='live' AND level=? "  # noqa: S608 - constants
        "ORDER BY first_row, id LIMIT ?"
    )
    limit = 16 * FAN_IN if at_least == 1 else max(at_least, FAN_IN)
    found = [Segment.from_row(row) for row in database.execute(query, (kind, level, limit))]
    if len(found) < at_least:
        return []
    chosen: list[Segment] = []
    total = 0
    for segment in found:
        if chosen and total + segment.rows > MAX_ROWS:
            break
        chosen.append(segment)
        total += segment.rows
    return chosen


def _merge(root: Path, database: sqlite3.Connection, turn: threading.Lock, sources: list[Segment]) -> None:
    kind, level = sources[0].kind, sources[0].level + 1
    name = f"{sources[0].commit_id:012d}-{sources[-1].commit_id:012d}.{level}.parquet"
    path = root / kind / name
    try:
        rows = _write(root, path, sources)
    except (OSError, pa.ArrowException):
        for left in (path.with_name(name + TEMPORARY), path):  # the disk may be full
            left.unlink(missing_ok=True)
        raise
    merged = Segment(
        kind=kind,
        name=name,
        level=level,
        first_row=sources[0].first_row,
        rows=rows,
        min_ns=min(s.min_ns for s in sources),
        max_ns=max(s.max_ns for s in sources),
        commit_id=sources[-1].commit_id,
        checksum=0,
        bytes=path.stat().st_size,
        families=tuple(sorted({family for s in sources for family in s.families})),
    )
    with turn:
        try:
            database.execute("BEGIN IMMEDIATE")
            records.record_segment(database, merged)
            numbers = json.dumps([s.id for s in sources])
            database.execute(
                "UPDATE segments SET state='retired' WHERE id IN (SELECT value FROM json_each(?))", (numbers,)
            )
            database.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            path.unlink(missing_ok=True)
            raise


def _write(root: Path, path: Path, sources: list[Segment]) -> int:
    """Write the rows of all sources into one Parquet file, synced and named; how many there were."""
    schema = pa.schema([*KINDS[sources[0].kind].schema, COMMIT])
    plain = pa.schema([f.with_type(pa.string()) if pa.types.is_dictionary(f.type) else f for f in schema])
    temporary = path.with_name(path.name + TEMPORARY)
    rows, notes = 0, list[CommitNote | None]()
    options = {"compression": "zstd", "compression_level": 1, "write_page_checksum": True}
    with temporary.open("wb", _BUFFER) as file:
        with pq.ParquetWriter(file, plain, **options) as out:
            for group in _groups(sources):
                found = [segments.read_noted(root, segment) for segment in group]
                table = pa.concat_tables([part for part, _ in found]).cast(plain)
                out.write_table(table, row_group_size=1 << 17)
                rows += table.num_rows
                notes += [note for _, note in found]
            out.add_key_value_metadata(footnotes(root, zip(sources, notes, strict=True)))
        file.flush()
        os.fsync(file.fileno())
    segments.publish(path)
    return rows


def _groups(sources: list[Segment]) -> list[list[Segment]]:
    """Sources in order, together as long as they fit a row group, so that memory stays bounded."""
    groups: list[list[Segment]] = [[]]
    total = 0
    for segment in sources:
        if groups[-1] and total + segment.rows > 1 << 17:
            groups.append([])
            total = 0
        groups[-1].append(segment)
        total += segment.rows
    return groups


def _remove_retired(root: Path, database: sqlite3.Connection, turn: threading.Lock) -> None:
    query = f"SELECT {SEGMENT_COLUMNS} FROM segments WHERE state='retired'"  # noqa: S608 - a constant
    retired = [Segment.from_row(row) for row in database.execute(query)]
    if not retired:
        return
    # That they are retired must outlast a power cut before their files go.
    busy, log, done = database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if busy or log != done:
        return
    for segment in retired:
        segment.path(root).unlink(missing_ok=True)
    numbers = json.dumps([s.id for s in retired])
    with turn:
        database.execute("DELETE FROM segments WHERE id IN (SELECT value FROM json_each(?))", (numbers,))
