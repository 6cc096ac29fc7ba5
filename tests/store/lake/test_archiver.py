from __future__ import annotations

import duckdb
import numpy as np

from store.feed import Feed
from store.formats.base import Origin
from store.lake.archiver import Archiver
from store.lake.files import FilesLake
from store.lake.place import open_place
from store.writer import StoreWriter
from tests.store.helpers import alert
from tests.store.lake.helpers import ROWS, archive, commit, make_store, numbers


def test_what_is_copied_is_what_the_store_holds_as_duckdb_reads_it(tmp_path):
    store = make_store(tmp_path / "store")
    archiver = archive(store, FilesLake(open_place(str(tmp_path / "lake"))))
    assert {what: done.rows for what, done in archiver.copied.items()} == {
        "flows": ROWS, "detections": ROWS, "alerts": 4
    }  # fmt: skip
    with Feed(store) as feed:
        table, _ = feed.rows("verdicts", 0)
        first = table.column("family").to_pylist()
    glob = f"{tmp_path}/lake/detections/*/*/*.parquet"
    rows = duckdb.sql(
        f"SELECT family, hour, run, test FROM read_parquet('{glob}', hive_partitioning=true) ORDER BY row"
    ).fetchall()
    assert [row[0] for row in rows[: len(first)]] == first
    assert {row[1] for row in rows} == {22, 23}
    assert {row[2:] for row in rows} == {("r1", True)}
    families = f"SELECT family, count(*) FROM read_parquet('{glob}') GROUP BY family ORDER BY family"
    assert sum(count for _, count in duckdb.sql(families).fetchall()) == ROWS


def test_it_goes_on_where_it_ended_and_tells_what_waits(tmp_path):
    store, lake = tmp_path / "store", FilesLake(open_place(str(tmp_path / "lake")))
    with StoreWriter(store) as writer, Feed(store) as feed:
        archiver = Archiver(feed, lake, Origin("r1"))
        assert (archiver.copy(), archiver.waiting()) == (0, 0)
        commit(writer, 0)
        assert archiver.waiting() == 101
        assert (archiver.copy(), archiver.waiting()) == (101, 0)
        writer.compact(everything=True)  # other files, the same rows
        commit(writer, 1)
        assert archiver.copy() == 101
        assert archiver.copy() == 0
    assert numbers(tmp_path / "lake", "flows") == list(range(100))


def test_an_alert_that_changes_is_told_again_with_its_revision(tmp_path):
    store, lake = tmp_path / "store", FilesLake(open_place(str(tmp_path / "lake")))
    with StoreWriter(store) as writer, Feed(store) as feed:
        archiver = Archiver(feed, lake, Origin("r1"), ("alerts",))
        for revision in (1, 2):
            writer.commit(alerts=[alert(1, revision)])
            archiver.copy()
        writer.commit(alerts=[alert(2)])
        archiver.copy()
    glob = f"{tmp_path}/lake/alerts/*/*/*.parquet"
    told = duckdb.sql(f"SELECT alert_id, revision, flows FROM read_parquet('{glob}') ORDER BY ALL").fetchall()
    assert told == [(1, 1, 10), (1, 2, 20), (2, 1, 10)]


def test_rows_that_were_set_aside_leave_a_gap_and_shift_no_number(tmp_path):
    store = make_store(tmp_path / "store")
    (store / "flows" / "000000000002.arrow").write_bytes(b"damaged")
    with StoreWriter(store) as writer:
        assert writer.notes
    archive(store, FilesLake(open_place(str(tmp_path / "lake"))), most_rows=30)
    kept = np.r_[0:50, 100:ROWS].tolist()
    assert numbers(tmp_path / "lake", "flows") == kept
