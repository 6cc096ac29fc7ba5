"""Charts are sound XML, hold what they were given, and colour nothing by themselves."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from campaign.charts import Bar, bars, steps

SVG = "{http://www.w3.org/2000/svg}"


def widths(text: str, tone: str) -> list[float]:
    return [float(rect.get("width") or 0) for rect in ET.fromstring(text).iter("rect") if rect.get("class") == tone]


def test_bars_are_as_long_as_their_shares() -> None:
    text = bars([Bar("a<b", 0.5, "half"), Bar("all", 1.0, "1 of 1"), Bar("none", None, "-")], "what & why")
    full = widths(text, "track")[0]
    assert widths(text, "bar") == [full / 2, full]
    assert "a&lt;b" in text
    assert ET.fromstring(text).get("aria-label") == "what & why"
    assert ET.fromstring(text).findtext("desc") == "a<b: half; all: 1 of 1; none: -"
    assert "fill=" not in text


def test_curves_end_at_the_share_that_was_found() -> None:
    text = steps({"dos": [0.1, 1.0, 10.0], "recon": []}, {"dos": 4, "recon": 2}, "found")
    curves = [line.get("points") or "" for line in ET.fromstring(text).iter("polyline")]
    assert len(curves) == 2
    ends = [float(points.split()[-1].split(",")[1]) for points in curves]
    starts = [float(points.split()[0].split(",")[1]) for points in curves]
    assert starts[0] - ends[0] == 0.75 * 240
    assert ends[1] == starts[1]
    assert "dos: 3 of 4" in text


def test_no_times_at_all() -> None:
    assert ET.fromstring(steps({}, {}, "nothing")) is not None
    assert ET.fromstring(steps({"dos": [0.0]}, {"dos": 1}, "at once")) is not None
