from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from contract.clock import Clock
from contract.errors import InputError
from contract.schemas import FLOWS
from store.filters import Filters
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.store.helpers import START, alert, flows, verdicts


def ids(tables) -> list[int]:
    return [i for table in tables for i in table.column("flow_id").to_pylist()]


def test_what_was_committed_is_read_back(tmp_path):
    clock = Clock.start()
    with StoreWriter(tmp_path, clock) as writer, StoreReader(tmp_path) as reader:
        before = clock.now_ns()
        readable = writer.commit(flows(10), verdicts(20), [alert(1), alert(2)])
        assert before <= readable <= clock.now_ns()
        writer.commit(verdicts=verdicts(5, first_id=20))
        table = pa.concat_tables(list(reader.verdict_tables()))
        assert table.column("flow_id").to_pylist() == list(range(25))
        assert set(table.column("committed").cast(pa.int64()).to_pylist()[:20]) == {readable}
        assert ids(reader.flow_tables()) == list(range(10))
        assert [found.alert_id for found in reader.all_alerts()] == [1, 2]
        assert reader.all_alerts()[0] == alert(1)
        assert {r.committed_ns for r in reader.alert_revisions()} == {readable}


def test_rows_carry_the_values_that_were_given(tmp_path):
    with StoreWriter(tmp_path) as writer:
        writer.commit(flows(3), verdicts(4))
        writer.compact(everything=True)
    with StoreReader(tmp_path) as reader:
        (table,) = reader.verdict_tables()
        assert table.drop_columns(["committed"]).equals(pa.table(verdicts(4)))
        (table,) = reader.flow_tables()
        assert table.drop_columns(["committed"]).equals(pa.table(flows(3)))


def test_an_alert_is_updated_and_its_revisions_are_kept(tmp_path):
    with StoreWriter(tmp_path) as writer:
        writer.commit(alerts=[alert(7)])
        writer.commit(alerts=[alert(7, revision=2)])
    with StoreReader(tmp_path) as reader:
        assert reader.alert(7)["revision"] == 2
        first, second = reader.alert_revisions(7)
        assert (first.revision, second.revision) == (1, 2)
        assert first.committed_ns < second.committed_ns
        assert reader.alert(7)["raised_ns"] == first.committed_ns
        assert reader.alert(8) is None


def test_hosts_of_a_commit_that_failed_are_found_when_it_is_made_again(tmp_path):
    with StoreWriter(tmp_path) as writer:
        with pytest.raises(OverflowError):
            writer.commit(alerts=[replace(alert(7), ports=[1 << 70])])
        writer.commit(alerts=[alert(7)])
        writer.commit(alerts=[replace(alert(7, revision=2), victims=["198.18.1.2"])])
    with StoreReader(tmp_path) as reader:
        for host in ("198.18.0.7", "198.18.1.1", "198.18.1.2"):
            assert [found["alert_id"] for found in reader.alerts(Filters(host=host)).alerts] == [7]


def test_a_flow_counts_once_however_many_verdicts_it_has(tmp_path):
    attack = np.ones(10, np.int64)
    with StoreWriter(tmp_path) as writer, StoreReader(tmp_path) as reader:
        writer.commit(verdicts=verdicts(10, codes=attack, final=False))
        writer.commit(verdicts=verdicts(10, codes=attack, final=True))
        assert [(r.second, r.family, r.attacks, r.ended) for r in reader.timeline()] == [
            (START // 10**9, "syn_flood", 10, 10)
        ]
        assert reader.counts()["families"] == {"syn_flood": {"attacks": 10, "ended": 10}}


def test_a_batch_with_a_known_key_is_not_written_again(tmp_path):
    with StoreWriter(tmp_path) as writer, StoreReader(tmp_path) as reader:
        first = writer.commit(verdicts=verdicts(5), key="batch 1")
        assert writer.commit(verdicts=verdicts(5), key="batch 1") == first
        assert ids(reader.verdict_tables()) == list(range(5))


def test_nothing_is_written_for_nothing(tmp_path):
    with StoreWriter(tmp_path) as writer, StoreReader(tmp_path) as reader:
        writer.commit(flows(0), verdicts(0))
        assert reader.last_commit() == 0


def test_another_schema_is_refused(tmp_path):
    with StoreWriter(tmp_path) as writer, pytest.raises(InputError, match="expected schema verdicts/1"):
        writer.commit(verdicts=flows(1))


def test_two_writers_are_refused(tmp_path):
    with StoreWriter(tmp_path), pytest.raises(InputError, match="another process writes"):
        StoreWriter(tmp_path)
    StoreWriter(tmp_path).close()


def test_an_unwritable_folder_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match="cannot write the store here: Not a directory"):
        StoreWriter(tmp_path / "file" / "store")


def test_what_is_no_database_is_one_clear_line_for_readers_and_set_aside_by_a_writer(tmp_path):
    (tmp_path / "store.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(InputError, match="damaged store: file is not a database"):
        StoreReader(tmp_path)
    with StoreWriter(tmp_path) as writer:
        (note,) = writer.notes
    assert "file is not a database; the database is set aside as aside/store.sqlite.1" in note
    assert (tmp_path / "aside" / "store.sqlite.1").read_bytes().startswith(b"this is no database")


def test_an_unknown_family_is_refused_before_anything_is_written(tmp_path):
    with StoreWriter(tmp_path) as writer:
        with pytest.raises(InputError, match="no family is called"):
            writer.commit(alerts=[alert(1, family="nonsense")])
        writer.commit(alerts=[alert(1)])
        assert writer.notes == []


def test_a_closed_store_is_one_tidy_file(tmp_path):
    with StoreWriter(tmp_path) as writer:
        writer.commit(flows(5))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flows", "store.sqlite", "verdicts", "writer.lock"]
    assert FLOWS.equals(next(iter(StoreReader(tmp_path).flow_tables())).drop_columns(["committed"]).schema)
