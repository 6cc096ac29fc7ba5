from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from generator.pacing import Lateness, StatusFile


@given(st.lists(st.integers(-3_000_000, 3_000_000), min_size=1, max_size=200))
def test_shares_and_percentiles_are_those_of_the_frames(offsets: list[int]) -> None:
    lateness = Lateness()
    half = len(offsets) // 2
    for part in (offsets[:half], offsets[half:]):
        lateness.note(10**15, (10**15 - np.array(part, np.int64)).tobytes())
        lateness.settle()
    share, found = lateness.summary()
    off = sorted(abs(offset) // 1000 for offset in offsets)
    assert share == sum(o <= 1000 for o in off) / len(off)
    assert found["max"] == off[-1]
    half = off[-(-len(off) // 2) - 1]
    step = 1 if half < 200_000 else 1000
    assert half - step < found["p50"] <= half
    every = lateness.percentiles()
    assert every["count"] == len(off)
    assert every["percentiles"]["100"] == off[-1]
    assert every["percentiles"]["50"] == found["p50"]
    assert abs(every["mean"] - sum(off) / len(off)) <= 1000


def test_a_stream_without_frames_is_on_time() -> None:
    lateness = Lateness()
    lateness.note(5, b"")
    lateness.settle()
    assert lateness.summary() == (1.0, {"p50": 0, "p99": 0, "max": 0})
    assert lateness.percentiles()["percentiles"]["99.99"] is None


def test_the_last_status_is_what_stays(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    (tmp_path / f".status.json.{10**30}.part").write_text("of one that was killed")
    status = StatusFile(path, Lateness())
    for number in range(50):
        status.put({"number": number})
    status.close({"number": 50})
    assert json.loads(path.read_text())["number"] == 50
    assert [p.name for p in tmp_path.iterdir()] == ["status.json"]
