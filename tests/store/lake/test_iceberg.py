from __future__ import annotations

import itertools

import duckdb
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException, CommitStateUnknownException
from pyiceberg.table import Table

from contract.errors import InputError, LackingError
from store.lake.iceberg import IcebergLake
from store.lake.opening import open_lake
from store.lake.rows import schema_of
from tests.store.lake.helpers import ROWS, Killed, archive, make_store, mortal

FLOWS = ("flows",)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store"))


def lake_in(folder):
    folder.mkdir(exist_ok=True)
    return open_lake(str(folder / "lake"), f"sqlite:///{folder / 'catalog.db'}")


def rows_of(lake, what="flows"):
    lake.table(what).refresh()
    return sorted(lake.table(what).scan(selected_fields=("row",)).to_arrow().column("row").to_pylist())


def test_tables_hold_what_the_store_does_and_any_catalog_client_and_duckdb_read_it(store, tmp_path):
    lake = lake_in(tmp_path)
    archive(store, lake)
    # by the catalog alone, as another program would
    catalog = SqlCatalog("tenfold", uri=f"sqlite:///{tmp_path / 'catalog.db'}", warehouse=str(tmp_path))
    assert sorted(name for _, name in catalog.list_tables("tenfold")) == ["alerts", "detections", "flows"]
    table = catalog.load_table("tenfold.detections")
    assert [field.name for field in table.spec().fields] == ["hour"]
    assert table.scan().to_arrow().schema.names == schema_of("detections").names
    attacks = table.scan(row_filter="family != 'benign'", selected_fields=("family", "row")).to_arrow()
    database = duckdb.connect().register("attacks", attacks)  # DuckDB's own extension is a download
    assert len(database.execute("SELECT DISTINCT family FROM attacks").fetchall()) == 2
    files = [task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()]
    assert sum(pq.read_metadata(path).num_rows for path in files) == ROWS
    [alert, *_] = catalog.load_table("tenfold.alerts").scan().to_arrow().to_pylist()
    assert alert["victims"] == ["198.18.1.1"]


def test_every_row_is_there_once_whenever_the_process_dies_and_whatever_was_merged_since(store, tmp_path):
    for steps in itertools.count():
        folder = tmp_path / str(steps)
        folder.mkdir()
        first = lake_in(folder)
        place = mortal(folder / "lake", steps)
        try:
            archive(store, IcebergLake(place, first._catalog, "tenfold"), whats=FLOWS)
        except Killed:
            lake = lake_in(folder)
            lake.tend(FLOWS, None, 1 << 27)
            archive(store, lake, most_rows=70, whats=FLOWS)
            assert rows_of(lake) == list(range(ROWS))
        else:
            break
    assert steps == 4  # two chunks with a file for each of two hours


def test_an_answer_that_was_lost_is_no_second_commit_and_a_conflict_is_tried_again(store, tmp_path, monkeypatch):
    lake = lake_in(tmp_path)
    real, said = Table._do_commit, []

    def lossy(table, updates, requirements):
        said.append(1)
        if len(said) == 1:
            raise CommitFailedException("another was quicker")
        real(table, updates, requirements)
        if len(said) == 2:
            raise CommitStateUnknownException("the answer was lost")

    lake.table("flows")
    monkeypatch.setattr(Table, "_do_commit", lossy)
    archive(store, lake, whats=FLOWS)
    assert rows_of(lake) == list(range(ROWS))
    assert len(said) == 3

    def refused(*_, **__):
        raise CommitFailedException("always another")

    monkeypatch.setattr(Table, "_do_commit", refused)
    with pytest.raises(LackingError, match="the catalog took no commit in 8 tries"):
        archive(store, lake, whats=FLOWS, run="r2")


def test_a_run_of_the_same_name_is_not_mixed_with_another(store, tmp_path):
    archive(store, lake_in(tmp_path), whats=FLOWS)
    with pytest.raises(InputError, match="another run that is called r1"):
        archive(make_store(tmp_path / "other", 1), lake_in(tmp_path), whats=FLOWS)


def test_looking_makes_no_table(tmp_path):
    lake = lake_in(tmp_path)
    assert lake.holds(FLOWS)["flows"].files == 0
    assert not (tmp_path / "lake").exists()
