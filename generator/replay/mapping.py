"""Who becomes whom: lab addresses dealt out to the hosts of a capture, reproducibly from a seed.

IPv4: the hosts of one /24 get one /24 of 198.18.0.0/15 to themselves and keep their last byte, as long as there are
enough; of more networks than that, the most crowded keep together and the hosts of the others are packed side by side;
of more hosts than the lab has addresses, the busiest get one of their own and the rest share what is left over.
IPv6: the hosts of one /64 get one /64 of 2001:2::/48. Multicast addresses are dealt out as any other: the lab has none.
A round of a loop gets networks that no round before it had, until they are used up.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.addresses import MAPPED_PREFIX, to_bytes, to_text
from contract.errors import InputError
from generator.replay.lookup import BASE4, LAB6, Map, fill, map_macs, map_rows, new_map
from generator.replay.octets import I64, U8, U16, U32
from generator.replay.rewrite import Found
from generator.replay.tables import listed

_RESERVED: Final = (0, 511)  # /24s of the partners of 0.0.0.0 and 255.255.255.255
_NOBODY4: Final = "198.18.0.1"  # lies in a reserved network: stands for hosts of the truth that the capture has not
_NOBODY6: Final = "2001:2::1"
_SHARED_PART: Final = 4  # where addresses run out, one of so many /24s is shared by those that have none of their own
_V6_BITS: Final = 64
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Free:
    """What of the lab may be given away: of 198.18.0.0/15 each address, of 2001:2::/48 each /64."""

    hosts: npt.NDArray[np.bool_] = field(default_factory=lambda: np.ones(1 << 17, np.bool_))
    nets: npt.NDArray[np.bool_] = field(default_factory=lambda: np.ones(1 << 16, np.bool_))

    def without(self, addresses: U8) -> Free:
        """The same without these addresses of the lab, ``(n, 16)``, and without the /64s of those of IPv6."""
        hosts, nets = self.hosts.copy(), self.nets.copy()
        six = addresses[:, 0] == 0x20
        low = np.ascontiguousarray(addresses[~six, 12:]).view(">u4").ravel().astype(np.int64) - BASE4
        hosts[low[(low >= 0) & (low < len(hosts))]] = False
        nets[addresses[six, 6].astype(np.int64) << 8 | addresses[six, 7]] = False
        return Free(hosts, nets)


class AddressMap:
    """The mapping of one round. ``table`` is for kernels; the rest translates truth.

    ``shared`` counts the IPv4 hosts without an address of their own. Raises ``InputError`` where nothing is free.
    """

    def __init__(self, found: Found, seed: int, turn: int, free: Free, pins: Mapping[int, int] | None = None) -> None:
        self._hosts, sightings = _host_keys(found)
        self._pinned = np.array(sorted((pins or {}).values()), np.int64)
        nets, _ = listed(found.nets)
        self._nets = nets[nets != 0]
        self.rounds, given, self.shared, spare = _deal_hosts(self._hosts, sightings, seed, turn, free.hosts)
        for host, lab in (pins or {}).items():
            given[np.flatnonzero(self._hosts == host)] = lab
        rounds6, numbers, spare6 = _deal_nets(len(self._nets), seed, turn, free.nets)
        self.rounds = min(self.rounds, rounds6)
        key = np.random.default_rng([seed, turn, 0x4B]).integers(0, 2**64, 3, np.uint64)
        self.table: Map = new_map(len(self._hosts), len(self._nets), spare, spare6, key)
        own = given != 0
        fill(self.table.hosts, self.table.hosts_to, self._hosts[own].astype(np.uint64), given[own])
        fill(self.table.nets, self.table.nets_to, self._nets[: len(numbers)], numbers)
        self._whole = _exclusive(self._hosts, given)

    def addresses(self, rows: U8) -> U8:
        """The partners of addresses ``(n, 16)``."""
        flat = np.ascontiguousarray(rows).reshape(-1).copy()
        map_rows(self.table, flat, len(rows))
        return flat.reshape(-1, 16)

    def macs(self, values: Sequence[int]) -> list[int]:
        """The partners of MAC addresses."""
        array = np.array(values, np.uint64)
        map_macs(self.table, array)
        return [int(value) for value in array]

    def everybody(self) -> list[str]:
        """All addresses of the lab that this mapping deals out, as networks; hosts with a pin are not among them."""
        here = np.isin(self.addresses(_rows4(self._hosts))[:, 12:].copy().view(">u4").ravel(), self._pinned)
        hosts = [str(ipaddress.IPv4Address(int(host))) for host in self._hosts[~here]]
        return self.networks([*hosts, "::/0"] if here.any() else ["0.0.0.0/0", "::/0"])

    def lab(self) -> U8:
        """Addresses of the lab that are taken: every host of IPv4, one for each network of IPv6, ``(n, 16)``."""
        four = np.unique(np.concatenate([self.table.hosts_to, self.table.shared])).astype(np.int64)
        nets = np.unique(np.concatenate([self.table.nets_to, self.table.shared_nets])).astype(np.int64)
        six = np.zeros((len(nets), 16), np.uint8)
        six[:, :8] = ((LAB6 << 16) | nets).astype(">u8").view(np.uint8).reshape(-1, 8)
        return np.concatenate([_rows4(four), six])

    def networks(self, entries: Sequence[str]) -> list[str]:
        """The partners of addresses and prefixes, as few prefixes; never empty, so that it matches no stranger."""
        found: list[Network] = []
        for entry in entries:
            network = ipaddress.ip_network(entry, strict=False)
            found += self._four(network) if network.version == 4 else self._six(network)
        if not found:
            found = [ipaddress.ip_network(_NOBODY4 if ":" not in "".join(entries) else _NOBODY6)]
        named: list[str] = []
        for version in (4, 6):
            same = [network for network in found if network.version == version]
            collapsed = ipaddress.collapse_addresses(same)  # type: ignore[type-var] # all of one version
            named += [str(n.network_address if n.prefixlen == n.max_prefixlen else n) for n in collapsed]
        return named

    def _four(self, network: ipaddress.IPv4Network) -> list[Network]:
        low, high = int(network.network_address), int(network.broadcast_address)
        begin, end = np.searchsorted(self._hosts, [low, high + 1])
        hosts = self._hosts[begin:end]
        extra = [host for host in (0, 0xFFFFFFFF) if low <= host <= high and network.prefixlen == 32]
        rows = _rows4(np.array([*hosts.tolist(), *extra], np.int64))
        lab = self.addresses(rows)[:, 12:].copy().view(">u4").ravel()
        # A /24 that lies in the prefix as a whole, and has one of the lab to itself, stands for all its hosts.
        whole: npt.NDArray[np.bool_] = np.zeros(len(lab), np.bool_)
        if network.prefixlen <= 24 and len(hosts):
            whole[: len(hosts)] = self._whole[begin:end]
        blocks: list[Network] = [ipaddress.IPv4Network((int(n) << 8, 24)) for n in np.unique(lab[whole] >> 8)]
        return blocks + [ipaddress.IPv4Network(int(host)) for host in np.unique(lab[~whole])]

    def _six(self, network: ipaddress.IPv6Network) -> list[Network]:
        if network.prefixlen == 128:
            row = np.frombuffer(to_bytes(str(network.network_address)), np.uint8).reshape(1, 16)
            known = np.isin(np.array([int(network.network_address) >> _V6_BITS], np.uint64), self._nets)[0]
            return [ipaddress.IPv6Network(to_text(self.addresses(row)[0].tobytes()))] if known else []
        low = int(network.network_address) >> _V6_BITS
        high = int(network.broadcast_address) >> _V6_BITS
        inside = self._nets[(self._nets >= np.uint64(low)) & (self._nets <= np.uint64(high))]
        rows = np.zeros((len(inside), 16), np.uint8)
        rows[:, :8] = inside.astype(">u8").view(np.uint8).reshape(-1, 8)
        lab = np.unique(self.addresses(rows)[:, :8].copy().view(">u8").ravel())
        return [ipaddress.IPv6Network((int(net) << _V6_BITS, _V6_BITS)) for net in lab]


def _rows4(hosts: I64) -> U8:
    """IPv4 addresses as 16 bytes each."""
    rows = np.zeros((len(hosts), 16), np.uint8)
    rows[:, :12] = np.frombuffer(MAPPED_PREFIX, np.uint8)
    rows[:, 12:] = hosts.astype(">u4").view(np.uint8).reshape(-1, 4)
    return rows


def _host_keys(found: Found) -> tuple[I64, I64]:
    """IPv4 hosts without the two that have fixed partners, ascending, and how often each was seen."""
    keys, sightings = listed(found.hosts)
    inner = (keys != 0) & (keys != 0xFFFFFFFF)
    return keys[inner].astype(np.int64), sightings[inner]


def _deal_hosts(
    hosts: I64, sightings: I64, seed: int, turn: int, free: npt.NDArray[np.bool_]
) -> tuple[int, U32, int, U32]:
    """Rounds until addresses come again, the lab address of each host (0: it shares one), how many share, and which."""
    blocks = np.asarray(free.reshape(-1, 256).all(axis=1), np.bool_)
    blocks[list(_RESERVED)] = False
    available = np.flatnonzero(blocks)
    single = free.copy().reshape(-1, 256)
    single[list(_RESERVED)] = False
    single[:, [0, 255]] = False
    if not len(hosts):
        return 1 << 30, np.zeros(0, np.uint32), 0, np.array([BASE4 + 1], np.uint32)
    if not single.any():
        raise InputError("no IPv4 address of the lab is free for the capture's hosts")
    nets, which = np.unique(hosts >> 8, return_inverse=True)
    spare = np.array([BASE4 + 2], np.uint32)  # reserved, and used only by hosts that the survey did not list
    if len(nets) <= len(available):
        rounds = len(available) // len(nets)
        order = np.random.default_rng([seed, turn // rounds, 0x4]).permutation(available)
        mine = order[turn % rounds * len(nets) :][: len(nets)]
        given = (BASE4 + (mine[which] << 8) + (hosts & 255)).astype(np.uint32)
        return rounds, given, 0, spare
    order = np.random.default_rng([seed, turn, 0x4]).permutation(available)
    given = np.zeros(len(hosts), np.uint32)
    sizes = np.bincount(which)
    kept = _kept_together(sizes, len(order), int(single.sum()) - len(order) * 254)
    together = np.zeros(len(nets), np.int64) - 1
    together[np.argsort(-sizes, kind="stable")[:kept]] = order[:kept]
    whole = together[which] >= 0
    given[whole] = (BASE4 + (together[which[whole]] << 8) + (hosts[whole] & 255)).astype(np.uint32)
    single[order[:kept]] = False
    places = _in_order(single, order[kept:])
    rest = np.flatnonzero(~whole)
    if len(rest) > len(places):
        # The busiest have places of their own; one of a few networks is for all others together.
        cut = max(len(places) // _SHARED_PART, 1)
        spare = (BASE4 + places[:cut]).astype(np.uint32)
        places = places[cut:]
        rest = np.sort(rest[np.argsort(-sightings[rest], kind="stable")[: len(places)]])
    given[rest] = (BASE4 + places[: len(rest)]).astype(np.uint32)
    return 1, given, int(np.count_nonzero(given == 0)), spare


def _kept_together(sizes: I64, available: int, singles: int) -> int:
    """How many of the most crowded networks get one of the lab, so that there is room for the others' hosts."""
    ordered = np.sort(sizes)[::-1]
    rest = len(sizes) and int(ordered.sum()) - np.concatenate([[0], np.cumsum(ordered)])[: available + 1]
    room = (available - np.arange(len(np.atleast_1d(rest)))) * 254 + singles
    fits = np.flatnonzero(np.atleast_1d(rest) <= room)
    return int(fits.max()) if len(fits) else 0


