"""What must hold of a store, and of a spool, whatever happened to the process that wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from campaign.ingest import SPOOL
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.api.helpers import START, frames_stream
from tests.faults.calls import Outcome
from tests.faults.works import ROWS, Spool
from tests.store.helpers import FAMILIES

TOLD = (
    "adopted commit",
    "is only a part of its commit",
    "damaged or only a part of its commit",
    "made the database anew",
)


def said(outcomes: Iterable[Outcome], word: str) -> set[int]:
    """The numbers that processes said behind a word."""
    return {number for outcome in outcomes for number in outcome.numbers(word)}


def check_store(folder: Path, *outcomes: Outcome) -> list[str]:
    """Open the store: acknowledged is in recovered is in sent, each batch whole and once; what recovery said."""
    with StoreWriter(folder, compact_after=0) as writer:
        notes = writer.notes
    with StoreReader(folder) as reader:
        rows = [i for table in reader.verdict_tables() for i in table.column("flow_id").to_pylist()]
        ended = [i for table in reader.flow_tables() for i in table.column("flow_id").to_pylist()]
        alerts = [found.alert_id for found in reader.all_alerts()]
        seconds = reader.timeline()
        assert not reader.damaged()
    recovered = {row // ROWS for row in rows}
    assert said(outcomes, "acknowledged") <= recovered <= said(outcomes, "sent"), notes
    assert len(rows) == ROWS * len(recovered), "lost, doubled or in part"
    assert sorted(ended) == sorted(rows)
    assert sorted(alerts) == sorted(recovered)
    assert sum(second.ended for second in seconds) == len(rows)
    assert sum(second.attacks for second in seconds) == sum(FAMILIES[row % 3] != "benign" for row in rows)
    assert sorted(path.name for path in folder.glob("*/*.tmp")) == []
    assert all(any(word in note for word in TOLD) for note in notes), notes
    return notes


def check_spool(folder: Path, *outcomes: Outcome) -> list[str]:
    """Open the spool: what was acknowledged is known, and waits whole unless the detector had taken it."""
    queue = Spool(folder)
    known = said(outcomes, "acknowledged")
    for number in sorted(known):
        assert not queue.offer(f"batch-{number}", b"again", 1), f"batch {number} would count twice"
    queue.offer("another", frames_stream(2), 2)
    waiting = {path.stem: path.read_bytes() for path in (folder / SPOOL).glob("*.arrows")}
    assert not list((folder / SPOOL).glob("*.tmp"))
    assert set(waiting) <= {"another", *(f"batch-{number}" for number in said(outcomes, "sent"))}
    for number in known - said(outcomes, "counted"):
        assert waiting[f"batch-{number}"] == frames_stream(2 + number % 3, START)
    return []
