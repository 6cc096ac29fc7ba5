"""Who has which addresses in one campaign: blocks of 198.18.0.0/15 by role, their IPv6 twins, MACs, VLANs, zones.

Roles own whole /26 blocks, spread over the range at random, so that truth can be written exactly and yet no detector
can learn an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from generator.workload import Workload, Zone

Addresses = npt.NDArray[np.uint8]
Int64 = npt.NDArray[np.int64]
BASE_V4: Final = 0xC6120000  # 198.18.0.0/15
_UNITS: Final = 2048  # /26 blocks in it
_UNIT: Final = 64
_SITES_PER_UNIT: Final = 24
_CLIENTS_PER_UNIT: Final = 50
_TAGGED: Final = 1 / 3  # of the campaigns


def mapped(low: npt.NDArray[Any]) -> Addresses:
    """IPv4 addresses as numbers ``(n,)`` to 16 mapped bytes ``(n, 16)``."""
    rows = np.zeros((len(low), 16), np.uint8)
    rows[:, 10:12] = 0xFF
    rows[:, 12:] = np.asarray(low).astype(">u4").view(np.uint8).reshape(-1, 4)
    return rows


class Layout:
    """Which /26 block belongs to whom in one campaign. The same for all families of it."""

    def __init__(self, workload: Workload) -> None:
        rng = np.random.default_rng([workload.seed, 0x1A70])
        self.seed = workload.seed
        order = rng.permutation(_UNITS)
        self._multiplier = int(rng.integers(0, 2**15)) * 2 + 1
        self._shift = int(rng.integers(0, 2**16))
        attacks = [share.family for share in workload.dealt()[0]]
        inside_clients = workload.clients // 4
        wanted = {
            **_site_units(workload),
            "inside": -(-max(inside_clients, 1) // _CLIENTS_PER_UNIT),
            "outside": -(-max(workload.clients - inside_clients, 1) // _CLIENTS_PER_UNIT),
            "servers": 40,
        }
        wanted.update({f"attackers:{name}": 8 for name in attacks} | {f"servers:{name}": 4 for name in attacks})
        left = _UNITS - sum(wanted.values())
        if attacks:
            wanted.update({f"spoofed:{name}": min(left // len(set(attacks)), 256) for name in attacks})
        if left < len(set(attacks)):
            raise InputError("the world is too large for 198.18.0.0/15: fewer clients or families")
        self.units: dict[str, Int64] = {}
        at = 0
        for role, count in wanted.items():
            self.units[role] = order[at : at + count].astype(np.int64)
            at += count
        if workload.zones:
            self.units["sites"] = np.concatenate([self.units[f"sites:{zone.name}"] for zone in workload.zones])
        self.zones: Final = {zone.name: self._zone_sites(zone) for zone in workload.zones}
        inside = np.zeros(_UNITS, np.bool_)
        inside[self.units["sites"]] = True
        inside[self.units["inside"]] = True
        self._inside = inside
        self._vlan = _draw_vlans(workload.seed, self.units)
        self.gateways: Final = rng.integers(0, 2**40, 2, np.uint64) << np.uint64(8) & _MAC_MASK | _LOCAL

    def pool(self, role: str, count: int, rng: np.random.Generator) -> Addresses:
        """Up to ``count`` distinct addresses of a role's blocks, in random order: ``(n, 16)``."""
        units = self.units[role]
        hosts = (units[:, None] * _UNIT + np.arange(1, _UNIT - 1)).ravel()
        chosen = rng.permutation(hosts)[:count]
        return mapped(BASE_V4 + chosen)

    def _zone_sites(self, zone: Zone) -> Addresses:
        return self.pool(f"sites:{zone.name}", zone.sites, np.random.default_rng([self.seed, *zone.name.encode()]))

    def zone_of(self, addresses: Addresses) -> npt.NDArray[np.int16]:
        """The number of the zone (in the order of ``zones``) whose blocks hold each address, -1 for none: ``(n,)``."""
        owner = np.full(_UNITS, -1, np.int16)
        for number, name in enumerate(self.zones):
            owner[self.units[f"sites:{name}"]] = number
        unit = self.hosts(addresses) // _UNIT
        return np.where((unit >= 0) & (unit < _UNITS), owner[np.clip(unit, 0, _UNITS - 1)], -1).astype(np.int16)

    def twins(self, addresses: Addresses) -> Addresses:
        """The IPv6 addresses of the hosts that have these IPv4 addresses: ``(n, 16)``."""
        low = _low(addresses) - BASE_V4
        rows = np.zeros((len(addresses), 16), np.uint8)
        rows[:, :6] = (0x20, 0x01, 0x00, 0x02, 0x00, 0x00)
        net = (low // _UNIT * self._multiplier + self._shift) & 0xFFFF
        rows[:, 6:8] = net.astype(">u2").view(np.uint8).reshape(-1, 2)
        # The low six bits say which host of the block it is; the rest looks like a privacy address (RFC 8981).
        noise = _mix(low.astype(np.uint64) + np.uint64(self.seed % 2**32 << 20))
        rows[:, 8:] = (
            (noise & ~np.uint64(0x3F) | (low % _UNIT).astype(np.uint64)).astype(">u8").view(np.uint8).reshape(-1, 8)
        )
        return rows

    def hosts(self, addresses: Addresses) -> Int64:
        """The number of the host behind each address, the same for both of its versions: int64 ``(n,)``."""
        six = addresses[:, 0] == 0x20
        low = _low(addresses) - BASE_V4
        if six.any():
            net = addresses[six, 6].astype(np.int64) << 8 | addresses[six, 7]
            unit = (net - self._shift) * pow(self._multiplier, -1, 65536) & 0xFFFF
            low[six] = unit * _UNIT + (addresses[six, 15] & 0x3F)
        return low

    def macs(self, addresses: Addresses, gateway: int) -> npt.NDArray[np.uint64]:
        """The MAC address with which each address is seen: its own inside, else that of gateway 0 or 1. ``(n,)``."""
        hosts = self.hosts(addresses)
        unit = np.clip(hosts // _UNIT, 0, _UNITS - 1)
        own = _mix(hosts.astype(np.uint64) ^ np.uint64(self.seed % 2**32 << 24)) & _MAC_MASK | _LOCAL
        return np.where(self._inside[unit], own, self.gateways[gateway])

    def vlans(self, src: Addresses, dst: Addresses) -> npt.NDArray[np.uint16]:
        """The tag with which the monitor sees what these pairs say: that of the inside end (``dst`` where both are)."""
        units = [np.clip(self.hosts(side) // _UNIT, 0, _UNITS - 1) for side in (dst, src)]
        return np.where(self._inside[units[0]], self._vlan[units[0]], self._vlan[units[1]])


def _draw_vlans(seed: int, units: Mapping[str, Int64]) -> npt.NDArray[np.uint16]:
    """The 802.1Q tag of each /26 block: a third of the campaigns is seen tagged, the others on untagged links.

    One VLAN for the sites, or for each zone of them, and one for the clients inside; 0 is untagged.
    """
    rng = np.random.default_rng([seed, 0x802])
    tags = np.zeros(_UNITS, np.uint16)
    if rng.random() < _TAGGED:
        zones = [role for role in units if role.startswith("sites:")] or ["sites"]
        numbers = rng.choice(np.arange(2, 4095), len(zones) + 1, replace=False)
        for role, number in zip(("inside", *zones), numbers, strict=True):
            tags[units[role]] = number
    return tags


def _site_units(workload: Workload) -> dict[str, int]:
    if not workload.zones:
        return {"sites": -(-workload.sites // _SITES_PER_UNIT)}
    return {f"sites:{zone.name}": -(-zone.sites // _SITES_PER_UNIT) for zone in workload.zones}


_MAC_MASK: Final = np.uint64(0x0000FCFFFFFFFFFF)  # 48 bits without the group and local bits
_LOCAL: Final = np.uint64(0x0000020000000000)


def _low(addresses: Addresses) -> Int64:
    return np.ascontiguousarray(addresses[:, 12:]).view(">u4").ravel().astype(np.int64)


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    # splitmix64's finaliser
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
