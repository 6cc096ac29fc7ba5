from __future__ import annotations

import numpy as np

from generator.shapes.sessions import sessions
from generator.workload import DEFAULT_START_NS, Share, Workload
from generator.world import World, make_world


def world_of() -> World:
    return make_world(Workload(benign=(Share("video_call"),)), "video_call", {})


def test_stretches_follow_one_another_until_the_session_ends() -> None:
    rng = np.random.default_rng(4)
    intended = np.sort(rng.integers(DEFAULT_START_NS, DEFAULT_START_NS + 60 * 10**9, 400))
    made = sessions(world_of(), intended, rng.integers(0, 2, 400), np.array([2.0, 3.0]), np.array([5.0, 1.0]))
    for number in range(made.total):
        mine = np.flatnonzero(made.session == number)
        assert made.place[mine].tolist() == list(range(len(mine)))
        assert not made.last[mine[:-1]].any()
        # each begins when the one before it is over (never earlier)
        assert (np.diff(made.times[mine]) >= 2 * 10**9).all()
    assert (made.times <= intended).all()
    assert (made.times >= intended[0]).all()
    assert len(np.unique(made.seeds(rng))) == made.total


def test_sessions_have_the_length_that_was_asked_for() -> None:
    intended = DEFAULT_START_NS + np.arange(6000, dtype=np.int64) * 10**8
    made = sessions(world_of(), intended, np.zeros(6000, np.int64), np.array([1.0]), np.array([6.0]))
    assert 4.5 < len(intended) / made.total < 7.5


def test_nothing_gives_nothing() -> None:
    empty = np.zeros(0, np.int64)
    made = sessions(world_of(), empty, empty, np.array([1.0]), np.array([3.0]))
    assert (len(made.times), made.total) == (0, 0)
