from __future__ import annotations

import pyarrow as pa
import pytest

from contract.errors import InputError
from contract.schemas import VERDICTS
from store import segments
from store.segments import CommitNote, Segment
from tests.store.helpers import START, flows, verdicts

NOTE = CommitNote(7, ("verdicts",), START, "mine", ({"alert_id": 1},))


def written(tmp_path, batch=None) -> Segment:
    batch = verdicts(10) if batch is None else batch
    data = segments.encode(batch, NOTE)
    row = segments.describe(batch, "verdicts", 7, 100, data, "x.arrow")
    (tmp_path / "verdicts").mkdir()
    segments.write_synced(row.path(tmp_path), data)
    segments.publish(row.path(tmp_path))
    return row


def test_a_segment_is_described_and_read_back(tmp_path):
    row = written(tmp_path)
    assert (row.rows, row.first_row, row.min_ns, row.max_ns) == (10, 100, START, START + 9_000_000)
    assert row.families == ("benign", "syn_flood", "web_scan")
    batch, note = segments.read_arrow(row.path(tmp_path), "verdicts", row.checksum)
    assert note == NOTE
    assert batch.equals(verdicts(10))
    table = segments.read(tmp_path, row)
    assert table.column("commit").to_pylist() == [7] * 10
    assert [path.name for path in (tmp_path / "verdicts").iterdir()] == ["x.arrow"]


def test_every_flipped_byte_is_noticed(tmp_path):
    row = written(tmp_path)
    path = row.path(tmp_path)
    data = path.read_bytes()
    for place in range(0, len(data), 97):
        harmed = bytearray(data)
        harmed[place] ^= 0x40
        path.write_bytes(harmed)
        with pytest.raises(InputError, match="damaged segment"):
            segments.read(tmp_path, row)


def test_a_cut_or_foreign_file_is_damaged_even_without_a_checksum(tmp_path):
    row = written(tmp_path)
    path = row.path(tmp_path)
    data = path.read_bytes()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, flows(1).schema) as writer:
        writer.write_batch(flows(1))
    for harmed in (b"", data[:200], data[:-9], sink.getvalue().to_pybytes()):
        path.write_bytes(harmed)
        with pytest.raises(InputError):
            segments.read_arrow(path, "verdicts", None)


def test_types_are_what_the_schema_says_after_parquet(tmp_path):
    import pyarrow.parquet as pq

    table = pa.table(verdicts(5)).append_column(segments.COMMIT, pa.array([1] * 5))
    wide = pa.schema([f.with_type(pa.string()) if pa.types.is_dictionary(f.type) else f for f in table.schema])
    pq.write_table(table.cast(wide), tmp_path / "x.parquet")
    found = segments.read_parquet(tmp_path / "x.parquet", "verdicts")
    assert found.drop_columns(["commit"]).schema.equals(VERDICTS)
    assert found.drop_columns(["commit"]).equals(pa.table(verdicts(5)))


def test_a_missing_file_is_told_from_a_damaged_one(tmp_path):
    row = written(tmp_path)
    row.path(tmp_path).unlink()
    with pytest.raises(FileNotFoundError):
        segments.read(tmp_path, row)
