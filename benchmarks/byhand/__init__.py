"""Attacks and ordinary traffic written by hand, packet by packet, by code that shares nothing with the generator."""

from __future__ import annotations

from benchmarks.byhand import (
    backends,
    channels,
    crowds,
    desks,
    exploits,
    floods,
    homes,
    logins,
    office,
    outages,
    plants,
    probes,
    quiet,
    reflections,
    tries,
    upkeep,
    watchers,
    web,
)
from benchmarks.byhand.kinds import Kind

ATTACKS = (reflections, floods, probes, logins, quiet, exploits, crowds, tries, channels)
ORDINARY = (office, upkeep, homes, web, backends, plants, watchers, desks, outages)
MODULES = (*ATTACKS, *ORDINARY)


def kinds() -> dict[str, Kind]:
    """Every kind of traffic by its name: attacks first."""
    return {kind.name: kind for module in MODULES for kind in vars(module).values() if isinstance(kind, Kind)}
