"""More addresses than a packet may hold are counted, not written."""

from __future__ import annotations

from contract.jit import lean_kernel
from generator.replay.trail import MOST_SITES, SITES, V4, Trail, new_trail, site


@lean_kernel
def many(trail: Trail, count: int) -> None:
    for n in range(count):
        site(trail, n, V4)


def test_sites_have_a_bound() -> None:
    trail = new_trail()
    many(trail, MOST_SITES + 5)
    assert trail.state[SITES] == MOST_SITES + 5
    assert trail.sites[-1].tolist() == [MOST_SITES - 1, V4]
