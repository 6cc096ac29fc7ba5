from __future__ import annotations

import numpy as np
import pytest

from contract.addresses import to_bytes
from contract.errors import InputError, UnsafeError
from generator import registry
from generator.plan import make_plan
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
