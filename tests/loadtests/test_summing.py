from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loadtests.summing import lines, summary_of

SAID = {
    "faults": [],
    "slices": 20,
    "frames": 4000,
    "bytes": 3_000_000,
    "behind": 1,
    "late_ms": {"p99": 2.5},
    "detect_ms": {"p50": 80, "p99": 240},
    "missed": 0,
    "probes": 9,
    "dropped_arrivals": 0,
    "requests": {"ingest": {"requests": 20, "p50_ms": 4, "p99_ms": 9}},
}


def stats(dropped: int) -> dict[str, Any]:
    stages = {
        "receive": {"unit": "frames", "dropped": {"full": dropped} if dropped else {}},
        "store_flows": {"unit": "flows", "dropped": {"late": 7}},
    }
    return {"latency_ms": {"p50": 70}, "counts": {"alerts": 3}, "ledger": {"stages": stages}}


def left(folder: Path, document: dict[str, Any]) -> Path:
    (folder / "locust-summary.json").write_text(json.dumps(document))
    return folder


def test_a_test_in_which_all_held_passes(tmp_path: Path) -> None:
    found = summary_of(left(tmp_path, SAID), stats(0), 0)
    assert found["faults"] == []
    assert found["server"] == {"latency_ms": {"p50": 70}, "counts": {"alerts": 3}, "ledger": stats(0)["ledger"]}
    told = list(lines(found))
    assert told[0] == "posted      4,000 frames in 20 batches, 3 MB"
    assert told[1].startswith("on time     19 of them")
    assert told[-1] == "PASSED      every threshold holds"


def test_frames_that_were_dropped_are_a_fault_and_flows_are_not_frames(tmp_path: Path) -> None:
    found = summary_of(left(tmp_path, SAID), stats(12), 1)
    assert found["faults"] == ["12 frames were dropped"]
    assert list(lines(found))[-1] == "FAILED      12 frames were dropped"


def test_locusts_own_word_is_a_fault_where_nothing_else_says_why(tmp_path: Path) -> None:
    assert summary_of(left(tmp_path, SAID), stats(0), 3)["faults"] == ["Locust ended with code 3"]


def test_no_summary_is_a_fault(tmp_path: Path) -> None:
    found = summary_of(tmp_path, stats(0), 2)
    assert list(lines(found)) == ["FAILED      Locust ended with code 2 and left no summary"]


def test_what_broke_and_what_had_no_room_are_told(tmp_path: Path) -> None:
    document = SAID | {"breakpoint": {"held": 4, "broke": 6}, "dropped_arrivals": 1500}
    told = list(lines(summary_of(left(tmp_path, document), stats(0), 0)))
    assert "held        4x Tokyo; 6x did not hold" in told
    assert "dropped     1,500 arrivals, for want of room" in told
