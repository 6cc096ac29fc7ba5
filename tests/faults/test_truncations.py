"""The last record of each file, cut at every offset: segment, write-ahead log, spooled batch, journal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from campaign.journal import JOURNAL, Journal
from store.layout import DATABASE
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.api.helpers import START, frames_stream
from tests.faults.length import some
from tests.faults.works import ROWS, Spool
from tests.store.helpers import alert, flows, verdicts

LAST = 2  # the number of the last of three commits
LOG = f"{DATABASE}-wal"


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A store as a killed writer leaves it, log and all; and where the last commit begins in the log."""
    live, left, before = tmp_path_factory.mktemp("live"), tmp_path_factory.mktemp("left") / "store", 0
    with StoreWriter(live, compact_after=0) as writer:
        for number in range(LAST + 1):
            before = (live / LOG).stat().st_size
            writer.commit(flows(ROWS, number * ROWS), verdicts(ROWS, number * ROWS), [alert(number)])
        shutil.copytree(live, left)
    return left, before


def found(folder: Path) -> tuple[list[str], list[int], list[int], list[int]]:
    with StoreWriter(folder, compact_after=0) as writer:
        notes = writer.notes
    with StoreReader(folder) as reader:
        rows = [
            sorted({i // ROWS for table in tables for i in table.column("flow_id").to_pylist()})
            for tables in (reader.verdict_tables(), reader.flow_tables())
        ]
        return notes, *rows, [one.alert_id for one in reader.all_alerts()]


def copied(killed: Path, folder: Path, name: str, size: int) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(killed, folder)
    with (folder / name).open("r+b") as file:
        file.truncate(size)
    return folder


def test_a_segment_cut_anywhere_is_set_aside_and_the_rest_read(killed, tmp_path):
    store, _ = killed
    name = f"verdicts/{LAST + 1:012d}.arrow"
    for size in some(range((store / name).stat().st_size), 10):
        notes, seen, ended, alerts = found(copied(store, tmp_path / "now", name, size))
        assert [note for note in notes if name in note and "set aside" in note]
        assert (seen, ended, alerts) == (list(range(LAST)), list(range(LAST + 1)), list(range(LAST + 1)))


def test_a_log_cut_anywhere_loses_nothing(killed, tmp_path):
    """What the cut takes from the database is adopted from the segments."""
    store, begin = killed
    adopted = 0
    whole = list(range(LAST + 1))
    for size in some(range(begin, (store / LOG).stat().st_size), 12)[:6000]:
        notes, seen, ended, alerts = found(copied(store, tmp_path / "now", LOG, size))
        assert (seen, ended, alerts) == (whole, whole, whole)
        adopted += any("adopted commit" in note for note in notes)
    assert adopted


def test_a_journal_cut_anywhere_knows_what_it_knew(tmp_path):
    lines = b"a 3 100\nbatch-2 1234 567890\n"
    for size in range(8, len(lines)):
        (tmp_path / JOURNAL).write_bytes(lines[:size])
        journal = Journal(tmp_path)
        assert "a" in journal
        assert len(journal.counts) == 1, "half a line is no batch"
        journal.add("c", 1, 1)  # and does not spoil the next one
        assert set(Journal(tmp_path).counts) == {"a", "c"}


def test_a_spooled_batch_cut_anywhere_is_set_aside_and_the_others_wait(tmp_path):
    data = frames_stream(3, START)
    for size in some(range(len(data)), 40):
        folder = tmp_path / "now"
        shutil.rmtree(folder, ignore_errors=True)
        first = Spool(folder)
        first.offer("a", data, 3)
        first.offer("b", data, 3)
        with (folder / "spool" / "b.arrows").open("r+b") as file:
            file.truncate(size)
        later = Spool(folder)
        later.offer("c", data, 3)
        later._look_at_left()
        waiting = [batch.name for batch in later._held.waiting]
        if waiting != ["a", "b", "c"]:  # the end of a stream may be missing: all its batches are whole
            assert waiting == ["a", "c"]
            assert (folder / "aside" / "b.arrows").stat().st_size == size
            assert len(later.notes) == 1
        else:
            assert size >= len(data) - 8
