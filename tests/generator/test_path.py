from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.habits import draw_habits
from generator.path import AFTER, BEFORE, CLEAN, FINE, Path, draw_path, segment_size
from generator.ranges import CHOICES, RANGES


def drawn(count: int = 4000, system: str = "macos") -> list[Path]:
    rng = np.random.default_rng(1)
    made = []
    for number in range(20):
        habits = draw_habits(np.random.default_rng(number))
        made += [draw_path(habits, rng, habits.stacks[system]) for _ in range(count // 20)]
    return made


def test_most_paths_are_clean_and_the_rest_lose_and_reorder_within_their_ranges() -> None:
    paths = drawn()
    for field in ("loss", "reorder"):
        values = np.array([getattr(path, field) for path in paths])
        bad = values[values > 0]
        assert 0.02 < len(bad) / len(values) < 0.3
        assert bad.min() >= RANGES[field].low
        assert bad.max() <= RANGES[field].high
    assert {mtu for path in paths for mtu in path.mtu} == {int(value) for value in CHOICES["mtu"].values}
    assert {every for path in paths for every in path.ack_every} == {1, 2, 4, 8}
    assert {path.keepalive for path in paths} == {0.0, *CHOICES["keepalive_idle"].values}
    assert 0.02 < np.mean([path.ecn for path in paths]) < 0.5
    assert 0 < np.mean([path.tos != (0, 0) for path in paths]) < 0.3
    assert 0 < np.mean([path.stalls for path in paths]) < 0.06
    assert 0 < np.mean([path.resets for path in paths]) < 0.07


def test_what_a_tool_sends_has_no_marks() -> None:
    paths = drawn(400, "masscan")
    assert {(path.tos[0], path.ecn) for path in paths} == {(0, False)}


@given(st.integers(0, 2**32), st.integers(0, 200))
def test_an_order_of_arrival_has_every_segment_once_and_near_its_place(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    order = Path(reorder=0.3).arrival(rng, count)
    assert sorted(order) == list(range(count))
    assert all(number <= place + 1 for place, number in enumerate(order)), "nobody overtakes by more than one"
    assert CLEAN.arrival(rng, count) == list(range(count))


@pytest.mark.parametrize(("after", "fate"), [(0.0, BEFORE), (1.0, AFTER)])
def test_fates_follow_their_shares(after: float, fate: int) -> None:
    rng = np.random.default_rng(2)
    fates = Path(loss=0.2, lost_after=after).fates(rng, 5000)
    assert set(fates) == {FINE, fate}
    assert fates.count(fate) / 5000 == pytest.approx(0.2, abs=0.03)
    assert CLEAN.fates(rng, 7) == [FINE] * 7


def test_a_link_cuts_what_systems_announce_but_not_what_tools_do() -> None:
    stacks = draw_habits(np.random.default_rng(1)).stacks
    assert segment_size(stacks["windows"], 1400) == 1360
    assert segment_size(stacks["contiki"], 1500) == 1220
    assert segment_size(stacks["zmap"], 1400) == 1460
