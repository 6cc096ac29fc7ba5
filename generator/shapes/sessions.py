"""Who does what together: sessions longer than one template, and the connections of one visit.

Sessions: an attempt carries on where the one before it stopped.

A call or a stream of minutes would fill the template's memory, so it is cut into stretches of some seconds that follow
one another on the same addresses and ports. The plan's arrivals become those stretches; a session ends after a number
of them that is drawn for it, and the next one of that actor is somebody else's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from generator.shapes.crowd import SECOND, beats
from generator.world import Addresses, World

Ints = npt.NDArray[np.int64]


class Sessions(NamedTuple):
    """For each attempt: when it begins, which session it belongs to (0 to ``total`` - 1), and the how-manieth of it.

    ``last`` tells where a session ends (the campaign's end cuts some off before).
    """

    times: Ints
    session: Ints
    place: Ints
    last: npt.NDArray[np.bool_]
    total: int

    def of(self, drawn: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What was drawn once for every session, told for every attempt."""
        return drawn[self.session]

    def seeds(self, rng: np.random.Generator) -> npt.NDArray[np.uint64]:
        """A seed for each attempt that all of its session share: what has a key (an SSRC) stays the same in it."""
        seeds: npt.NDArray[np.uint64] = rng.integers(0, 2**64, self.total, np.uint64)[self.session]
        return seeds


def sessions(
    world: World, intended: Ints, clan: Ints, stretch_s: npt.NDArray[np.float64], length: npt.NDArray[np.float64]
) -> Sessions:
    """Cut the plan into sessions. ``stretch_s`` is how long an attempt of each clan lasts, ``length`` how many attempts
    a session of that clan has on average (at least one; geometric).
    """
    rng = world.rng
    periods = (stretch_s * SECOND).astype(np.int64)
    times, actor = beats(intended, clan, periods, np.zeros(len(periods)), rng.random(len(intended)))
    n = len(actor)
    order = np.argsort(actor, kind="stable")
    ends = rng.random(n) < 1.0 / np.maximum(length[clan[order]], 1.0)
    fresh = np.ones(n, np.bool_)
    fresh[1:] = ends[:-1] | (actor[order][1:] != actor[order][:-1])
    numbers = np.cumsum(fresh) - 1
    begins = np.flatnonzero(fresh)
    session, place, last = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.bool_)
    session[order] = numbers
    place[order] = np.arange(n) - begins[numbers]
    last[order] = ends
    return Sessions(times, session, place, last, len(begins))


def visits(world: World, n: int, people: Addresses, hosts: Addresses, *, zipf: float) -> tuple[Addresses, Addresses]:
    """Who opens ``n`` connections to whom when people look at pages: ``(src, dst)``, neighbours in time.

    A page takes one to a dozen connections close together, more than half of them to its own host, the others to
    content networks and trackers that many pages share. Several people look at pages at the same time.
    """
    rng = world.rng
    side_by_side = int(rng.integers(3, 40))
    page = np.cumsum(rng.random(n) < rng.uniform(0.25, 0.6)) + rng.integers(0, side_by_side, n)
    pages = int(page.max()) + 1 if n else 1
    src = world.draw(people, pages, zipf=0.3)[page]
    own, shared = world.draw(hosts, pages, zipf=zipf)[page], world.draw(hosts, n, zipf=zipf + 0.3)
    return src, np.where((rng.random(n) < 0.6)[:, None], own, shared)
