"""Where a store keeps what, and how its database is opened.

A store is a folder: ``flows/`` and ``verdicts/`` hold segments (Arrow IPC, later Parquet), ``store.sqlite`` the
manifest, the rollups and the alerts, ``aside/`` what recovery found damaged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from contract.arrow_io import first_line
from contract.errors import InputError, LackingError
from contract.files import sync_folder
from contract.schemas import FLOWS, VERDICTS

FORMAT: Final = "tenfold-store/1"
DATABASE: Final = "store.sqlite"
LOCK: Final = "writer.lock"
ASIDE: Final = "aside"
TEMPORARY: Final = ".tmp"


class DamagedError(InputError):
    """The database of a store cannot be read as one."""


@dataclass(frozen=True)
class Kind:
    """One kind of row: its schema, and the column by whose time its segments are found."""

    schema: pa.Schema
    time: str


KINDS: Final = {"flows": Kind(FLOWS, "last"), "verdicts": Kind(VERDICTS, "decided")}

# A commit is one transaction. ``written_ns`` is read inside of it; ``readable_ns`` right behind it, and noted with the
# next one. Rows of a kind are numbered from 0 in the order of their commits: ``first_row`` of a segment onwards.
SCHEMA: Final = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE commits(id INTEGER PRIMARY KEY, key TEXT UNIQUE, written_ns INTEGER NOT NULL, readable_ns INTEGER);
CREATE TABLE segments(
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, level INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'live', first_row INTEGER NOT NULL, rows INTEGER NOT NULL,
  min_ns INTEGER NOT NULL, max_ns INTEGER NOT NULL, commit_id INTEGER NOT NULL,
  checksum INTEGER NOT NULL, bytes INTEGER NOT NULL, families TEXT NOT NULL, UNIQUE(kind, name));
CREATE INDEX segments_in_order ON segments(kind, state, first_row);
CREATE TABLE rollups(
  second INTEGER NOT NULL, family TEXT NOT NULL, attacks INTEGER NOT NULL, ended INTEGER NOT NULL,
  packets INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(second, family)) WITHOUT ROWID;
CREATE TABLE alerts(
  row INTEGER PRIMARY KEY AUTOINCREMENT, alert_id INTEGER NOT NULL UNIQUE, family TEXT NOT NULL, grp TEXT NOT NULL,
  severity TEXT NOT NULL, confidence REAL NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  open INTEGER NOT NULL, revision INTEGER NOT NULL, raised_commit INTEGER NOT NULL, commit_id INTEGER NOT NULL,
  document TEXT NOT NULL);
CREATE INDEX alerts_of_family ON alerts(family, row);
CREATE INDEX alerts_of_group ON alerts(grp, row);
CREATE INDEX alerts_changed ON alerts(commit_id);
CREATE INDEX alerts_counted ON alerts(family, severity, alert_id, open);
CREATE TABLE alert_flows(
  community_id TEXT NOT NULL, alert_id INTEGER NOT NULL, PRIMARY KEY(community_id, alert_id)) WITHOUT ROWID;
CREATE TABLE revisions(
  alert_id INTEGER NOT NULL, revision INTEGER NOT NULL, commit_id INTEGER NOT NULL, first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL, flows INTEGER NOT NULL, PRIMARY KEY(alert_id, revision)) WITHOUT ROWID;
"""
# By what alerts are found. Stores of before had ``alert_hosts(host TEXT, alert_id)`` instead: their writer makes these
# from the alerts (``records.index_alerts``), a reader reads the alerts themselves.
INDEXES: Final = """
CREATE TABLE IF NOT EXISTS alert_addresses(
  address BLOB NOT NULL, alert_id INTEGER NOT NULL, PRIMARY KEY(address, alert_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert_ports(
  port INTEGER NOT NULL, alert_id INTEGER NOT NULL, PRIMARY KEY(port, alert_id)) WITHOUT ROWID;
"""

# Measured with commits of 8,150 rows: with the defaults an append took up to 962 ms (p99), with these 93 ms.
# NORMAL may lose the last transactions when the power fails (never when a process dies); the segments are synced
# first, so recovery finds what they held.
_PRAGMAS: Final = (
    "PRAGMA busy_timeout=10000",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cache_size=-200000",
    "PRAGMA wal_autocheckpoint=8000",
)


