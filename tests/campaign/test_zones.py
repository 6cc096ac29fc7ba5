from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.zones import find, with_sites
from contract.errors import InputError
from generator.workload import Zone


@given(st.lists(st.integers(1, 100), min_size=1, max_size=12), st.integers(0, 300))
def test_sites_are_dealt_out_in_proportion(counts: list[int], more: int) -> None:
    zones = tuple(Zone(str(number), count) for number, count in enumerate(counts))
    sites = len(zones) + more
    dealt = [zone.sites for zone in with_sites(zones, sites)]
    assert sum(dealt) == sites
    assert min(dealt) >= 1
    spare = sum(1 for count in counts if count * sites / sum(counts) < 1)
    for count, got in zip(counts, dealt, strict=True):
        assert abs(got - count * sites / sum(counts)) <= 1 + spare
    assert with_sites(zones, sum(counts)) == zones


def test_no_zones_need_no_sites_and_too_few_are_refused() -> None:
    assert with_sites((), 5) == ()
    with pytest.raises(InputError, match="1 sites are too few for 2 zones"):
        with_sites((Zone("a", 1), Zone("b", 1)), 1)


def test_a_zone_is_found_by_name() -> None:
    zones = (Zone("a", 1), Zone("b", 2))
    assert find(zones, "b").sites == 2
    with pytest.raises(InputError, match="no zone is called 'c'; there are a, b"):
        find(zones, "c")
    with pytest.raises(InputError, match="this scenario has no zones"):
        find((), "c")
