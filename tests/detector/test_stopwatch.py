"""Times of ticks."""

from __future__ import annotations

from detector.stopwatch import Stopwatch


def test_laps_add_up_and_ticks_are_counted() -> None:
    watch = Stopwatch()
    assert watch.ticks_ms()["count"] == 0
    assert watch.ticks_ms()["p50"] is None
    for tick in range(5):
        watch.start()
        watch.lap("one")
        watch.lap("two")
        watch.end_tick(tick)
    found = watch.ticks_ms()
    assert found["count"] == 5
    assert set(watch.stages_ms()) == {"one", "two"}
    assert found["p50"] is not None
    assert found["max"] is not None
    assert 0 <= found["p50"] <= found["max"] * 1.05 + 0.001
