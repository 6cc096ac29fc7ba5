from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.shapes import crowd
from generator.workload import Share, Workload
from generator.world import make_world

SECOND = crowd.SECOND


def times(seed: int, count: int, seconds: float = 60.0) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).integers(0, int(seconds * SECOND), count))


@given(st.lists(st.integers(0, 5), max_size=60))
def test_ordinals_count_earlier_rows_of_the_group(groups: list[int]) -> None:
    naive = [groups[:i].count(group) for i, group in enumerate(groups)]
    assert crowd.ordinals(np.array(groups, np.int64)).tolist() == naive


def naive_beats(intended, clan, periods, jitter, noise, most):
    queues: dict[int, list[tuple[int, int, int]]] = {}
    found, actors = [], []
    for i, due_by in enumerate(intended):
        queue = queues.setdefault(int(clan[i]), [])
        queue.sort(key=lambda entry: (entry[0], entry[1]))
        period = int(periods[clan[i]])
        full = queue and len(queue) >= most[clan[i]] and queue[0][0] - due_by < 2 * period
        full = full and queue[0][0] <= intended[-1]
        if queue and (full or queue[0][0] <= due_by):
            due, _, actor = queue.pop(0)
            at = due if due_by - due < 2 * period else int(due_by)
        else:
            at, actor = int(due_by), len(set(actors))
        found.append(at)
        actors.append(actor)
        queue.append((at + int(period * (1.0 - jitter[clan[i]] * noise[i])), i, actor))
    return found, actors


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(0, 120))
def test_beats_equal_the_naive_twin(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    clan = rng.integers(0, 3, count)
    periods, jitter = rng.integers(SECOND, 9 * SECOND, 3), rng.choice((0.0, 0.3), 3)
    arguments = (times(seed, count), clan, periods, jitter, rng.random(count), rng.choice((1, 4, 999), 3))
    made = crowd.beats(*arguments)
    assert [column.tolist() for column in made] == [list(column) for column in naive_beats(*arguments)]


def test_a_bot_keeps_its_period_and_the_rate_stays() -> None:
    intended = times(1, 3000)
    periods = np.array([4 * SECOND])
    made, actor = crowd.beats(intended, np.zeros(3000, np.int64), periods, np.zeros(1), np.zeros(3000))
    gaps = np.concatenate([np.diff(np.sort(made[actor == one])) for one in range(int(actor.max()) + 1)])
    assert np.median(gaps) == periods[0]
    assert np.mean(gaps == periods[0]) > 0.9
    assert abs(int(actor.max()) - 200) < 60
    assert (made <= intended).all()


def test_a_clan_keeps_to_its_most_members() -> None:
    intended, one = times(3, 400, 800.0), np.array([1])
    made, actor = crowd.beats(intended, np.zeros(400, np.int64), 2 * SECOND * one, np.zeros(1), np.zeros(400), 1 * one)
    assert int(actor.max()) < 8
    assert np.median(np.diff(made[actor == 0])) == 2 * SECOND


def test_the_planned_rate_is_the_familys_share() -> None:
    shares = (Share("syn_flood", 3.0), Share("c2_beacon", 1.0))
    work = Workload(duration_s=10.0, curve=((0.0, 0.0), (10.0, 80.0)), attacks=shares)
    assert crowd.planned_rate(make_world(work, "c2_beacon", {})) == pytest.approx(10.0)


def test_actors_are_assigned_by_weight_while_they_are_active() -> None:
    intended, weights = times(2, 4000), np.array([0.7, 0.2, 0.1])
    who = crowd.assign(np.random.default_rng(0), intended, weights)
    assert np.bincount(who) / 4000 == pytest.approx(weights, abs=0.04)
    spells = (np.array([0, 30 * SECOND, 0]), np.array([30 * SECOND, 60 * SECOND, 0]))
    who = crowd.assign(np.random.default_rng(0), intended, weights, spells)
    middle = 30 * SECOND
    assert set(who[(intended > 1) & (intended < middle)].tolist()) == {0}
    assert set(who[intended > middle].tolist()) == {1}


def test_shares_sum_to_one_and_heads_stay_in_limits() -> None:
    rng = np.random.default_rng(3)
    assert crowd.uneven(rng, 9, 0.3).sum() == pytest.approx(1.0)
    assert crowd.headcount(rng, 1e6, (1.0, 2.0), (1, 40)) == 40
    assert crowd.headcount(rng, 0.0, (1.0, 2.0), (3, 40)) == 3
    assert crowd.rate(np.zeros(0, np.int64)) == 0.0
    assert crowd.rate(times(4, 600)) == pytest.approx(10.0, rel=0.05)


def test_an_actor_keeps_its_ip_version() -> None:
    world = make_world(Workload(seed=3, attacks=(Share("syn_flood"),), ipv6_share=0.5), "syn_flood", {})
    actor = np.arange(400, dtype=np.int64) % 20
    src, dst = crowd.by_actor(world, actor, world.attackers[actor], world.sites[actor])
    six = src[:, 0] == 0x20
    assert (six == (dst[:, 0] == 0x20)).all()
    assert {len(set(six[actor == one].tolist())) for one in range(20)} == {1}
    assert 0 < six.sum() < 400
