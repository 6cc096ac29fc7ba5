from __future__ import annotations

import pytest

from store import pieces
from store.pieces import Pieces
from store.reader import StoreReader
from store.segments import group_ends
from store.writer import StoreWriter
from tests.store.helpers import verdicts


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """40 rows, compacted, and then 10 in a segment of their own."""
    path = tmp_path_factory.mktemp("store")
    with StoreWriter(path, compact_after=0) as writer:
        for number in range(4):
            writer.commit(verdicts=verdicts(10, number * 10))
        writer.compact(everything=True)
        writer.commit(verdicts=verdicts(10, 40))
    with StoreReader(path) as reader:
        yield reader


def segments_of(reader):
    from store.filters import Filters

    return list(reader._segments.candidates("verdicts", Filters(), 1 << 62))


def test_a_compacted_segment_comes_in_row_groups_the_last_first(store):
    newest, merged = segments_of(store)
    assert (newest.level, newest.first_row, merged.first_row, merged.rows) == (0, 40, 0, 40)
    ends = group_ends(store.path, merged)
    assert ends[-1] == 40
    found = list(store._segments._pieces.of(merged, 40))
    assert [first for first, _ in found] == [0, *ends[:-1]][::-1]
    assert sum(table.num_rows for _, table in found) == 40
    assert list(store._segments._pieces.of(merged, 0)) == []


def test_pieces_are_read_once_and_only_so_many_are_kept(store, monkeypatch):
    reads = []
    kept = Pieces(store.path, lambda table, first: (reads.append(first) or table, True))
    for _ in range(3):
        assert [first for segment in segments_of(store) for first, _ in kept.of(segment, 1 << 62)] == [40, 0]
    assert reads == [40, 0]
    monkeypatch.setattr(pieces, "KEPT_BYTES", 1)
    small = Pieces(store.path, lambda table, first: (reads.append(first) or table, True))
    for _ in range(2):
        list(small.of(segments_of(store)[0], 1 << 62))
    assert reads == [40, 0, 40, 40]


def test_what_may_still_change_is_not_kept(store):
    reads = []
    kept = Pieces(store.path, lambda table, first: (reads.append(first) or table, False))
    for _ in range(2):
        list(kept.of(segments_of(store)[0], 1 << 62))
    assert reads == [40, 40]
