from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from generator.ranges import CHOICES, RANGES, Choice, Range, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "variation.md"


def test_the_table_of_the_document_is_the_code_s() -> None:
    """After a change of a range, put what ``python -m generator.ranges`` prints into the document."""
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    start = rows.index(table()[0])
    assert rows[start : start + len(table())] == table()


@pytest.mark.parametrize("name", sorted(RANGES))
def test_values_lie_in_their_range_and_fill_it(name: str) -> None:
    one, rng = RANGES[name], np.random.default_rng(1)
    values = np.array([one.draw(rng) for _ in range(400)])
    assert one.low <= values.min() <= values.max() <= one.high
    middle = np.sqrt(one.low * one.high) if one.law == "log" else (one.low + one.high) / 2
    assert 0.35 < (values < middle).mean() < 0.65
    assert one.law != "whole" or (values == values.astype(int)).all()
    assert one.what
    assert one.per in ("campaign", "conversation", "host")


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_choices_follow_their_weights(name: str) -> None:
    one, rng = CHOICES[name], np.random.default_rng(1)
    assert len(one.values) == len(one.weights)
    weights = one.lean(rng)
    assert sum(weights) == pytest.approx(1)
    drawn = [one.draw(rng, weights) for _ in range(2000)]
    assert set(drawn) <= set(one.values)
    for value, weight in zip(one.values, weights, strict=True):
        assert drawn.count(value) / 2000 == pytest.approx(weight, abs=0.06)


def test_a_spread_leans_and_no_spread_does_not() -> None:
    rng = np.random.default_rng(1)
    even = Choice("x", ("a", "b"), (1, 3))
    assert even.lean(rng) == (0.25, 0.75)
    leaning = [Choice("x", ("a", "b"), (1, 3), spread=10.0).lean(rng)[0] for _ in range(500)]
    assert np.mean(leaning) == pytest.approx(0.25, abs=0.03)
    assert np.std(leaning) > 0.05


def test_ranges_and_choices_read_well() -> None:
    assert Range("x", 0.001, 2.5, "s", "log").text() == "0.001 to 2.5 s, logarithmic"
    assert Choice("x", (1.0, 2.0), (1, 3), unit="s").text() == "1 (25%), 2 (75%) s"
