"""Tables of truth out of Parquet files: honest ones are read, any others refused in one line."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from campaign.truth_table import read_truth_table
from contract.errors import InputError
from contract.schemas import TRUTH
from tests.campaign import judged
from tests.fuzz.files import tables


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(judged.table(), path)
    assert read_truth_table(path).equals(judged.table())
    assert read_truth_table(path).schema.equals(TRUTH)


def test_what_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with pytest.raises(InputError, match="the run has no truth"):
        read_truth_table(path)
    path.write_bytes(b"PAR1")
    with pytest.raises(InputError, match="cannot read"):
        read_truth_table(path)
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(InputError, match="its columns are a"):
        read_truth_table(path)


def test_more_rows_than_bytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    row = judged.table().slice(0, 1)
    pq.write_table(pa.concat_tables([row] * 1_000_000).combine_chunks(), path, compression="zstd")
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="refused: 1,000,000 rows in"):
        read_truth_table(path)


def test_no_name_of_a_column_breaks_it(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    data = tables()[0]
    path.write_bytes(data.replace(b"attempt", b"at\xffempt"[:7]))
    with pytest.raises(InputError, match=r"cannot read|its columns"):
        read_truth_table(path)
