"""The header of Zeek's logs, and the columns that it names."""

from __future__ import annotations

import pytest

from campaign.alert_record import BadLineError
from campaign.zeek_tsv import Tsv


def log(*header: bytes) -> Tsv:
    found = Tsv("x")
    for line in header:
        found.header(line)
    return found


def test_a_header_that_comes_again_holds_from_there() -> None:
    tsv = log(b"#separator \\x09", b"#path\tconn", b"#fields\ta\tb")
    assert tsv.path == "conn"
    assert tsv.values(b"1\t-") == {"a": "1"}
    tsv.header(b"#separator \\x2c")
    tsv.header(b"#unset_field,?")
    tsv.header(b"#fields,b,a")
    assert tsv.values(b"?,-") == {"a": "-"}


def test_columns_are_what_the_values_of_each_line_are() -> None:
    tsv = log(b"#fields\ta\tb\tc")
    lines = [b"1\t-\t\\x41\\x09", b"(empty)\t\xe2\x98\x82\t"]
    columns = tsv.columns(lines)
    assert columns is not None
    values = [tsv.values(line) for line in lines]
    for name in "abcd":
        assert columns(name) == [one.get(name) for one in values]


def test_lines_that_differ_from_the_header_are_not_taken_together() -> None:
    tsv = log(b"#fields\ta\tb")
    assert tsv.columns([b"1\t2", b"1"]) is None
    assert log().columns([b"1"]) is None
    assert log(b"#fields\ta\ta").columns([b"1\t2"]) is None
    with pytest.raises(ValueError, match="utf-8"):
        tsv.columns([b"1\t\xff"])


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(BadLineError, match="no single character"):
        log(b"#separator ab")
    with pytest.raises(BadLineError, match="1 types, #fields 2"):
        log(b"#fields\ta\tb", b"#types\tstring")
    with pytest.raises(BadLineError, match="from its beginning"):
        log().values(b"1")
    with pytest.raises(BadLineError, match="3 values where #fields names 2"):
        log(b"#fields\ta\tb").values(b"1\t2\t3")
