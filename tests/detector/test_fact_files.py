"""Files of facts: the same rows in each format, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest

from contract.errors import InputError
from detector.fact_files import KINDS, FactFile
from detector.flow_facts import facts_of_flows
from tests.detector.captured import A, B, eth, ip4, meter_of, udp


def facts():
    meter = meter_of([eth(ip4(A, B, 17, udp(n, 53, b"x" * n))) for n in range(1, 6)])
    return facts_of_flows(meter.table, np.sort(meter.finish()))


def read(path: Path):
    if path.suffix == ".parquet":
        return pq.read_table(path)
    return pa.ipc.open_file(path).read_all() if path.suffix == ".arrow" else pc_csv.read_csv(path)


@pytest.mark.parametrize("kind", KINDS)
def test_each_format_gives_the_rows_back(tmp_path, kind):
    path, batch = tmp_path / "new" / f"flows{kind}", facts()
    file = FactFile(path)
    file.write(batch)
    assert not path.exists()
    file.write(batch)
    file.finish()
    file.abandon()
    table = read(path)
    assert table.num_rows == 10
    assert table.column("src_port").to_pylist() == [1, 2, 3, 4, 5] * 2
    if kind == ".csv":
        assert table.column("first_sizes").to_pylist() == [1, 2, 3, 4, 5] * 2
    else:
        assert table.schema.names == batch.schema.names
        assert str(table.to_pylist()) == str(batch.to_pylist() * 2)  # as text: nan is not equal to itself


def test_what_is_given_up_leaves_nothing(tmp_path):
    file = FactFile(tmp_path / "flows.parquet")
    file.write(facts())
    file.abandon()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "words"), [("flows.txt", "end in .parquet"), ("folder.csv", "is a folder")])
def test_other_names_are_refused(tmp_path, name, words):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match=words):
        FactFile(tmp_path / name)
