from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.habits import CLIENT_SYSTEMS, SERVER_SYSTEMS, STACKS, Habits, draw_habits


def drawn(seed: int) -> Habits:
    return draw_habits(np.random.default_rng(seed))


@given(st.integers(0, 2**32))
def test_a_campaign_speaks_like_real_systems_and_keeps_their_fingerprints(seed: int) -> None:
    habits = drawn(seed)
    assert list(habits.stacks) == [stack.name for stack in STACKS]
    for stack in STACKS:
        here = habits.stacks[stack.name]
        # Only these four vary; the order of options, the IP ids and DF are what tells a system.
        varied = {"ttl": stack.ttl, "mss": stack.mss, "window": stack.window, "scale": stack.scale}
        assert replace(here, **varied) == stack
        assert 1 <= here.window <= 0xFFFF
        assert 0 <= here.scale <= 14  # RFC 7323 section 2.3
        assert 1280 <= here.mss <= 1460
        assert here.ttl <= 255


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


def test_the_seed_decides_and_campaigns_differ() -> None:
    assert drawn(5) == drawn(5)
    several = [drawn(seed) for seed in range(40)]
    for pick in (
        lambda h: h.rtt_median_s,
        lambda h: h.hops,
        lambda h: h.delayed_ack_s,
        lambda h: h.stacks["linux"].window,
        lambda h: h.stacks["linux"].mss,
        lambda h: h.stacks["windows"].scale,
        lambda h: h.stacks["nmap"].ttl,
        lambda h: h.stacks["mirai"].window,
    ):
        assert len({pick(habits) for habits in several}) >= 2


@pytest.mark.parametrize("systems", [CLIENT_SYSTEMS, SERVER_SYSTEMS])
def test_the_usual_systems_exist_and_are_no_tools(systems: tuple[str, ...]) -> None:
    tools = {"masscan", "zmap", "nmap", "hping", "mirai", "flooder"}
    assert set(systems) <= {stack.name for stack in STACKS} - tools
