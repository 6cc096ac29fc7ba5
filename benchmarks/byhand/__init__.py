"""Attacks and ordinary traffic written by hand, packet by packet, by code that shares nothing with the generator."""

from __future__ import annotations

from benchmarks.byhand import (
    backends,
    exploits,
    floods,
    homes,
    logins,
    office,
    plants,
    probes,
    quiet,
    reflections,
    upkeep,
    web,
)
from benchmarks.byhand.kinds import Kind

MODULES = (reflections, floods, probes, logins, quiet, exploits, office, upkeep, homes, web, backends, plants)


def kinds() -> dict[str, Kind]:
    """Every kind of traffic by its name: attacks first."""
    return {kind.name: kind for module in MODULES for kind in vars(module).values() if isinstance(kind, Kind)}
