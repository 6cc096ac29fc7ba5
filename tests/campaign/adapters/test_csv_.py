"""CSV of any tool, by a mapping."""

from __future__ import annotations

import pytest

from campaign.adapters import adapter
from campaign.alert_record import AlertRow, BadLineError, ReadSettings, address
from contract.errors import InputError

FIELDS = {"time": "when", "src": "from", "dst": "to", "src_port": "sp", "dst_port": "dp", "signature": "rule"}
HEAD = "when,from,to,sp,dp,rule,kind"


def rows(text: str | bytes, **more: object) -> list[object]:
    reader = adapter("csv").reader(ReadSettings(fields=FIELDS | more))
    data = text.encode() if isinstance(text, str) else text
    return [row for line in data.split(b"\n") for row in reader.take(line)]


def test_columns_by_name() -> None:
    (row,) = rows(f'{HEAD}\n1784023200.5,198.18.0.9,198.18.1.2,1,22,"a, b",alert')
    assert isinstance(row, AlertRow)
    assert (row.time, row.dst_port, row.kind.signature) == (1_784_023_200_500_000_000, 22, "a, b")
    assert row.src == address("198.18.0.9")


def test_only_rows_that_are_alerts() -> None:
    text = f"{HEAD}\n1,198.18.0.9,198.18.1.2,1,22,a,alert\n2,198.18.0.9,198.18.1.2,1,22,a,flow"
    assert len(rows(text, where={"kind": "alert"})) == 1
    assert len(rows(text, where={"kind": ["alert", "flow"]})) == 2


def test_without_a_header_and_with_another_delimiter() -> None:
    fields = {"time": 1, "src": 2, "dst": 3, "header": False, "delimiter": ";"}
    reader = adapter("csv").reader(ReadSettings(fields=fields))
    (row,) = reader.take(b"2026-07-14T10:00:00+02:00;198.18.0.9;198.18.1.2")
    assert row.time == 1_784_016_000 * 10**9


def test_a_time_of_another_format() -> None:
    (row,) = rows(f"{HEAD}\n14.07.2026 10:00,198.18.0.9,198.18.1.2,,,a,", time_format="%d.%m.%Y %H:%M")
    assert row.time == 1_784_023_200 * 10**9


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{HEAD}\n1,2", "2 cells where there should be 7"),
        (f'{HEAD}\n1,"198', "not CSV"),
        (f"{HEAD}\nsoon,198.18.0.9,198.18.1.2,1,22,a,", "time"),
        (b"when,from,to,sp,dp,rule\n\xff", "not UTF-8"),
    ],
)
def test_what_is_no_row_is_told(text: str | bytes, why: str) -> None:
    with pytest.raises(BadLineError, match=why):
        rows(text)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "needs to be told its columns"),
        ({"time": "a"}, "src and dst"),
        ({"src": "a"}, "time is needed"),
        ({"time": "a", "src": "b", "colour": "c"}, "'colour' is none"),
        ({"time": 1.5, "src": "b"}, "column's name"),
        ({"time": "a", "src": "b", "time_unit": "h"}, "time_unit"),
        ({"time": "a", "src": "b", "where": 3}, "where is a table"),
        ({"time": "a", "src": "b", "delimiter": "ab"}, "no single character"),
    ],
)
def test_a_mapping_that_cannot_do_is_told(fields: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        adapter("csv").reader(ReadSettings(fields=fields))


def test_a_column_that_is_not_there_is_told() -> None:
    with pytest.raises(InputError, match="names no column 'when'"):
        rows("a,b,c")
