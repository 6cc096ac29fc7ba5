from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator.casting import Cast
from generator.workload import Share, Workload, Zone
from generator.world import Layout, mapped
from tests.generator.helpers import WORKLOAD

SMALL = replace(WORKLOAD, benign=(Share("ntp_sync"),))
ZONED = replace(
    SMALL,
    attacks=(Share("syn_flood", 3.0), Share("http_login_bruteforce", 1.0)),
    zones=(Zone("hall", 4, 3.0, 1.0), Zone("gate", 6, 1.0, 1.0, (Share("udp_flood"),), (Share("dns_lookup"),))),
)
TIMES = WORKLOAD.start_ns + np.arange(300) * 10_000_000


def cast(workload: Workload) -> Cast:
    return Cast(workload, Layout(workload))


@pytest.fixture(scope="module")
def zoned() -> Cast:
    return cast(ZONED)


def test_conversations_are_made_once_a_family(zoned: Cast) -> None:
    twice = cast(replace(SMALL, attacks=(Share("syn_flood"), Share("syn_flood", 0.5, {}, 1.0, 2.0))))
    assert len({role.base for role in twice.attacks}) == 1
    assert twice.families == ["syn_flood", "ntp_sync"]
    assert zoned.families == ["syn_flood", "http_login_bruteforce", "udp_flood", "ntp_sync", "dns_lookup"]


def test_a_role_says_the_same_however_often_it_is_asked(zoned: Cast) -> None:
    role = zoned.attacks[0]
    first, again = role.attempts(TIMES), role.attempts(TIMES)
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert role.world.before == 2 * len(TIMES)
    stretch = role.attempts(TIMES, [1, 2])
    assert role.world.partial
    assert not set(stretch.seed) & set(first.seed)


def test_in_a_zone_a_family_sees_the_zone_s_sites_alone(zoned: Cast) -> None:
    weights = {(role.share.zone, role.share.family): role.share.weight for role in zoned.attacks}
    assert weights == pytest.approx(
        {("hall", "syn_flood"): 0.5625, ("hall", "http_login_bruteforce"): 0.1875, ("gate", "udp_flood"): 0.25}
    )
    sites = {zone: {bytes(row) for row in rows} for zone, rows in zoned.layout.zones.items()}
    assert (len(sites["hall"]), len(sites["gate"])) == (4, 6)
    assert not sites["hall"] & sites["gate"]
    for role in zoned.attacks:
        dst = role.attempts(TIMES).dst
        v4 = dst[dst[:, 0] != 0x20]
        assert {bytes(row) for row in v4} <= sites[role.share.zone]
        assert set(zoned.layout.zone_of(dst)) == {list(sites).index(role.share.zone)}
    assert set(zoned.layout.zone_of(mapped(np.array([1, 0xC6120000 + 5])))) <= {-1, 0, 1}
    assert set(zoned.layout.zone_of(zoned.attacks[0].world.clients)) == {-1}


def test_frames_are_compared_by_a_trial_that_leaves_no_trace() -> None:
    made = cast(SMALL)
    counts = np.diff(made.template.first)
    ratio = made.frames_ratio(SMALL)
    means = [
        counts[2 * (role.base + role.attempts(TIMES).template)].mean() for role in (made.attacks[0], made.benign[0])
    ]
    assert ratio == pytest.approx(means[0] / means[1], rel=0.4)
    assert cast(SMALL).attacks[0].world.before == 0
    assert cast(replace(SMALL, benign=())).frames_ratio(SMALL) == 1.0
