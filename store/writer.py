"""The one writer of a store: each commit is on disk, whole, before it is acknowledged."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa

from contract.alert import Alert
from contract.clock import Clock
from contract.errors import InputError, LackingError, TenfoldError
from contract.files import make_folder
from contract.schemas import check_schema
from store import compaction, records, segments
from store.entered import Entered
from store.layout import KINDS, LOCK, TEMPORARY, DamagedError, connect_writer, disk_errors, segment_name
from store.rebuild import rebuild, set_database_aside
from store.recovery import recover
from store.seen import Seen
from store.segments import CommitNote, Segment

HOT_SEGMENTS: Final = 60
_NAMES: Final = tuple(KINDS)
_ROWS: Final = "SELECT coalesce(max(first_row + rows), 0) FROM segments WHERE kind=?"


class StoreWriter:
    """Writes a store; many may read it at the same time, in this process or another. Not for several threads.

    ``clock`` gives the times that readers see; hand over the campaign's. ``notes`` says what recovery did on opening.
    ``compact_after`` segments of a kind are made one Parquet file in the background; 0 leaves that to ``compact``.
    A damaged database is set aside and made anew from the segments.
    Raises ``InputError`` where the folder cannot be written, it holds something else, or another process writes to it;
    ``LackingError`` where the disk does not do what it is asked to.
    """

    def __init__(self, path: Path, clock: Clock | None = None, *, compact_after: int = HOT_SEGMENTS) -> None:
        self.path = Path(path)
        self.clock = clock or Clock.start()
        self._lock = _lock_folder(self.path)
        try:
            with disk_errors(self.path):
                self._database, self.notes = _open(self.path)
        except TenfoldError:
            os.close(self._lock)
            raise
        # Held around each transaction, so that compaction and commits wait for each other here, not in SQLite.
        self._turn = threading.Lock()
        self._seen = Seen()
        self._entered = Entered()
        self._next_commit = 1 + _scalar(self._database, "SELECT coalesce(max(id), 0) FROM commits")
        self._next_row = {kind: _scalar(self._database, _ROWS, kind) for kind in KINDS}
        self._unconfirmed: tuple[int, int] | None = None
        self._hot = dict.fromkeys(KINDS, 0)
        self._compact_after = compact_after
        self._compactor = compaction.Background(self.path, self._turn, compact_after) if compact_after else None

    def commit(
        self,
        flows: pa.RecordBatch | None = None,
        verdicts: pa.RecordBatch | None = None,
        alerts: Sequence[Alert] = (),
        *,
        key: str | None = None,
    ) -> int:
        """Append rows and write alerts, all or nothing; the time (by the clock) at which readers see them.

        ``key`` is the caller's own name of the batch: one that was committed before is not written again.
        Raises ``InputError`` for batches of another schema, ``LackingError`` where the disk does not take them.
        """
        batches = self._batches(flows, verdicts, alerts)
        if not batches:
            return self.clock.now_ns()
        records.check_alerts(alerts)
        if key is not None:
            with disk_errors(self.path):
                before = self._readable_of(key)
            if before is not None:
                return before
        number = self._next_commit
        note = CommitNote(number, tuple(batches), self.clock.now_ns(), key, records.documents(alerts))
        written: list[Path] = []
        try:
            rows = self._write_segments(batches, note, written)
            self._transact(note, rows, batches.get("verdicts"))
        except (OSError, sqlite3.DatabaseError) as error:
            for path in written:
                with suppress(OSError):  # recovery drops it, or the next commit replaces it
                    path.unlink(missing_ok=True)
            raise LackingError(f"{self.path}: the store cannot be written: {error}") from None
        readable = self.clock.now_ns()
        self._unconfirmed = (number, readable)
        self._next_commit += 1
        for row in rows:
            self._next_row[row.kind] += row.rows
            self._hot[row.kind] += 1
        self._wake_compactor()
        return readable

    def compact(self, *, everything: bool = False) -> int:
        """Merge hot segments into Parquet now; the number of files made. ``everything`` leaves no hot one behind.

        Raises ``LackingError`` where the disk does not take them: then everything is as it was.
        """
        with disk_errors(self.path):
            self._confirm()
            at_least = 1 if everything else self._compact_after or HOT_SEGMENTS
            return compaction.compact(self.path, self._database, self._turn, at_least=at_least)

    def close(self) -> None:
        """End compaction, note the last commit, and leave one tidy database file where nobody else reads."""
        if self._lock < 0:
            return
        if self._compactor:
            self._compactor.stop()
        # Where a reader still has it open, or the disk refuses, the log stays beside the database, which is as good.
        with suppress(sqlite3.DatabaseError):
            self._confirm()
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._database.execute("PRAGMA busy_timeout=0")
            self._database.execute("PRAGMA journal_mode=DELETE")
        self._database.close()
        os.close(self._lock)
        self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _batches(
        self, flows: pa.RecordBatch | None, verdicts: pa.RecordBatch | None, alerts: Sequence[Alert]
    ) -> dict[str, pa.RecordBatch]:
        found = {}
        for kind, batch in zip(_NAMES, (flows, verdicts), strict=True):
            if batch is not None and batch.num_rows:
                check_schema(batch.schema, KINDS[kind].schema, f"store, {kind}")
                found[kind] = batch
        if alerts and not found:
            found["verdicts"] = records.empty_verdicts()
        return found

    def _write_segments(
        self, batches: dict[str, pa.RecordBatch], note: CommitNote, written: list[Path]
    ) -> list[Segment]:
        rows = []
        for kind, batch in batches.items():
            name = segment_name(note.commit_id)
            data = segments.encode(batch, note)
            row = segments.describe(batch, kind, note.commit_id, self._next_row[kind], data, name)
            written.append(row.path(self.path).with_name(name + TEMPORARY))
            segments.write_synced(row.path(self.path), data)
            rows.append(row)
        for row in rows:
            written.append(row.path(self.path))
            segments.publish(row.path(self.path))
        return rows

    def _transact(self, note: CommitNote, rows: list[Segment], verdicts: pa.RecordBatch | None) -> None:
        unconfirmed = self._unconfirmed
        with self._turn:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                self._confirm()
                records.record(self._database, note, rows, records.roll_up(verdicts, self._seen), self._entered)
                self._database.execute("COMMIT")
                self._seen.settle()
            except BaseException:
                self._unconfirmed = unconfirmed
                self._seen.take_back()
                self._entered.forget()
                with suppress(sqlite3.DatabaseError):
                    self._database.execute("ROLLBACK")
                raise

    def _confirm(self) -> None:
        """Note when the commit before this one could be read: that is only known behind its transaction."""
        if self._unconfirmed:
            number, readable = self._unconfirmed
            self._database.execute("UPDATE commits SET readable_ns=? WHERE id=?", (readable, number))
            self._unconfirmed = None

    def _readable_of(self, key: str) -> int | None:
        with self._turn:
            self._confirm()
            row = self._database.execute(
                "SELECT coalesce(readable_ns, written_ns) FROM commits WHERE key=?", (key,)
            ).fetchone()
        return int(row[0]) if row else None

    def _wake_compactor(self) -> None:
        full = [kind for kind, count in self._hot.items() if count >= self._compact_after]
        if self._compactor and full:
            self._hot.update(dict.fromkeys(full, 0))
            self._compactor.wake()


def _lock_folder(path: Path) -> int:
    """Make the folders of a store and become its only writer; the lock goes when the process does."""
    try:
        for kind in KINDS:
            make_folder(path / kind)
        handle = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise InputError(f"{path}: cannot write the store here: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise InputError(f"{path}: another process writes to this store") from None
    return handle


def _open(path: Path) -> tuple[sqlite3.Connection, list[str]]:
    """The database, in order, and what was done for that."""
    notes: list[str] = []
    try:
        database = connect_writer(path)
    except DamagedError as error:
        notes += set_database_aside(path, str(error))
        database = connect_writer(path)
    try:
        notes += rebuild(path, database)
        notes += recover(path, database)
    except BaseException:
        database.close()
        raise
    return database, notes


def _scalar(database: sqlite3.Connection, query: str, *values: object) -> int:
    return int(database.execute(query, values).fetchone()[0])
