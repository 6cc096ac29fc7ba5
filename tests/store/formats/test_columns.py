from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from contract.clock import iso
from store.formats import columns


def test_pieces_become_lines_and_nulls_nothing():
    there = np.array([True, False])
    data = columns.lines(
        ['{"a":', columns.numbers(np.array([1, 2])), columns.numbers(np.array([3, 4]), ',"b":', there), "}"]
    )
    assert [json.loads(line) for line in data.splitlines()] == [{"a": 1, "b": 3}, {"a": 2}]


def test_no_rows_are_no_bytes():
    assert columns.lines(["{", columns.numbers(np.zeros(0, np.int64)), "}"]) == b""


@given(st.lists(st.integers(0, 4_000_000_000_000_000_000), max_size=8))
def test_instants_agree_with_the_clock(values):
    found = columns.instants(np.array(values, np.int64), "Z").to_pylist()
    assert found == [iso(value) for value in values]


def test_distinct_makes_each_word_once():
    made = []
    found = columns.distinct(np.array([3, 1, 3]), lambda code: made.append(code) or (str(code) if code != 1 else None))
    assert found.to_pylist() == ["3", None, "3"]
    assert sorted(made) == [1, 3]


def test_a_column_is_one_array():
    table = pa.table({"x": pa.chunked_array([[1], [2, 3]])})
    assert columns.column(table, "x").to_pylist() == [1, 2, 3]
    assert columns.column(table.slice(0, 0), "x").to_pylist() == []
    assert columns.column(pa.table({"x": pa.chunked_array([], pa.int64())}), "x").to_pylist() == []
