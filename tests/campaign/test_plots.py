"""Plots are sound XML, stay inside their frame, and name what they show."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.plots import Line, Plot, draw, short

SVG = "{http://www.w3.org/2000/svg}"
PLOT = Plot("title <1>", "what & why", "seconds", "ms")
VALUES = st.lists(st.none() | st.floats(0, 1e9), min_size=1, max_size=30)


@given(VALUES, st.booleans(), st.booleans())
def test_curves_stay_inside_the_frame(values: list[float | None], log_y: bool, log_x: bool) -> None:
    text = draw(replace(PLOT, log_y=log_y, log_x=log_x), [n + 1 for n in range(len(values))], [Line("a", values)])
    if all(value is None for value in values):
        assert "Nothing was measured" in text
        return
    root = ET.fromstring(text)
    wide, high = (float(v) for v in root.get("viewBox", "").split()[2:])
    for line in root.iter("polyline"):
        for point in (line.get("points") or "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= wide
            assert 0 <= y <= high


def test_it_says_what_it_is_to_who_cannot_see() -> None:
    root = ET.fromstring(draw(PLOT, [0, 1], [Line("a<b", [1, 2], 1, "(most 2)")]))
    assert (root.find("title").text, root.find("desc").text) == ("title <1>", "what & why")
    assert root.get("role") == "img"
    assert "a<b (most 2)" in [text.text for text in root.iter("text")]
    assert not any(node.get("fill") for node in root.iter())


def test_a_gap_parts_a_curve_and_a_bridge_closes_it() -> None:
    for bridged, pieces in ((False, 2), (True, 1)):
        line = Line("a", [1, 2, None, 3, 4], bridged=bridged)
        assert len(list(ET.fromstring(draw(PLOT, range(5), [line])).iter("polyline"))) == pieces


def test_marks_have_tooltips_and_limits_words() -> None:
    line = Line("a", [1, None, 3], 2, marks=["one", "two", "three"], joined=False)
    text = draw(replace(PLOT, limits=[(2, "target 2")]), [1, 2, 3], [line])
    assert "<title>one</title>" in text
    assert "<title>two</title>" not in text
    assert "target 2" in text


def test_many_points_are_thinned() -> None:
    values = [float(n % 7) for n in range(5000)]
    text = draw(replace(PLOT, most="max"), range(5000), [Line("a", values)])
    assert len((next(ET.fromstring(text).iter("polyline")).get("points") or "").split()) <= 400


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (1500, "1500"), (25_000, "25 k"), (3e6, "3 M"), (0.25, "0.25")])
def test_numbers_on_an_axis(value: float, text: str) -> None:
    assert short(value) == text
