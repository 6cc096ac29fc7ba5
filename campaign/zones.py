"""Zones of a scenario: sites that belong together, with their own part of the traffic and their own mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contract.errors import InputError
from generator.workload import Zone


def find(zones: Sequence[Zone], name: str) -> Zone:
    """The zone of that name. Raises ``InputError`` naming those that there are."""
    for zone in zones:
        if zone.name == name:
            return zone
    if not zones:
        raise InputError(f"zone {name!r}: this scenario has no zones")
    raise InputError(f"no zone is called {name!r}; there are {', '.join(zone.name for zone in zones)}")


def with_sites(zones: tuple[Zone, ...], sites: int) -> tuple[Zone, ...]:
    """The zones with so many sites in all, dealt out in proportion (largest remainders first), one at least to each."""
    if not zones:
        return zones
    if sites < len(zones):
        raise InputError(f"{sites} sites are too few for {len(zones)} zones; each has one at least")
    total = sum(zone.sites for zone in zones)
    exact = [zone.sites * sites / total for zone in zones]
    dealt = [max(int(share), 1) for share in exact]
    while sum(dealt) != sites:
        step = 1 if sum(dealt) < sites else -1
        able = [number for number in range(len(zones)) if step > 0 or dealt[number] > 1]
        dealt[max(able, key=lambda number: step * (exact[number] - dealt[number]))] += step
    return tuple(replace(zone, sites=count) for zone, count in zip(zones, dealt, strict=True))
