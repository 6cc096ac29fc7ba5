"""What one commit writes into the database: manifest, rollups, alerts. The writer and recovery share it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contract.alert import Alert
from contract.families import BENIGN, group_of
from contract.schemas import VERDICTS
from store.alert_filters import packed
from store.entered import Entered
from store.layout import INDEXES, is_indexed
from store.seen import Seen
from store.segments import SEGMENT_COLUMNS, CommitNote, Segment

SECOND: Final = 1_000_000_000
REVISION: Final = ("alert_id", "revision", "first_seen", "last_seen", "flows")
Rollup = tuple[int, str, int, int, int, int]


def record(
    database: sqlite3.Connection,
    note: CommitNote,
    segments: Sequence[Segment],
    rollups: Iterable[Rollup],
    entered: Entered | None = None,
) -> None:
    """Write the rows of one commit. The caller holds the transaction, and says what earlier ones entered."""
    database.execute(
        "INSERT INTO commits(id, key, written_ns) VALUES(?,?,?)", (note.commit_id, note.key, note.written_ns)
    )
    for segment in segments:
        record_segment(database, segment)
    record_rollups(database, rollups)
    for document, text in zip(note.alerts, note.texts, strict=True):
        record_alert(database, document, note.commit_id, text, entered)


def record_segment(database: sqlite3.Connection, segment: Segment) -> None:
    """Enter a segment into the manifest."""
    values = segment_row(segment)
    database.execute(f"INSERT INTO segments({SEGMENT_COLUMNS}) VALUES(?,?,?,?,?,?,?,?,?,?,?,NULL)", values)


def record_rollups(database: sqlite3.Connection, rollups: Iterable[Rollup]) -> None:
    """Add to the sums of seconds."""
    database.executemany(
        "INSERT INTO rollups VALUES(?,?,?,?,?,?) ON CONFLICT(second, family) DO UPDATE SET "
        "attacks=attacks+excluded.attacks, ended=ended+excluded.ended, "
        "packets=packets+excluded.packets, bytes=bytes+excluded.bytes",
        rollups,
    )


def segment_row(segment: Segment) -> tuple[Any, ...]:
    """The columns of ``SEGMENT_COLUMNS`` without the number."""
    return (
        segment.kind,
        segment.name,
        segment.level,
        segment.first_row,
        segment.rows,
        segment.min_ns,
        segment.max_ns,
        segment.commit_id,
        segment.checksum,
        segment.bytes,
        json.dumps(segment.families),
    )


def record_alert(
    database: sqlite3.Connection,
    document: dict[str, Any],
    commit_id: int,
    text: str = "",
    entered: Entered | None = None,
) -> None:
    """Write an alert as it now is, and that it was written; ``text`` is the document as JSON, where it is known."""
    number = document["alert_id"]
    database.execute(
        "INSERT INTO alerts(alert_id, family, grp, severity, confidence, first_seen, last_seen, open, revision,"
        " raised_commit, commit_id, document) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"
        " ON CONFLICT(alert_id) DO UPDATE SET family=excluded.family, grp=excluded.grp, severity=excluded.severity,"
        " confidence=excluded.confidence, first_seen=excluded.first_seen, last_seen=excluded.last_seen,"
        " open=excluded.open, revision=excluded.revision, commit_id=excluded.commit_id, document=excluded.document",
        (
            number,
            document["family"],
            document["group"],
            document["severity"],
            document["confidence"],
            document["first_seen"],
            document["last_seen"],
            document["open"],
            document["revision"],
            commit_id,
            commit_id,
            text or json.dumps(document),
        ),
    )
    record_revision(database, document, commit_id)
    entered = entered or Entered()
    _index(database, number, document, entered)
    named = {flow.get("community_id") for flow in document["sample_flows"]} - {None, ""}
    rows = [(flow, number) for flow in entered.fresh("flow", number, named)]
    database.executemany("INSERT OR IGNORE INTO alert_flows VALUES(?,?)", rows)


def record_revision(database: sqlite3.Connection, document: dict[str, Any], commit_id: int) -> None:
    """Write that an alert was written; of ``document`` only what ``REVISION`` names is needed."""
    number, revision, *rest = (document[name] for name in REVISION)
    database.execute("INSERT OR IGNORE INTO revisions VALUES(?,?,?,?,?,?)", (number, revision, commit_id, *rest))


def _index(database: sqlite3.Connection, number: int, document: dict[str, Any], entered: Entered) -> None:
    hosts = entered.fresh("host", number, {*document["attackers"], *document["victims"]})
    addresses = [(address, number) for address in {packed(host) for host in hosts} - {None}]
    database.executemany("INSERT OR IGNORE INTO alert_addresses VALUES(?,?)", addresses)
    ports = [(port, number) for port in entered.fresh("port", number, set(document["ports"]))]
    database.executemany("INSERT OR IGNORE INTO alert_ports VALUES(?,?)", ports)


def index_alerts(database: sqlite3.Connection) -> None:
    """Make the indexes of a store that was written before there were any."""
    if is_indexed(database):
        return
    database.execute("BEGIN IMMEDIATE")
    for statement in filter(str.strip, INDEXES.split(";")):
        database.execute(statement)
    for number, text in database.execute("SELECT alert_id, document FROM alerts").fetchall():
        _index(database, number, json.loads(text), Entered())
    database.execute("COMMIT")


def documents(alerts: Iterable[Alert]) -> tuple[dict[str, Any], ...]:
    """Alerts as the JSON objects that are stored."""
    return tuple(alert.as_dict() for alert in alerts)


def roll_up(verdicts: pa.RecordBatch | None, seen: Seen) -> list[Rollup]:
    """Per second and family: flows first called that attack, flows ended, and packets and bytes of those ended.

    A flow counts under ``attacks`` in the second in which it first was called an attack, under the family of then.
    """
    if verdicts is None or verdicts.num_rows == 0:
        return []
    families = verdicts.column("family")
    words = families.dictionary.to_pylist()
    codes = np.asarray(families.indices, np.int64)
    attack = np.asarray([word != BENIGN for word in words], np.bool_)[codes]
    final = np.asarray(pc.cast(verdicts.column("final"), pa.uint8())).astype(np.bool_)
    turned = seen.first_turns(np.asarray(verdicts.column("flow_id")), attack, final)
    seconds = np.asarray(verdicts.column("decided").cast(pa.int64())) // SECOND
    keys, inverse = np.unique(seconds * len(words) + codes, return_inverse=True)
    sums = [
        _sum(inverse, len(keys), weights)
        for weights in (
            turned,
            final,
            np.where(final, np.asarray(verdicts.column("packets")), 0),
            np.where(final, np.asarray(verdicts.column("bytes")), 0),
        )
    ]
    rows = zip((keys // len(words)).tolist(), (keys % len(words)).tolist(), *sums, strict=True)
    return [(second, words[code], a, e, p, b) for second, code, a, e, p, b in rows if a or e]


def _sum(groups: npt.NDArray[np.intp], count: int, weights: npt.NDArray[np.generic]) -> list[int]:
    sums: list[int] = np.bincount(groups, weights.astype(np.float64), count).astype(np.int64).tolist()
    return sums


def empty_verdicts() -> pa.RecordBatch:
    """No verdict at all: what a commit of alerts alone writes, so that a file carries them too."""
    return pa.RecordBatch.from_arrays([pa.array([], f.type) for f in VERDICTS], schema=VERDICTS)


def check_alerts(alerts: Iterable[Alert]) -> None:
    """Raise ``InputError`` where an alert names a family that does not exist."""
    for alert in alerts:
        group_of(alert.family)
