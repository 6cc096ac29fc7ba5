"""The database made anew from the segments, where it was damaged or lost.

Each Arrow segment says what its commit was; a compacted one says it of all its commits (``store.footnotes``). A segment
that holds no more than another does, because compaction died before it was removed, is left to recovery.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from contract.errors import InputError
from contract.files import sync_folder
from store import records, segments
from store.footnotes import read_footnotes
from store.layout import ASIDE, DATABASE, KINDS, segment_name
from store.seen import Seen
from store.segments import CommitNote, Segment

_PARTS: Final = ("", "-wal", "-journal")


@dataclass
class _Found:
    """A segment that is whole: the commits whose rows are in it, and what it says of them."""

    segment: Segment
    commits: set[int]
    notes: dict[int, CommitNote]


def set_database_aside(root: Path, why: str) -> list[str]:
    """Move a damaged database away, together with its log; a line about it."""
    target = root / ASIDE
    target.mkdir(parents=True, exist_ok=True)
    number = 1
    while (target / f"{DATABASE}.{number}").exists():
        number += 1
    for part in reversed(_PARTS):  # the database last: until then it is found to be damaged again
        path = root / f"{DATABASE}{part}"
        if path.exists():
            path.rename(target / f"{DATABASE}.{number}{part}")
    (root / f"{DATABASE}-shm").unlink(missing_ok=True)
    sync_folder(root)
    return [f"{why}; the database is set aside as {ASIDE}/{DATABASE}.{number}"]


def rebuild(root: Path, database: sqlite3.Connection) -> list[str]:
    """Fill an empty database from compacted segments and what lies beside them; what was done.

    Without compacted ones there is nothing to do: recovery adopts the others.
    """
    if database.execute("SELECT 1 FROM commits LIMIT 1").fetchone():
        return []
    if not any(next((root / kind).glob("*.parquet"), None) for kind in KINDS):
        return []
    lines: list[str] = []
    found = {kind: _chosen([*_compacted(root, kind, lines), *_single(root, kind, lines)]) for kind in KINDS}
    _drop_halves(root, found, lines)
    notes: dict[int, CommitNote] = {}
    for one in (one for kind in KINDS for one in found[kind]):
        notes |= {n: note for n, note in one.notes.items() if note.alerts or n not in notes}
    _fill(root, database, found, notes)
    total = sum(one.segment.rows for kind in KINDS for one in found[kind])
    lines.append(f"{root}: made the database anew: {len(notes)} commits with {total} rows")
    return lines


def _compacted(root: Path, kind: str, lines: list[str]) -> list[_Found]:
    found = []
    for path in sorted((root / kind).glob("*.parquet")):
        try:
            found.append(_read_compacted(root, path, kind))
        except (InputError, ValueError) as error:
            _aside(root, path, str(error), lines)
    return found


def _read_compacted(root: Path, path: Path, kind: str) -> _Found:
    span, level, _ = path.name.split(".")
    first, last = (int(number) for number in span.split("-"))
    segment = Segment(kind, path.name, int(level), 0, 0, 0, 0, last, 0, path.stat().st_size)
    low, high = [], []
    families: set[str] = set()
    written: dict[int, int] = {}
    for group in range(len(segments.group_ends(root, segment))):
        rows = segments.read_group(root, segment, group)
        times = np.asarray(rows.column(KINDS[kind].time).cast(pa.int64()))
        if len(times):
            low.append(int(times.min()))
            high.append(int(times.max()))
            written |= dict(zip(np.asarray(rows.column("commit")).tolist(), times.tolist(), strict=True))
        families |= set(segments.families_of(rows))
        segment = replace(segment, rows=segment.rows + rows.num_rows)
    segment = replace(
        segment, min_ns=min(low, default=0), max_ns=max(high, default=0), families=tuple(sorted(families))
    )
    notes = {number: CommitNote(number, (kind,), at) for number, at in written.items()}
    return _Found(segment, set(range(first, last + 1)), notes | read_footnotes(path))


def _single(root: Path, kind: str, lines: list[str]) -> list[_Found]:
    found = []
    for path in sorted((root / kind).glob("*.arrow")):
        try:
            batch, note = segments.read_arrow(path, kind, None)
            if path.name != segment_name(note.commit_id):
                raise InputError(f"{path}: is commit {note.commit_id}")
        except InputError as error:
            _aside(root, path, str(error), lines)
            continue
        data = pa.py_buffer(path.read_bytes())
        segment = segments.describe(batch, kind, note.commit_id, 0, data, path.name)
        found.append(_Found(segment, {note.commit_id}, {note.commit_id: note}))
    return found


def _chosen(found: list[_Found]) -> list[_Found]:
    """In the order of commits, without those whose commits are all in another: its copies of before."""
    chosen: list[_Found] = []
    covered: set[int] = set()
    for one in sorted(found, key=lambda one: -one.segment.level):
        if not one.commits <= covered:
            covered |= one.commits
            chosen.append(one)
    return sorted(chosen, key=lambda one: min(one.commits))


def _fill(
    root: Path, database: sqlite3.Connection, found: dict[str, list[_Found]], notes: dict[int, CommitNote]
) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        for number in sorted(notes):
            records.record(database, replace(notes[number], alerts=()), (), ())
        _record_alerts(database, notes)
        for kind in KINDS:
            first_row = 0
            for one in found[kind]:
                records.record_segment(database, replace(one.segment, first_row=first_row))
                first_row += one.segment.rows
        seen = Seen()
        for one in found["verdicts"]:
            for rows in _batches(root, one.segment):
                records.record_rollups(database, records.roll_up(rows, seen))
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise


def _record_alerts(database: sqlite3.Connection, notes: dict[int, CommitNote]) -> None:
    """Each alert once, as it was last, in the order in which they were raised."""
    latest: dict[int, tuple[int, dict[str, Any]]] = {}
    for number, alert in ((n, alert) for n in sorted(notes) for alert in notes[n].alerts):
        records.record_revision(database, alert, number)
        raised, _ = latest.get(alert["alert_id"], (number, {}))
        latest[alert["alert_id"]] = raised, alert
    for raised, alert in latest.values():
        if "family" in alert:
            records.record_alert(database, alert, raised)
    last = "SELECT max(commit_id) FROM revisions WHERE revisions.alert_id = alerts.alert_id"
    database.execute(f"UPDATE alerts SET commit_id = ({last})")  # noqa: S608 - a constant


def _drop_halves(root: Path, found: dict[str, list[_Found]], lines: list[str]) -> None:
    """Set aside what is only a part of its commit: nobody was told that it was kept."""
    there = {kind: set().union(*(one.commits for one in found[kind])) for kind in KINDS}
    for kind in KINDS:
        for one in [one for one in found[kind] if one.segment.level == 0]:
            number = one.segment.commit_id
            if not all(number in there[part] for part in one.notes[number].parts):
                _aside(root, one.segment.path(root), "is only a part of its commit", lines)
                found[kind].remove(one)


def _batches(root: Path, segment: Segment) -> Any:  # noqa: ANN401 - an iterator of batches
    if segment.level == 0:
        yield from segments.read(root, segment).to_batches()
        return
    for group in range(len(segments.group_ends(root, segment))):
        yield from segments.read_group(root, segment, group).unify_dictionaries().combine_chunks().to_batches()


def _aside(root: Path, path: Path, why: str, lines: list[str]) -> None:
    lines.append(f"{why}; set aside" if str(path) in why else f"{path}: {why}; set aside")
    target = root / ASIDE / path.parent.name
    target.mkdir(parents=True, exist_ok=True)
    path.rename(target / path.name)
