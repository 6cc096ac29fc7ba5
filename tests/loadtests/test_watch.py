from __future__ import annotations

import json
from pathlib import Path

from loadtests.settings import Thresholds
from loadtests.watch import Tally, breaking_point, faults, quantiles, write

GOOD = {"read alerts": {"requests": 10, "failures": 0, "p50_ms": 5.0, "p99_ms": 9.0}}


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
        "dropped arrivals: 5 of 115": tally(dropped_arrivals=5),
    }
    for word, found in cases.items():
        assert any(word in line for line in faults(found.summary(GOOD), Thresholds())), word
    row = {"requests": 10, "failures": 1, "p50_ms": 5.0, "p99_ms": 9000.0}
    slow = {"GET /v1/alerts": row, "read alerts": row, "stream alert": row, "launch to running": row}
    # failures of what must answer, and what readers and walls had to wait
    assert len(faults(tally().summary(slow), Thresholds())) == 5
    # Posts have thresholds of their own; a probe asks until there is something.
    posts = {"POST /v1/ingest/frames": row}
    assert faults(tally().summary(posts), Thresholds()) == []


def test_quantiles_are_of_exact_values(tmp_path: Path):
    assert quantiles([1.0, 2.0, 3.0])["p50"] == 2.0
    assert quantiles([])["p99"] is None
    write(tmp_path / "a.json", {"x": 1})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1}


def test_workers_figures_add_up():
    whole, part = Tally(), tally(missed=2)
    whole.add(part.take())
    assert part == Tally()
    part.add({"slices": 5, "detect_ms": [7.0]})
    whole.add(part.take())
    assert (whole.slices, whole.missed, len(whole.detect_ms)) == (105, 2, 21)


def test_the_breaking_point_is_the_last_step_that_held_for_everybody():
    steps = [{"multiplier": m, "held": held} for m, held in ((1, True), (1, True), (2, True), (2, False), (4, True))]
    assert breaking_point(steps) == {"held": 1, "broke": 2, "steps": steps}
    assert breaking_point(steps[:2])["broke"] is None
    document = tally(missed=20).summary(GOOD)
    assert faults(document | {"breakpoint": breaking_point(steps)}, Thresholds()) == []
    assert faults(document | {"breakpoint": breaking_point([])}, Thresholds()) == ["not even the first step held"]
