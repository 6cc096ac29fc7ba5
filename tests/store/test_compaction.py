from __future__ import annotations

import pyarrow as pa

from store.reader import StoreReader
from store.writer import StoreWriter
from tests.store.helpers import flows, verdicts


def numbers(tables) -> list[int]:
    return [i for table in tables for i in table.column("flow_id").to_pylist()]


def moments(tables) -> list[int]:
    return [i for table in tables for i in table.column("committed").cast(pa.int64()).to_pylist()]


def names(path) -> list[str]:
    return sorted(file.name for file in path.iterdir())


def test_segments_become_one_file_and_the_old_ones_go_one_compaction_later(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer, StoreReader(tmp_path) as reader:
        for number in range(5):
            writer.commit(flows(7, number * 7), verdicts(7, number * 7))
        before = moments(reader.verdict_tables())[:28]  # the last commit's moment is noted with the one behind it
        assert writer.compact(everything=True) == 2
        assert len(names(tmp_path / "verdicts")) == 6
        assert numbers(reader.verdict_tables()) == list(range(35))
        after = moments(reader.verdict_tables())
        assert before == after[:28]
        writer.commit(flows(1, 35))
        writer.compact(everything=True)
        assert names(tmp_path / "verdicts") == ["000000000001-000000000005.1.parquet"]
        assert numbers(reader.flow_tables()) == list(range(36))


def test_few_segments_are_left_alone(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer:
        writer.commit(flows(7))
        assert writer.compact() == 0


def test_it_runs_in_the_background(tmp_path):
    with StoreWriter(tmp_path, compact_after=3) as writer:
        for number in range(30):
            writer.commit(flows(7, number * 7))
    assert any(name.endswith(".parquet") for name in names(tmp_path / "flows"))
    with StoreReader(tmp_path) as reader:
        assert numbers(reader.flow_tables()) == list(range(210))


def test_it_merges_in_tiers(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer, StoreReader(tmp_path) as reader:
        for number in range(61):
            writer.commit(flows(2, number * 2))
            writer.compact(everything=True)
        assert any(name.endswith(".2.parquet") for name in names(tmp_path / "flows"))
        assert numbers(reader.flow_tables()) == list(range(122))
