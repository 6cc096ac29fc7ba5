from __future__ import annotations

import threading

import pytest

from contract.errors import InputError
from store import rows
from store.filters import Filters
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.store.helpers import verdicts


def ids(table):
    return table.column("flow_id").to_pylist()


def test_rows_follow_from_any_row_on(tmp_path):
    with StoreWriter(tmp_path) as writer:
        for number in range(3):
            writer.commit(verdicts=verdicts(10, number * 10))
    with StoreReader(tmp_path) as reader:
        table, behind = reader.following("verdicts", 15)
        assert (ids(table), behind) == ([15, 16, 17, 18, 19], 20)
        assert reader.following("verdicts", 30) is None
        assert reader.following("flows", 0) is None
        assert [ids(table) for table in reader.verdict_tables(25)] == [[25, 26, 27, 28, 29]]


def test_a_page_that_looked_at_enough_says_where_to_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "MAX_SCANNED_ROWS", 15)
    with StoreWriter(tmp_path) as writer:
        for number in range(4):
            writer.commit(verdicts=verdicts(10, number * 10))
    with StoreReader(tmp_path) as reader:
        first = reader.detections(Filters(family="web_scan"), limit=100)
        assert (ids(first.table), first.cursor) == ([38, 35, 32, 29, 26, 23, 20], 20)
        rest = reader.detections(Filters(family="web_scan"), limit=100, cursor=first.cursor)
        assert (ids(rest.table), rest.cursor) == ([17, 14, 11, 8, 5, 2], None)


def test_a_damaged_segment_is_one_clear_line(tmp_path):
    with StoreWriter(tmp_path) as writer:
        writer.commit(verdicts=verdicts(100))
    (path,) = (tmp_path / "verdicts").iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with StoreReader(tmp_path) as reader, pytest.raises(InputError, match="damaged segment: its checksum differs"):
        list(reader.verdict_tables())


def test_readers_are_undisturbed_by_commits_and_compaction(tmp_path):
    ended = threading.Event()
    faults: list[object] = []

    def look() -> None:
        with StoreReader(tmp_path) as reader:
            while not ended.is_set():
                numbers = [i for table in reader.verdict_tables() for i in table.column("flow_id").to_pylist()]
                if numbers != list(range(len(numbers))):
                    faults.append(numbers)
                page = reader.detections(limit=30).table.column("flow_id").to_pylist()
                if page != list(reversed(range(page[-1], page[0] + 1) if page else [])):
                    faults.append(page)

    with StoreWriter(tmp_path, compact_after=4) as writer:
        thread = threading.Thread(target=look)
        thread.start()
        for number in range(150):
            writer.commit(verdicts=verdicts(10, number * 10))
        ended.set()
        thread.join()
    assert faults == []
