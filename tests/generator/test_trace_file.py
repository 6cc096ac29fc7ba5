from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.errors import InputError
from generator.arrivals import read
from generator.curves import integral, rate_at
from generator.trace_file import read_trace

SECONDS = [0.25, 0.5, 2.0, 2.0, 7.75]
COUNTS = [(0, 4), (1, 0), (3, 10)]


def written(tmp_path: Path, name: str, text: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def table(tmp_path: Path, columns) -> Path:
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


def test_seconds_are_read_from_each_format(tmp_path: Path) -> None:
    start = dt.datetime(2026, 7, 25, tzinfo=dt.UTC)
    stamps = [start + dt.timedelta(seconds=second) for second in SECONDS]
    files = [
        (written(tmp_path, "a.csv", "second\n" + "\n".join(map(str, SECONDS))), 0.0),
        (written(tmp_path, "b.csv", "# ours\n\n" + "\n".join(map(str, SECONDS)) + "\n"), 0.0),
        (written(tmp_path, "c.ndjson", "\n".join(map(str, SECONDS))), 0.0),
        (written(tmp_path, "d.jsonl", "\n".join(f'{{"second": {second}, "by": "x"}}' for second in SECONDS)), 0.0),
    ]
    for path, offset in files:
        trace = read_trace(path)
        assert trace.counts is None
        assert trace.seconds == pytest.approx(np.array(SECONDS) - offset)
    assert read_trace(table(tmp_path, {"time": SECONDS})).seconds == pytest.approx(SECONDS)
    assert read_trace(table(tmp_path, {"ts": stamps})).seconds == pytest.approx(np.array(SECONDS) - 0.25)
    trace = read_trace(files[0][0])
    assert read(trace.spec())[1]["seconds"] == tuple(SECONDS)
    assert [rate_at(trace.curve(), second + 0.5) for second in range(9)] == [2, 0, 2, 0, 0, 0, 0, 1, 1]


def test_counts_are_read_from_each_format_and_gaps_are_zeros(tmp_path: Path) -> None:
    text = "second;count\n" + "\n".join(f"{second};{count}" for second, count in COUNTS)
    lines = "\n".join(f'{{"second": {second}, "count": {count}}}' for second, count in COUNTS)
    columns = {"second": [s for s, _ in COUNTS], "count": [c for _, c in COUNTS]}
    for path in (
        written(tmp_path, "a.csv", text),
        written(tmp_path, "b.ndjson", lines),
        table(tmp_path, columns),
    ):
        trace = read_trace(path)
        assert trace.spec() == {"model": "trace", "counts": [4.0, 0.0, 0.0, 10.0], "bin": 1.0}
        assert integral(trace.curve(), 4.0) == 14


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.csv", "", "no row in this trace"),
        ("t.csv", "second\n", "no row in this trace"),
        ("t.csv", "1\nx\n", "row 2: 'x' is neither a second nor a second and a count"),
        ("t.csv", "1,2\n3\n", "row 2: '3' is neither"),
        ("t.csv", "1,2,3\n", "row 1: '1,2,3' is neither"),
        ("t.csv", "2\n1\n", "row 2: second 1 lies before that of the row above"),
        ("t.csv", "1\nnan\n", "row 2: second nan is not from 0"),
        ("t.csv", "1\n1e30\n", r"row 2: second 1e\+30 is not from 0"),
        ("t.csv", "0,1\n1,-4\n", "row 2: a count of -4 is not from 0"),
        ("t.csv", "0,0\n1,0\n", "every count is 0"),
        ("t.csv", "0,1\n0,1\n", "at least a millisecond apart"),
        ("t.csv", b"\xff\xfe\x00", "not a text file"),
        ("t.csv", "1\n" * 200_001, "200,001 rows are more than the 200,000 of a trace"),
        ("t.ndjson", "1\n[2]\n", "line 2: must be a number, or an object"),
        ("t.ndjson", "{", "line 1: not JSON"),
        ("t.ndjson", "[" * 100_000, "line 1: not JSON"),
        ("t.ndjson", '{"second": true}', "line 1: must be a number"),
        ("t.ndjson", "1" * 400, "row 1: second inf is not"),
        ("t.parquet", b"PAR1 and nothing else", "not a Parquet file of numbers"),
        ("t.xlsx", "1", "a trace is a .csv, .ndjson or .parquet file"),
    ],
)
def test_a_hostile_trace_is_one_clear_line(tmp_path: Path, name: str, text: str | bytes, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_trace(written(tmp_path, name, text))
    assert "\n" not in str(caught.value)


def test_a_table_without_the_column_or_with_words_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no column second or seconds or time or ts"):
        read_trace(table(tmp_path, {"x": [1.0]}))
    with pytest.raises(InputError, match="not a Parquet file of numbers"):
        read_trace(table(tmp_path, {"second": ["x"]}))
    with pytest.raises(InputError, match="is not from 0"):
        read_trace(table(tmp_path, {"second": [1.0, None]}))
    with pytest.raises(InputError, match="200,001 rows are more than"):
        read_trace(table(tmp_path, {"second": np.zeros(200_001)}))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=30))
def test_a_mutilated_table_is_read_or_refused(tmp_path: Path, at: int, junk: bytes) -> None:
    data = bytearray(table(tmp_path, {"second": SECONDS, "count": [1.0] * 5}).read_bytes())
    data[at % len(data) : at % len(data) + len(junk)] = junk
    path = written(tmp_path, "t.parquet", bytes(data))
    try:
        read_trace(path)
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either answer will do
