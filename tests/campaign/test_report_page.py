"""Numbers for people, and files that are written whole or not at all."""

from __future__ import annotations

import pytest

from campaign.report_page import environment, microseconds, milliseconds, number, percent, style, write_page
from contract.errors import InputError


def test_shares_are_never_rounded_to_all_or_none():
    assert [percent(v) for v in (None, 0, 1, 0.5, 0.99999, 0.9999999, 0.0001, 1e-9)] == [
        "-",
        "0.0 %",
        "100.0 %",
        "50.0 %",
        "99.999 %",
        ">99.999 %",
        "0.010 %",
        "<0.001 %",
    ]
    assert number(1234567) == "1,234,567"


def test_times_have_the_unit_that_fits():
    assert [milliseconds(v) for v in (None, 12.34, 1500)] == ["-", "12.3 ms", "1.50 s"]
    assert [microseconds(v) for v in (None, 12.3, 12_300, 1_230_000)] == ["-", "12 us", "12.3 ms", "1.23 s"]


def test_templates_escape_and_refuse_what_is_misspelt():
    assert environment().from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
    with pytest.raises(Exception, match="undefined"):
        environment().from_string("{{ y }}").render(x=1)
    assert "prefers-color-scheme: dark" in style()
    assert "@media print" in style()


def test_a_page_of_damaged_data_is_one_line_and_no_file(tmp_path):
    def broken() -> str:
        return {}["families"]

    with pytest.raises(InputError, match=r"damaged run: .*families"):
        write_page(tmp_path / "x.html", broken)
    assert not list(tmp_path.iterdir())
    assert write_page(tmp_path / "x.html", lambda: "text").read_text() == "text"
