from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.safety import TUNNEL_PORTS
from generator.ports import ephemeral, select, shuffled, spared, turns
from generator.ranges import CHOICES
from generator.stacks import PORTS
from generator.world import mapped

RANGE_NAMES = [str(name) for name in CHOICES["port_range"].values]


def leanings(policy: str, span: str) -> dict[str, tuple[float, ...]]:
    made = {"ports": policy, "port_range": span}
    return {name: tuple(float(value == wanted) for value in CHOICES[name].values) for name, wanted in made.items()}


def rows(numbers: np.ndarray) -> np.ndarray:
    return mapped(np.asarray(numbers) + 0xC6120000)


@given(st.integers(4_000, 65_536), st.integers(0, 2**63))
def test_shuffling_is_a_permutation(span: int, key: int) -> None:
    step = max(span // 500, 1)
    places = np.arange(0, span, step)
    made = shuffled(places, np.full(len(places), span), np.full(len(places), key, np.uint64))
    assert len(np.unique(made)) == len(made)
    assert 0 <= made.min() <= made.max() < span


@pytest.mark.parametrize("policy", ["next", "hashed", "random"])
@pytest.mark.parametrize("name", RANGE_NAMES)
def test_a_host_stays_in_its_range_and_never_meets_itself(policy: str, name: str) -> None:
    rng = np.random.default_rng(3)
    src, dst = rng.integers(0, 3, 6000), rng.integers(100, 103, 6000)
    ports = select(rng, leanings(policy, name), 7, rows(src), rows(dst)).astype(int)
    low, high = PORTS[name]
    assert low <= ports.min() <= ports.max() <= high
    assert len(np.unique(np.c_[src, dst, ports], axis=0)) == 6000


def test_habits_differ_as_they_should() -> None:
    rng = np.random.default_rng(4)
    src, dst = rows(np.zeros(400, int)), rows(100 + np.arange(400) % 2)

    def steps(policy: str) -> np.ndarray:
        return np.diff(select(rng, leanings(policy, "iana"), 7, src, dst).astype(int))

    assert np.mean(steps("next") == 1) > 0.99
    one_destination = select(rng, leanings("hashed", "iana"), 7, src, dst).astype(int)[::2]
    assert np.mean(np.diff(one_destination) == 2) > 0.98
    assert abs(steps("hashed")[0]) > 1
    assert np.std(steps("random")) > 3000


def test_a_small_range_is_left_when_it_would_be_used_up() -> None:
    src = rows(np.zeros(9000, int))
    ports = select(np.random.default_rng(1), leanings("next", "old"), 7, src, src)
    assert len(np.unique(ports)) == 9000


def test_hosts_of_a_campaign_have_habits_of_their_own() -> None:
    rng = np.random.default_rng(5)
    shares = {name: CHOICES[name].lean(rng) for name in ("ports", "port_range")}
    src = rows(np.repeat(np.arange(300), 20))
    ports = select(rng, shares, 7, src, rows(np.full(6000, 999))).astype(int).reshape(300, 20)
    counting = (np.diff(ports, axis=1) == 1).mean(axis=1) > 0.8
    assert 0.1 < counting.mean() < 0.95
    assert 0.1 < (ports.min(axis=1) >= 49152).mean() < 0.9


def test_turns_count_earlier_rows_of_the_same_host() -> None:
    assert turns(np.array([5, 7, 5, 5, 7])).tolist() == [0, 0, 1, 2, 1]
    assert len(turns(np.zeros(0, int))) == 0
    nobody = rows(np.zeros(0, int))
    assert len(select(np.random.default_rng(1), leanings("random", "linux"), 7, nobody, nobody)) == 0


def test_ports_of_strangers_lie_in_their_ranges() -> None:
    ports = ephemeral(np.random.default_rng(1), leanings("next", "freebsd"), 5000)
    assert ports.min() >= 10_000
    assert len(np.unique(ports)) > 4500


def test_no_port_of_a_tunnel_is_left_and_no_other_changes() -> None:
    ports = np.arange(1 << 16, dtype=np.uint16)
    made, tunnels = spared(ports), np.isin(ports, sorted(TUNNEL_PORTS))
    assert np.array_equal(made[~tunnels], ports[~tunnels])
    assert not np.isin(made, sorted(TUNNEL_PORTS)).any()
    assert len(np.unique(made[tunnels])) == tunnels.sum()
    assert (made[tunnels] % 2 == ports[tunnels] % 2).all()
    assert (made[tunnels] // 64 == 15).all()
