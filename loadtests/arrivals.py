"""Open-loop arrivals: each has its own greenlet and starts when it is due, whatever became of those before.

A plain Locust user waits for its answer before it asks again; a stall then hides all the requests that it kept from
being made (coordinated omission). Here a latency counts from the moment at which an arrival was due. An arrival that
could not be started, because as many as may be are under way, is counted as dropped and shown.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gevent
from gevent.pool import Pool


class Arrivals:
    """Starts what is due. ``dropped`` is told of each arrival that found no room."""

    def __init__(self, most: int, dropped: Callable[[], None]) -> None:
        self.pool = Pool(most)
        self._dropped = dropped

    def start(self, due: float, action: Callable[..., Any], *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - passed on
        """Wait until ``due`` (``time.monotonic``), then start the action with ``due`` as its first argument."""
        gevent.sleep(max(0.0, due - time.monotonic()))
        if self.pool.full():
            self._dropped()
        else:
            self.pool.spawn(action, due, *arguments, **named)

    def each(self, times: Iterable[float], action: Callable[[float], Any]) -> None:
        """One action for each time, for ever or until they end."""
        for due in times:
            self.start(due, action)


def poisson(rate: float, start: float, seed: int) -> Iterator[float]:
    """Times of a Poisson process of ``rate`` a second from ``start`` on, without end; the same for the same seed."""
    rng = random.Random(seed)
    due = start
    while True:
        due += rng.expovariate(rate)
        yield due
