from __future__ import annotations

import ipaddress
from dataclasses import replace

import numpy as np
import pytest

from contract.addresses import texts
from contract.safety import LAB
from generator.workload import Share
from generator.world import Attempts, make_world
from tests.generator.helpers import WORKLOAD, world

BOTH = replace(WORKLOAD, attacks=(Share("syn_flood"), Share("web_attack")))


def pools(here):
    ordinary = np.concatenate([here.sites, here.clients, here.outside_servers])
    return ordinary, np.concatenate([here.attackers, here.spoofed, here.attack_servers])


def test_attackers_never_have_ordinary_addresses_nor_those_of_another_family() -> None:
    first, second = make_world(BOTH, "syn_flood", {}), make_world(BOTH, "web_attack", {})
    ordinary, mine = pools(first)
    same, theirs = pools(second)
    assert np.array_equal(ordinary, same)
    for one, other in ((ordinary, mine), (ordinary, theirs), (mine, theirs)):
        assert not set(texts(one)) & set(texts(other))
    assert len(set(texts(mine))) == len(mine)


def test_all_addresses_and_their_twins_lie_in_the_lab() -> None:
    here = world()
    rows = np.concatenate(pools(here))
    for text in texts(np.concatenate([rows, here.layout.twins(rows)])):
        assert any(ipaddress.ip_address(text) in network for network in LAB)


def test_the_seed_decides_everything() -> None:
    one, same, other = world(), world(), world(seed=8)
    assert np.array_equal(one.attackers, same.attackers)
    assert one.habits == same.habits
    assert not np.array_equal(one.sites, other.sites)
    assert one.rng.random() == same.rng.random()


def test_attempts_take_ipv6_in_the_wanted_share_on_both_sides() -> None:
    here = world(ipv6_share=0.3)
    n = 3000
    made = Attempts.of(
        here,
        np.arange(n),
        src=here.clients[0],
        dst=here.draw(here.sites, n, zipf=1.0),
        dst_port=80,
        template=here.templates(n, 4, np.array([1, 0, 0, 1])),
    )
    six = made.src[:, 0] == 0x20
    assert np.array_equal(six, made.dst[:, 0] == 0x20)
    assert six.mean() == pytest.approx(0.3, abs=0.05)
    assert set(made.template.tolist()) == {0, 3}
    assert made.src_port.min() >= 1024
    assert made.rtt_ns.min() > 0
    assert len(set(made.seed.tolist())) == n


def test_words_are_words() -> None:
    here = world()
    words = [here.word(3, 9) for _ in range(50)]
    assert all(w.isalpha() and w.islower() and 3 <= len(w) <= 9 for w in words)
    assert len(here.some(here.sites, 2, 3)) in (2, 3)
