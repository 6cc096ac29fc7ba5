"""Putting a store in order when its writer opens it, after whatever ended the last one.

A commit was acknowledged once its transaction was done; by then its segments were synced. So:

* temporary files were never acknowledged: they go;
* a segment that the manifest does not know, whole with all parts of its commit, is adopted: either the process died
  just before its transaction, or the power failed and took the transaction along;
* what is damaged or incomplete is set aside, with a word.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pyarrow as pa

from contract.errors import InputError
from store import records, segments
from store.layout import ASIDE, KINDS, TEMPORARY, segment_name
from store.seen import Seen
from store.segments import SEGMENT_COLUMNS, CommitNote, Segment


def recover(root: Path, database: sqlite3.Connection) -> list[str]:
    """Put the store in order; a line for each thing done that a person may want to know."""
    notes: list[str] = []
    records.index_alerts(database)
    for kind in KINDS:
        for path in sorted((root / kind).glob(f"*{TEMPORARY}")):
            path.unlink()
    _check_known(root, database, notes)
    _settle_strays(root, database, notes)
    return notes


def _check_known(root: Path, database: sqlite3.Connection, notes: list[str]) -> None:
    query = f"SELECT {SEGMENT_COLUMNS} FROM segments WHERE state='live' ORDER BY id"  # noqa: S608 - a constant
    for row in database.execute(query).fetchall():
        segment = Segment.from_row(row)
        fault = _fault(root, segment)
        if fault:
            database.execute("UPDATE segments SET state='damaged' WHERE id=?", (segment.id,))
            _set_aside(root, segment.path(root), fault, notes)


def _fault(root: Path, segment: Segment) -> str:
    """What is wrong with a segment of the manifest, '' when nothing is."""
    path = segment.path(root)
    try:
        if path.stat().st_size != segment.bytes:
            return f"has {path.stat().st_size} bytes instead of {segment.bytes}"
        if segment.level == 0:
            segments.read_arrow(path, segment.kind, segment.checksum)
    except FileNotFoundError:
        return "is missing"
    except InputError:
        return "differs from its checksum"
    return ""


def _settle_strays(root: Path, database: sqlite3.Connection, notes: list[str]) -> None:
    """Adopt, drop or set aside the files that the manifest does not name."""
    known = {(kind, name) for kind, name in database.execute("SELECT kind, name FROM segments")}
    strays: dict[int, dict[str, Path]] = {}
    others: list[Path] = []
    for kind in KINDS:
        for path in sorted((root / kind).iterdir()):
            if (kind, path.name) in known:
                continue
            if path.suffix == ".arrow" and path.stem.isdigit():
                strays.setdefault(int(path.stem), {})[kind] = path
            else:
                others.append(path)
    for number, paths in sorted(strays.items()):
        if database.execute("SELECT 1 FROM commits WHERE id=?", (number,)).fetchone():
            for path in paths.values():  # compacted long ago, and its file was not yet removed
                path.unlink()
        else:
            _adopt(root, database, number, paths, notes)
    for path in others:  # after what they may be copies of
        if _is_copy(path, database):
            path.unlink()
        else:
            _set_aside(root, path, "is not in the manifest", notes)


def _is_copy(path: Path, database: sqlite3.Connection) -> bool:
    """Whether a file is what compaction made of commits that the manifest has: it died before it could say so."""
    first, _, last = path.name.partition(".")[0].partition("-")
    if path.suffix != ".parquet" or not (first.isdigit() and last.isdigit()):
        return False
    query = "SELECT count(*) FROM commits WHERE id BETWEEN ? AND ?"
    (known,) = database.execute(query, (int(first), int(last))).fetchone()
    return bool(known == int(last) - int(first) + 1)


def _adopt(root: Path, database: sqlite3.Connection, number: int, paths: dict[str, Path], notes: list[str]) -> None:
    batches: dict[str, pa.RecordBatch] = {}
    note: CommitNote | None = None
    try:
        for kind, path in paths.items():
            batches[kind], note = segments.read_arrow(path, kind, None)
    except InputError:
        note = None
    if note is None or note.commit_id != number or set(note.parts) != set(batches):
        for path in paths.values():
            _set_aside(root, path, "is damaged or only a part of its commit", notes)
        return
    rows = [_describe(database, kind, note, batch, paths[kind]) for kind, batch in batches.items()]
    database.execute("BEGIN IMMEDIATE")
    records.record(database, note, rows, records.roll_up(batches.get("verdicts"), Seen()))
    database.execute("COMMIT")
    total = sum(row.rows for row in rows)
    notes.append(f"{root}: adopted commit {number} with {total} rows that was written but not yet in the manifest")


def _describe(database: sqlite3.Connection, kind: str, note: CommitNote, batch: pa.RecordBatch, path: Path) -> Segment:
    query = "SELECT coalesce(max(first_row + rows), 0) FROM segments WHERE kind=?"
    first_row = int(database.execute(query, (kind,)).fetchone()[0])
    data = pa.py_buffer(path.read_bytes())
    return segments.describe(batch, kind, note.commit_id, first_row, data, segment_name(note.commit_id))


def _set_aside(root: Path, path: Path, why: str, notes: list[str]) -> None:
    notes.append(f"{path}: {why}; set aside")
    if path.exists():
        target = root / ASIDE / path.parent.name
        target.mkdir(parents=True, exist_ok=True)
        path.rename(target / path.name)
