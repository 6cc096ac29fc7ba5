"""The charts of a report hold what they were given, and are sound XML with hostile names."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from campaign import report_charts

ROWS = [
    {
        "t": t,
        "planned_per_s": 815,
        "sent_per_s": 800 + t,
        "detected_per_s": 500,
        "p50_ms": 50,
        "p99_ms": None if t < 3 else 90,
    }
    for t in range(10)
]
PERCENTILES = {p: 1000.0 * n for n, p in enumerate(("50", "75", "90", "95", "99", "99.9", "99.99", "100"), 1)}
STAGES = {name: {"count": 100, "mean": 1000.0, "percentiles": PERCENTILES} for name in (*report_charts.PARTS, "total")}
COURSE = {
    "bin_s": 1,
    "t": [0, 1],
    "families": {
        name: {"attempts": [4, 0], "detected": [3, 0], "p50_ms": [20.0, None], "max_ms": [30.0, None]}
        for name in ("all", "<script>")
    },
}


def test_over_time() -> None:
    for text in (report_charts.rates(ROWS), report_charts.latency(ROWS, 150), report_charts.backlog(ROWS)):
        assert ET.fromstring(text).find("desc") is not None or "Nothing" in text
    assert "attempts sent (most 809)" in report_charts.rates(ROWS)
    assert "target p99 150 ms" in report_charts.latency(ROWS, 150)


def test_text_in_place_of_a_number_is_no_point() -> None:
    rows = [{"t": 1, "sent_per_s": "<script>"}, {"t": 2, "sent_per_s": 5}]
    assert "script" not in report_charts.rates(rows)


def test_stages() -> None:
    text = report_charts.where_time_goes(STAGES)
    widths = [float(node.get("width")) for node in ET.fromstring(text).iter("rect") if node.get("height") == "30"]
    assert len(widths) == len(report_charts.PARTS)
    assert max(widths) - min(widths) < 0.2
    assert report_charts.where_time_goes({"total": STAGES["total"]}) == ""
    assert len(list(ET.fromstring(report_charts.percentiles(STAGES)).iter("polyline"))) == len(STAGES)
    assert "Nothing was measured" in report_charts.percentiles({})
    assert report_charts.name_of_stage("decide").startswith("evidence")


def test_strips_have_a_cell_a_stretch_and_say_it() -> None:
    text = report_charts.recall_over_time(COURSE)
    root = ET.fromstring(text)
    assert [rect.get("class") for rect in root.iter("rect")] == ["cell", "none"] * 2
    assert "&lt;script&gt;, second 0: 3 of 4 detected" in text
    assert "median 20.0 ms, at most 30.0 ms" in report_charts.time_to_detect_over_time(COURSE)


def test_a_wire() -> None:
    assert report_charts.certified(None) == ""
    names = ("planned_attempts_per_s", "received_attempts_per_s", "planned_frames_per_s", "received_frames_per_s")
    curve = {"t": [0, 1]} | {name: [1, 2] for name in names}
    assert len(list(ET.fromstring(report_charts.certified(curve)).iter("polyline"))) == 4
