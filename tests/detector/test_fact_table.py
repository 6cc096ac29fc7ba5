"""The table of facts in the documentation is the one that the code prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.fact_table import BEGIN, END, markdown, renewed
from detector.flow_facts import CATALOGUE

DOCUMENT = Path(__file__).parents[2] / "docs" / "metering.md"


def test_the_documentation_is_current():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert renewed(text) == text, "run `python -m detector.fact_table docs/metering.md`"
    assert f"{len(CATALOGUE)} columns" in text


def test_each_fact_has_a_row_and_directions_share_one():
    table = markdown()
    for fact in CATALOGUE:
        assert f"`{fact.name}`" in table or f"`{fact.name.removesuffix('_bwd')}_fwd`, `_bwd`" in table
    assert table.count("`packets_fwd`, `_bwd`") == 1


def test_only_between_the_marks():
    assert renewed(f"a\n{BEGIN}\nold\n{END}\nb\n") == f"a\n{BEGIN}\n{markdown()}\n{END}\nb\n"
    with pytest.raises(ValueError, match="end of facts"):
        renewed("no place")
