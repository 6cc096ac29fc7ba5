from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract.addresses import to_bytes
from contract.errors import InputError, UnsafeError
from generator import plan as plan_module
from generator import registry
from generator.plan import Plan, Planner, make_plan
from generator.workload import Share
from generator.world import Attempts
from tests.generator.helpers import WORKLOAD


def with_attempts(monkeypatch: pytest.MonkeyPatch, change) -> None:
    module = registry.family("syn_flood")
    honest = module.attempts
    monkeypatch.setattr(module, "attempts", lambda intended, world: change(honest(intended, world)))


def test_a_plan_is_sorted_and_counts_attempts_only() -> None:
    plan = make_plan(WORKLOAD)
    assert np.all(np.diff(plan.table.intended) >= 0)
    assert plan.families == ("syn_flood", "web_browsing")
    assert plan.attempts == np.count_nonzero(plan.table.family == 0)
    assert 0 < plan.attempts < len(plan.table.intended)


def test_an_address_outside_the_lab_refuses_the_whole_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(attempts: Attempts) -> Attempts:
        attempts.dst[0] = np.frombuffer(to_bytes("203.0.113.9"), np.uint8)
        return attempts

    with_attempts(monkeypatch, change)
    with pytest.raises(UnsafeError, match="syn_flood"):
        make_plan(WORKLOAD)


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a._replace(template=a.template + 1000),
        lambda a: a._replace(rtt_ns=a.rtt_ns[1:]),
        lambda a: a._replace(dst=np.tile(np.frombuffer(to_bytes("2001:2::1"), np.uint8), (len(a.dst), 1))),
    ],
)
def test_a_family_that_speaks_nonsense_is_named(monkeypatch: pytest.MonkeyPatch, change) -> None:
    with_attempts(monkeypatch, change)
    with pytest.raises(InputError, match="syn_flood"):
        make_plan(WORKLOAD)


def test_attempts_moved_out_of_the_campaign_are_not_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make_plan(WORKLOAD).attempts
    with_attempts(monkeypatch, lambda a: a._replace(intended=a.intended + 2_000_000_000))
    assert 0 < make_plan(WORKLOAD).attempts < whole


@pytest.fixture
def in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plan even small campaigns in stretches of 60 conversations."""
    monkeypatch.setattr(plan_module, "WHOLE", 50)
    monkeypatch.setattr(plan_module, "PART", 60)


LONG = replace(
    WORKLOAD, attacks=(Share("http_login_bruteforce"), Share("syn_flood")), benign=(Share("ntp_sync"),), duration_s=6.0
)


@pytest.mark.usefixtures("in_stretches")
def test_a_long_campaign_is_planned_in_stretches_that_follow_one_another() -> None:
    planner, upto, total = Planner(LONG), LONG.start_ns, 0
    expected = planner.expected(0.0)
    tables = []
    for segment in iter(planner.next, None):
        times = segment.table.intended
        assert np.all(np.diff(times) >= 0)
        assert upto <= times.min()
        assert times.max() < segment.upto_ns
        upto, total = segment.upto_ns, total + int(np.count_nonzero(planner.attacks[segment.table.family]))
        tables.append(segment.table)
    assert upto == LONG.end_ns
    assert len(tables) >= 5
    assert total == pytest.approx(expected, rel=0.2)
    whole = make_plan(LONG)
    assert np.array_equal(np.concatenate([table.seed for table in tables]), whole.table.seed)
    assert len(set(whole.table.seed)) == len(whole.table.seed), "no attempt is like another"


@pytest.mark.usefixtures("in_stretches")
def test_families_keep_their_habits_over_the_stretches() -> None:
    share = Share("http_login_bruteforce", params={"attackers": 20, "victims": 2})
    plan = make_plan(replace(LONG, attacks=(share,), benign=(), ipv6_share=0.0))
    half = len(plan.table.intended) // 2
    early, late = ({bytes(row) for row in side} for side in (plan.table.src[:half], plan.table.src[half:]))
    assert 8 <= len(early | late) <= 20
    assert len(early & late) >= 0.8 * len(late), "the same attackers go on"
    assert len({bytes(row) for row in plan.table.dst}) <= 2, "at the same victims"
    assert plan.attempts == pytest.approx(6 * 60, rel=0.25)


def test_a_short_campaign_is_one_stretch() -> None:
    planner = Planner(WORKLOAD)
    assert planner.next().upto_ns == WORKLOAD.end_ns
    assert planner.next() is None


@pytest.mark.parametrize("small", [False, True])
def test_a_change_cuts_the_stretch_and_what_was_before_stays(monkeypatch: pytest.MonkeyPatch, small: bool) -> None:
    if small:
        monkeypatch.setattr(plan_module, "WHOLE", 50)
        monkeypatch.setattr(plan_module, "PART", 60)
    plain, changed = make_plan(LONG), make_plan(replace(LONG, changes=((2.5, 200.0), (4.0, 0.0))))
    at = LONG.start_ns + 2_500_000_000
    before = [table.take(table.intended < at) for table in (plain.table, changed.table)]
    assert all(np.array_equal(first, second) for first, second in zip(*before, strict=True))
    seconds = (changed.table.intended[changed.attacks[changed.table.family]] - LONG.start_ns) / 1e9
    assert np.count_nonzero((seconds >= 2.5) & (seconds < 4)) == pytest.approx(300, rel=0.2)
    assert np.count_nonzero(seconds >= 4.1) <= 5
    others = changed.table.intended[~changed.attacks[changed.table.family]]
    assert np.count_nonzero(others >= LONG.start_ns + 4_000_000_000) > 10, "ordinary traffic goes on"


def test_matched_envelopes_agree_so_that_fast_does_not_mean_attack() -> None:
    """Both have the same bursts and the same step; in frames, too, where that is asked for."""
    base = replace(
        WORKLOAD,
        duration_s=30.0,
        curve=((0.0, 40.0), (15.0, 40.0), (15.0, 160.0)),
        arrivals={"model": "mmpp", "levels": [0.2, 3], "seconds": [2, 1]},
        attacks=(Share("syn_flood"),),
        benign=(Share("ntp_sync"),),
        benign_curve=((0.0, 60.0),),
    )
    agreement = {match: agreement_of(make_plan(replace(base, match=match))) for match in ("", "shape", "frames")}
    assert agreement[""][0] < 0.6
    assert min(agreement["shape"][0], agreement["frames"][0]) > 0.9
    assert agreement["frames"][1] == pytest.approx(1.0, rel=0.35)


def agreement_of(plan: Plan) -> tuple[float, float]:
    """Correlation of both envelopes in steps of half a second, and frames of ordinary traffic by those of attacks."""
    attack = plan.attacks[plan.table.family]
    step = (plan.table.intended - plan.workload.start_ns) // 500_000_000
    frames = np.diff(plan.template.first)[plan.table.variant]
    rates = [np.bincount(step[side], minlength=60) for side in (attack, ~attack)]
    return float(np.corrcoef(*rates)[0, 1]), float(frames[~attack].sum() / frames[attack].sum())
