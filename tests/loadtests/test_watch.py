from __future__ import annotations

import json
from pathlib import Path

from loadtests.settings import Thresholds
from loadtests.watch import Tally, faults, quantiles, write

GOOD = {"GET /v1/alerts": {"requests": 10, "failures": 0, "p50_ms": 5.0, "p99_ms": 9.0}}


def tally(**changes) -> Tally:
    found = Tally(slices=100, probes=20, detect_ms=[100.0] * 20, late_ms=[1.0] * 100)
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def test_a_good_test_has_no_fault():
    assert faults(tally().summary(GOOD), Thresholds()) == []


def test_each_threshold_is_held():
    cases = {
        "detect p99": tally(detect_ms=[100.0] * 10 + [60_000.0]),
        "nothing was detected": tally(detect_ms=[]),
        "missed probes: 2 of 20 (10.0%)": tally(missed=2),
        "failed posts": tally(failed=1),
        "behind their time": tally(behind=5),
    }
    for word, found in cases.items():
        assert any(word in line for line in faults(found.summary(GOOD), Thresholds())), word
    slow = {"GET /v1/alerts": {"requests": 10, "failures": 1, "p50_ms": 5.0, "p99_ms": 9000.0}}
    assert len(faults(tally().summary(slow), Thresholds())) == 2
    # Posts have thresholds of their own; a probe asks until there is something.
    posts = {"POST /v1/ingest/frames": slow["GET /v1/alerts"]}
    assert faults(tally().summary(posts), Thresholds()) == []


def test_quantiles_are_of_exact_values(tmp_path: Path):
    assert quantiles([1.0, 2.0, 3.0])["p50"] == 2.0
    assert quantiles([])["p99"] is None
    write(tmp_path / "a.json", {"x": 1})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1}
