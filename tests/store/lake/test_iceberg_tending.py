from __future__ import annotations

from datetime import timedelta

import pytest
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table

from contract.errors import LackingError
from store.lake import iceberg_tending
from store.lake.base import Tended
from store.lake.opening import open_lake
from tests.store.helpers import START
from tests.store.lake.helpers import HOUR, ROWS, archive, make_store

FLOWS = ("flows",)


@pytest.fixture
def lake(tmp_path):
    found = open_lake(str(tmp_path / "lake"), f"sqlite:///{tmp_path / 'catalog.db'}")
    archive(make_store(tmp_path / "store"), found, whats=FLOWS)
    return found


def rows_of(lake):
    lake.table("flows").refresh()
    return sorted(lake.table("flows").scan(selected_fields=("row",)).to_arrow().column("row").to_pylist())


def test_merging_swaps_files_and_old_ones_go_when_no_snapshot_has_them(lake):
    before = iceberg_tending.current_files(lake.table("flows"))
    tended = lake.tend(FLOWS, None, 1 << 27)
    assert (tended.files_merged, tended.files_made, tended.files_removed) == (4, 2, 0)
    assert rows_of(lake) == list(range(ROWS))
    assert len(lake.place.files("flows")) > len(before), "whoever reads an old snapshot still can"
    gone = Tended()
    iceberg_tending.tend(lake.place, lake.table("flows"), "flows", None, 0, gone, grace=timedelta(seconds=-1))
    assert gone.files_removed == len(before)
    assert rows_of(lake) == list(range(ROWS))
    assert lake.holds(FLOWS)["flows"].files == 2


def test_hours_that_are_too_old_leave_the_table(lake):
    tended = lake.tend(FLOWS, START // HOUR + 1, 0)
    assert tended.notes == ["flows: 2 files left the table; they are removed when no snapshot has them"]
    assert rows_of(lake) == list(range(1, ROWS, 2))
    assert lake.tend(FLOWS, START // HOUR + 1, 0).notes == []


def test_who_is_never_quick_enough_says_so(lake, monkeypatch):
    def refused(*_, **__):
        raise CommitFailedException("another was quicker")

    lake.table("flows")
    monkeypatch.setattr(Table, "_do_commit", refused)
    with pytest.raises(LackingError, match="took no commit in 8 tries"):
        iceberg_tending.tend(lake.place, lake.table("flows"), "flows", START // HOUR + 1, 0, Tended())


def test_a_name_that_is_no_chunk_is_none(lake):
    paths = list(iceberg_tending.current_files(lake.table("flows")))
    assert {iceberg_tending.named(lake.place, path).run for path in paths} == {"r1"}
    assert iceberg_tending.named(lake.place, f"{lake.place.url}/flows/merged.parquet") is None