def _in_order(single: npt.NDArray[np.bool_], blocks: I64) -> I64:
    """Free addresses (from the start of the lab), first those of the given /24s in that order, then any others."""
    first = (blocks[:, None] * 256 + np.arange(256)).ravel()
    first = first[single.reshape(-1)[first]]
    others = single.copy()
    others[blocks] = False
    found: I64 = np.concatenate([first, np.flatnonzero(others)])
    return found


def _deal_nets(count: int, seed: int, turn: int, free: npt.NDArray[np.bool_]) -> tuple[int, I64, U16]:
    """Rounds until networks come again, the numbers of ``count`` /64s (fewer where there are not enough), a spare."""
    available = np.flatnonzero(free)
    available = available[available > 0]
    if count and not len(available):
        raise InputError("no IPv6 network of the lab is free for the capture's hosts")
    rounds = max(len(available) // max(count, 1), 1)
    order = np.random.default_rng([seed, turn // rounds, 0x6]).permutation(available)
    mine: I64 = order[turn % rounds * count :][:count].astype(np.int64)
    return rounds, mine, order[-1:].astype(np.uint16) if len(order) else np.zeros(1, np.uint16)


def _exclusive(hosts: I64, given: U32) -> npt.NDArray[np.bool_]:
    """Which hosts' /24 has a /24 of the lab to itself, all hosts of it with their last bytes."""
    same = (hosts & 255) == (given & 255)
    nets, which = np.unique(hosts >> 8, return_inverse=True)
    _, lab_of = np.unique(given >> 8, return_inverse=True)
    pairs = np.unique(np.stack([which, lab_of]), axis=1)
    alone = (np.bincount(pairs[0], minlength=len(nets)) == 1)[which] & (np.bincount(pairs[1]) == 1)[lab_of]
    moved = np.bincount(which[~same], minlength=len(nets)) > 0
    found: npt.NDArray[np.bool_] = same & alone & ~moved[which] & (given != 0)
    return found
