from __future__ import annotations

import itertools
import time

import gevent
import pytest

from loadtests.arrivals import Arrivals, poisson


def test_a_stall_counts_against_what_was_due_meanwhile():
    """Each starts when it is due although those before have not ended: the last ends after one stall, not after ten."""
    ended, release = [], gevent.event.Event()
    arrivals = Arrivals(20, lambda: pytest.fail("there was room"))
    begin = time.monotonic()

    def work(due: float) -> None:
        release.wait()
        ended.append(due)

    arrivals.each([begin] * 10, work)
    assert len(arrivals.pool) == 10
    release.set()
    arrivals.pool.join()
    assert ended == [begin] * 10


def test_what_finds_no_room_is_dropped_and_told():
    dropped, release = [], gevent.event.Event()
    arrivals = Arrivals(2, lambda: dropped.append(1))
    arrivals.each([0.0] * 5, lambda _: release.wait())
    assert len(dropped) == 3
    release.set()
    arrivals.pool.join()


def test_random_arrivals_have_their_rate_and_seed():
    times = list(itertools.islice(poisson(50.0, 10.0, 3), 5000))
    assert times == list(itertools.islice(poisson(50.0, 10.0, 3), 5000))
    assert times == sorted(times)
    assert 5000 / (times[-1] - 10.0) == pytest.approx(50.0, rel=0.05)
