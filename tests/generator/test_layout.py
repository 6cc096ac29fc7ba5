from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract.addresses import texts
from contract.errors import InputError
from generator.layout import Layout, mapped
from generator.workload import Workload, Zone
from tests.generator.helpers import WORKLOAD, world


def test_a_twin_is_the_same_host_with_the_same_mac() -> None:
    here = world()
    rows = np.concatenate([here.sites, here.clients, here.outside_servers, here.attackers])
    twins = here.layout.twins(rows)
    assert len(set(texts(twins))) == len(rows)
    assert np.array_equal(here.layout.hosts(rows), here.layout.hosts(twins))
    assert np.array_equal(here.layout.macs(rows, 0), here.layout.macs(twins, 0))


def test_inside_hosts_have_macs_of_their_own_and_others_that_of_the_gateway() -> None:
    here = world()
    inside = here.layout.macs(np.concatenate([here.sites, here.inside]), 0)
    outside = here.layout.macs(np.concatenate([here.attackers, here.outside_servers]), 0)
    assert len(set(inside.tolist())) == len(inside)
    assert set(outside.tolist()) == {int(here.layout.gateways[0])}
    every = np.concatenate([inside, outside])
    assert np.all(every >> np.uint64(40) & np.uint64(3) == 2)  # locally administered, of one host


def test_a_world_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError):
        Workload(clients=10**6)
    Layout(replace(WORKLOAD, sites=800, clients=20_000))


def test_zones_have_blocks_of_their_own_and_all_sites_together() -> None:
    zones = (Zone("hall", 30), Zone("gate", 6))
    layout = Layout(replace(WORKLOAD, sites=36, zones=zones))
    assert [len(rows) for rows in layout.zones.values()] == [30, 6]
    for number, rows in enumerate(layout.zones.values()):
        assert set(layout.zone_of(rows)) == set(layout.zone_of(layout.twins(rows))) == {number}
    assert set(layout.zone_of(layout.pool("servers", 50, np.random.default_rng(1)))) == {-1}
    assert set(layout.zone_of(mapped(np.array([1, 2**32 - 1])))) == {-1}
    assert set(Layout(WORKLOAD).zone_of(layout.zones["hall"])) == {-1}
    inside = set(layout.macs(np.concatenate(list(layout.zones.values())), 0).tolist())
    assert len(inside) == 36, "each site has a MAC of its own"


def test_a_third_of_the_campaigns_is_tagged_with_one_vlan_a_zone() -> None:
    tagged = 0
    for seed in range(60):
        zones = (Zone("village", 10), Zone("stadium", 60)) if seed % 2 else ()
        layout = Layout(replace(WORKLOAD, seed=seed, zones=zones, sites=70))
        rng = np.random.default_rng(seed)
        outside, inside = layout.pool("outside", 50, rng), layout.pool("inside", 50, rng)
        pools = [layout.pool(f"sites:{zone.name}" if zone else "sites", 50, rng) for zone in zones or (None,)]
        seen = [set(layout.vlans(outside[: len(pool)], pool).tolist()) for pool in [*pools, inside]]
        back = [set(layout.vlans(pool, outside[: len(pool)]).tolist()) for pool in [*pools, inside]]
        assert seen == back  # both directions of a conversation have the same tag
        assert all(len(numbers) == 1 for numbers in seen)
        numbers = [next(iter(one)) for one in seen]
        assert len(set(numbers)) == (len(numbers) if numbers[0] else 1)
        assert all(2 <= number <= 4094 for number in numbers) or set(numbers) == {0}
        assert set(layout.vlans(outside, outside).tolist()) == {0}
        six = layout.vlans(layout.twins(outside[: len(inside)]), layout.twins(inside))
        assert np.array_equal(six, layout.vlans(outside[: len(inside)], inside))
        tagged += numbers[0] > 0
    assert 10 <= tagged <= 32
