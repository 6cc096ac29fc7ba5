"""What is told, what is late, and when a frame need not be kept any more."""

from __future__ import annotations

import numpy as np

from contract.frontier import Frontier
from detector.config import Config
from detector.pipeline import Detector
from detector.told import Told, ranges
from tests.detector.streams import START, always, batch, tcp

MS = 1_000_000


def fed(told: Told, detector: Detector, *times: int) -> Frontier:
    detector.feed(batch((at * MS, tcp("198.18.0.1", "198.18.1.1", 1000 + at, 80)) for at in times))
    detector.outputs()
    return told.frontier(detector.frames)


def test_it_follows_the_ticks() -> None:
    detector = Detector(Config(capacity=4096, idle_s=0.05, sweep_s=0.05), always("benign"))
    told = Told("s", detector, look_s=0.0)
    first = fed(told, detector, 10, 40)
    assert (first.frames, first.until_ns, first.whole) == (2, START, 0)
    second = fed(told, detector, 90, 130)  # the allowance of 10 ms: two ticks are over
    assert (second.frames, second.until_ns, second.whole, second.late) == (4, START + 100 * MS, 2, ())
    third = fed(told, detector, 20, 140)  # one of them is late, and counts in the running tick
    assert (third.frames, third.until_ns, third.late, third.whole) == (6, START + 100 * MS, ((4, 5),), 2)
    ts = START + np.array([10, 40, 90, 130, 20, 140]) * MS
    assert third.untold(0, ts).tolist() == [False, False, False, True, True, True]
    fourth = fed(told, detector, 400)
    assert (fourth.until_ns, fourth.late, fourth.whole) == (START + 350 * MS, (), 6)
    assert not told.all(7).untold(0, np.array([START + 400 * MS] * 7)).any()


def test_numbers_become_ranges_and_many_become_few() -> None:
    assert ranges(np.zeros(0, np.int64)) == ()
    assert ranges(np.array([3, 4, 9])) == ((3, 5), (9, 10))
    many = ranges(np.arange(0, 4000, 2))
    assert len(many) == 256
    assert (many[0][0], many[-1][1]) == (0, 3999)
