"""What is known of one's own network, as far as it words an alert: home networks, crown jewels, severities.

None of it decides whether something is an attack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from contract.addresses import Networks, to_bytes
from contract.alert import SEVERITIES
from contract.errors import InputError
from detector.facts import Facts

_STEPS: Final = ("", "one step", "two steps", "three steps")


@dataclass(frozen=True)
class Asset:
    """Hosts that matter more: an alert that names one of them as victim is ``steps`` more severe."""

    name: str
    addresses: tuple[str, ...]
    steps: int = 1

    @cached_property
    def networks(self) -> Networks:
        """The addresses, for look-up."""
        return Networks(self.addresses)


@dataclass(frozen=True)
class Site:
    """``severities`` by family replace what the figures of an incident say."""

    home: tuple[str, ...] = ()
    assets: tuple[Asset, ...] = ()
    severities: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _home(self) -> Networks:
        return Networks(self.home)

    def severity(self, facts: Facts, level: str, reason: str) -> tuple[str, str]:
        """The severity of an incident here, and the reason for it."""
        fixed = self.severities.get(facts.family)
        if fixed is not None:
            level, reason = fixed, f"{fixed} by configuration; {reason}"
        for asset in sorted(self.assets, key=lambda asset: -asset.steps):
            host = _first_in(asset.networks, facts.victims)
            if host:
                before = SEVERITIES.index(level)
                steps = min(asset.steps, len(SEVERITIES) - 1 - before)
                if steps > 0:
                    reason = f"{reason}; {_STEPS[steps]} higher, as {host} is of {asset.name}"
                return SEVERITIES[before + max(steps, 0)], reason
        return level, reason

    def direction(self, facts: Facts) -> str:
        """From where to where, by the home networks; '' where none is configured or an end is not known."""
        if not self.home or not facts.attackers or not facts.victims:
            return ""
        begins, ends = (_first_in(self._home, hosts) != "" for hosts in (facts.attackers, facts.victims))
        if begins:
            return "internal" if ends else "outbound"
        return "inbound" if ends else "external"


def _first_in(networks: Networks, hosts: list[str]) -> str:
    packed = [to_bytes(host) for host in hosts if _is_address(host)]
    if not packed:
        return ""
    inside = networks.contains(np.frombuffer(b"".join(packed), np.uint8).reshape(-1, 16))
    texts = [host for host in hosts if _is_address(host)]
    return next((host for host, there in zip(texts, inside, strict=True) if there), "")


def _is_address(host: str) -> bool:
    try:
        to_bytes(host)
    except InputError:  # a MAC address
        return False
    return True