def is_indexed(database: sqlite3.Connection) -> bool:
    """Whether the store has the tables of ``INDEXES``."""
    query = "SELECT count(*) FROM sqlite_master WHERE type='table' AND name IN ('alert_addresses', 'alert_ports')"
    return int(database.execute(query).fetchone()[0]) == 2


def segment_name(commit_id: int) -> str:
    """The file name of the segment of one commit."""
    return f"{commit_id:012d}.arrow"


def connect_writer(root: Path, *, check: bool = True) -> sqlite3.Connection:
    """The database for writing, made when it is not there; ``check`` reads it through for damage.

    Raises ``InputError`` where it cannot be used, ``DamagedError`` where nobody could.
    """
    path = root / DATABASE
    with database_errors(root):
        if not path.exists():
            _create(root)
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            _prepare(database, root, check=check)
        except (sqlite3.Error, InputError):
            database.close()
            raise
    return database


def _create(root: Path) -> None:
    """A database appears under its name with all its tables: whoever reads beside never finds one without."""
    made = root / f"{DATABASE}.new"
    for left in root.glob(f"{made.name}*"):  # of a writer that was killed meanwhile
        left.unlink()
    database = sqlite3.connect(made, isolation_level=None)
    try:
        _prepare(database, root, check=False)
    finally:
        database.close()
    made.replace(root / DATABASE)
    sync_folder(root)


def _prepare(database: sqlite3.Connection, root: Path, *, check: bool) -> None:
    for pragma in _PRAGMAS:
        database.execute(pragma)
    if not database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        database.executescript(f"BEGIN IMMEDIATE;{SCHEMA}{INDEXES}INSERT INTO meta VALUES('format','{FORMAT}');COMMIT;")
    check_format(database, root)
    # SQLite opens a file that it may not write, or cannot at this moment, for reading only, and says so at a write.
    database.execute("DELETE FROM meta WHERE key IS NULL")
    found = database.execute("PRAGMA quick_check(1)").fetchone()[0] if check else "ok"
    if found != "ok":
        raise DamagedError(f"{root}: damaged store: {str(found).splitlines()[0]}")


def connect_reader(root: Path) -> sqlite3.Connection:
    """The database for reading beside a writer. Raises ``InputError`` where there is none or it is damaged."""
    path = root / DATABASE
    if not path.is_file():
        raise InputError(f"{root}: holds no store ({DATABASE} is missing)")
    uri = path.resolve().as_uri()
    with database_errors(root):
        try:
            database = _open_reader(f"{uri}?mode=ro", root)
        except sqlite3.OperationalError:
            # A folder in which nothing may be written (a read-only mount) takes no lock file: nobody writes there.
            database = _open_reader(f"{uri}?mode=ro&immutable=1", root)
    return database


def _open_reader(uri: str, root: Path) -> sqlite3.Connection:
    database = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA busy_timeout=10000")
        check_format(database, root)
    except (sqlite3.Error, InputError):
        database.close()
        raise
    return database


def check_format(database: sqlite3.Connection, root: Path) -> None:
    """Raise ``InputError`` unless the database is a store of a format that we read."""
    kinds = dict(database.execute("SELECT name, type FROM sqlite_master"))
    if not set(kinds.values()) <= {"table", "index"}:
        raise InputError(f"{root}: {DATABASE} holds more than tables and indexes: it is not a store of ours")
    known = {name for name, kind in kinds.items() if kind == "table"}
    row = database.execute("SELECT value FROM meta WHERE key='format'").fetchone() if "meta" in known else None
    if row is None:
        raise InputError(f"{root}: {DATABASE} is not a store of ours")
    if row[0] != FORMAT:
        raise InputError(f"{root}: the store has format {row[0]}, this version reads {FORMAT}")


@contextmanager
def database_errors(root: Path) -> Iterator[None]:
    """Turn what SQLite raises into one clear line."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise InputError(f"{root}: the store is busy: {error}") from None
        if "malformed" in str(error):
            raise DamagedError(f"{root}: damaged store: {error}") from None
        raise InputError(f"{root}: cannot use the store: {error}") from None
    except sqlite3.DatabaseError as error:
        raise DamagedError(f"{root}: damaged store: {error}") from None


@contextmanager
def disk_errors(root: Path) -> Iterator[None]:
    """As ``database_errors``, also for files: a disk that does not do what it is asked to is ``LackingError``."""
    try:
        with database_errors(root):
            yield
    except (OSError, pa.ArrowException) as error:
        raise LackingError(f"{root}: the disk does not serve the store: {first_line(error)}") from None
