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
