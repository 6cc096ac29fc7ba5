from __future__ import annotations

import time

from contract.clock import Clock, iso


def test_another_process_reads_the_same_clock() -> None:
    clock = Clock.start()
    assert Clock.from_anchor(clock.anchor) == clock


def test_the_clock_does_not_follow_a_step_of_the_wall_clock(monkeypatch: object) -> None:
    clock = Clock(epoch_ns=1_000, monotonic_ns=time.monotonic_ns())
    before = clock.now_ns()
    assert 1_000 <= before < 3_600 * 10**9
    assert clock.now_ns() >= before


def test_sleep_until_a_time_that_has_passed_returns_at_once() -> None:
    clock = Clock.start()
    clock.sleep_until(0)
    target = clock.now_ns() + 2_000_000
    clock.sleep_until(target)
    assert clock.now_ns() >= target


def test_iso() -> None:
    assert iso(1_614_592_800_123_456_789) == "2021-03-01T10:00:00.123456Z"
