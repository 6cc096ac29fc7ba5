from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from contract.errors import InputError
from contract.schemas import TIME
from store.formats.base import ALERTS, DETECTIONS, FLOWS, Origin
from store.lake.rows import Name, archived, by_hour, check_run, decoded, encoded, schema_of
from tests.store.helpers import START, alert, flows, times
from tests.store.lake.helpers import HOUR


def flow_rows(count: int) -> pa.Table:
    table = pa.Table.from_batches([flows(count)])
    return table.append_column(pa.field("committed", TIME), times(np.full(count, START)))


def test_rows_have_plain_columns_that_iceberg_has_types_for():
    table = archived(flow_rows(3), FLOWS, Origin("r1", test=True), np.arange(7, 10))
    assert table.schema.names[:4] == ["run", "row", "test", "flow_id"]
    assert table.column("row").to_pylist() == [7, 8, 9]
    assert set(table.column("run").to_pylist()) == {"r1"}
    assert set(table.column("test").to_pylist()) == {True}
    assert table.column("src")[0].as_py() == "198.18.0.0"
    for what in (FLOWS, DETECTIONS, ALERTS):
        for field in schema_of(what):
            assert not pa.types.is_unsigned_integer(field.type), field
            assert not pa.types.is_timestamp(field.type) or field.type == pa.timestamp("us", "UTC")
            assert not pa.types.is_dictionary(field.type)


def test_alerts_have_when_they_could_be_read_and_their_lists():
    document = alert(4).as_dict() | {"committed_ns": START}
    table = archived([document], ALERTS, Origin("r1"), np.array([4]))
    assert table.schema == schema_of(ALERTS)
    assert table.column("attackers").to_pylist() == [["198.18.0.4"]]
    assert table.column("committed")[0].value == START // 1000


def test_rows_are_split_by_the_hour_of_their_time_and_none_is_lost():
    rows = flow_rows(10)
    at = rows.schema.get_field_index("last")
    rows = rows.set_column(at, rows.schema.field("last"), times(START + np.arange(10) % 3 * HOUR))
    table = archived(rows, FLOWS, Origin("r1"), np.arange(10))
    parts = dict(by_hour(table, FLOWS))
    assert [hour - START // HOUR for hour in parts] == [0, 1, 2]
    assert [part.column("row").to_pylist() for part in parts.values()] == [[0, 3, 6, 9], [1, 4, 7], [2, 5, 8]]
    for part in parts.values():
        assert decoded(encoded(part)).equals(part)


def test_a_name_says_what_is_in_a_file_and_is_read_back():
    name = Name(FLOWS, START // HOUR, "run_1-x", 5, 1_000_000)
    assert str(name) == "flows/date=2023-11-14/hour=22/run_1-x.000000000005-000001000000.parquet"
    assert Name.read(str(name)) == name
    for other in ("flows/x.parquet", str(name) + ".merged", str(name) + ".tmp", "_tenfold/run_1-x.json"):
        assert Name.read(other) is None


def test_a_run_whose_name_no_file_can_have_is_refused():
    assert check_run("20261122-190000-smoke") == "20261122-190000-smoke"
    for name in ("", "a.b", "a/b", "../x", "é"):
        with pytest.raises(InputError, match="--label"):
            check_run(name)
