from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.habits import STACKS, Habits, draw_habits
from generator.ranges import RANGES

TOOLS = {"masscan", "zmap", "nmap", "hping", "mirai", "flooder", "unicornscan"}


def drawn(seed: int) -> Habits:
    return draw_habits(np.random.default_rng(seed))


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_a_campaign_speaks_like_real_systems_and_keeps_their_fingerprints(seed: int) -> None:
    habits = drawn(seed)
    assert list(habits.stacks) == [stack.name for stack in STACKS]
    for stack in STACKS:
        here = habits.stacks[stack.name]
        # Only these three vary; the order of options, the MSS, the IP ids and DF are what tells a system.
        assert replace(here, ttl=stack.ttl, window=stack.window, scale=stack.scale) == stack
        assert 1 <= here.window <= 0xFFFF
        assert 0 <= here.scale <= 14  # RFC 7323 section 2.3
        if stack.kind not in TOOLS:
            assert (here.ttl, here.window) == (stack.ttl, stack.window)


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_times_and_distances_can_be(seed: int) -> None:
    habits = drawn(seed)
    least, most = habits.hops
    assert 0 < least < most
    assert all(stack.ttl > most for stack in habits.stacks.values()), "a packet would die on the way"
    assert 0 < habits.bandwidth[0] < habits.bandwidth[1]
    assert 0 < habits.rtt_median_s < 0.5
    assert 0 < habits.rtt_sigma < 1
    assert 0 < habits.delayed_ack_s < 0.5  # RFC 9293 section 3.8.6.3: an ACK may wait less than 0.5 s


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_everything_is_drawn_within_its_range(seed: int) -> None:
    habits = drawn(seed)
    assert habits.shares.keys() == {name for name, one in RANGES.items() if one.per == "campaign"}
    for name, value in habits.shares.items():
        assert RANGES[name].low <= value <= RANGES[name].high
    for weights in (*habits.leanings.values(), *([share for _, share in kind] for kind in habits.kinds.values())):
        assert abs(sum(weights) - 1) < 1e-9
        assert min(weights) >= 0


def test_the_seed_decides_and_campaigns_differ() -> None:
    assert drawn(5) == drawn(5)
    several = [drawn(seed) for seed in range(40)]
    for pick in (
        lambda h: h.rtt_median_s,
        lambda h: h.hops,
        lambda h: h.delayed_ack_s,
        lambda h: h.leanings["mtu"],
        lambda h: h.leanings["clients"],
        lambda h: h.kinds["windows"],
        lambda h: h.kinds["masscan"],
        lambda h: h.stacks["linux"].scale,
        lambda h: h.stacks["nmap"].ttl,
        lambda h: h.stacks["mirai"].window,
    ):
        assert len({pick(habits) for habits in several}) >= 2


def test_a_kind_is_met_as_often_as_the_campaign_says_and_a_name_is_itself() -> None:
    habits, rng = drawn(3), np.random.default_rng(1)
    met = Counter(habits.stack("windows", rng).name for _ in range(3000))
    for name, share in habits.kinds["windows"]:
        assert abs(met[name] / 3000 - share) < 0.05
    assert habits.stack("windows-7", rng).name == "windows-7"
    assert len({habits.stack("masscan", rng).name for _ in range(20)}) == 1, "an attacker uses one build"


def test_the_usual_systems_exist_and_are_no_tools() -> None:
    habits, rng = drawn(4), np.random.default_rng(1)
    for choice in ("clients", "servers"):
        systems = {habits.system(choice, rng) for _ in range(500)}
        assert systems <= habits.kinds.keys() - TOOLS
        assert len(systems) >= 3
