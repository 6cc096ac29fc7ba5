from __future__ import annotations

import time

from generator.lab.native import monotonic, nap, times


def test_the_clock_is_that_of_the_campaign_and_sleep_lets_it_run() -> None:
    room = times()
    before = time.monotonic_ns()
    first = monotonic(room)
    nap(room, 1_000_000)
    second = monotonic(room)
    assert before <= first <= second - 1_000_000
    assert second <= time.monotonic_ns()
