"""A run beside an earlier one."""

from __future__ import annotations

import copy

from campaign.report_compare import compare
from campaign.report_content import content
from tests.campaign.runs import finished


def test_what_became_better_and_what_worse(tmp_path):
    before = content(finished(tmp_path))
    now = copy.deepcopy(before)
    now["attempts"]["recall"] = 0.5
    now["latency_ms"]["p50"] = before["latency_ms"]["p50"] / 2
    now["losses"] = [{"stage": "capture", "unit": "frames", "reason": "ring", "count": 7, "share": 0.1}]
    now["families"][0]["recall"] = 0.25
    found = compare(now, before)
    rows = {row["name"]: row for row in found["rows"]}
    assert rows["attempts detected"]["word"] == "worse"
    assert rows["attempts detected"]["change"] == "-50.00 points"
    assert rows["latency p50"]["word"] == "better"
    assert rows["frames lost"] == {"name": "frames lost", "now": "7", "before": "0", "change": "+7", "word": "worse"}
    assert rows["latency max"]["word"] == "about the same"
    assert found["families"][0]["word"] == "worse"
    assert found["cautions"] == []


def test_runs_that_differ_are_cautioned(tmp_path):
    before = content(finished(tmp_path))
    now = copy.deepcopy(before)
    now["overrides"] = {"multiplier": 8}
    now["machine"] = {"cores": 64}
    now["verdict"] = "not valid"
    text = " ".join(compare(now, before)["cautions"])
    for words in (
        "this run is not valid",
        "override multiplier: 8 here, none there",
        "override seed: none here, 7 there",
        "cores: 64 here",
    ):
        assert words in text
