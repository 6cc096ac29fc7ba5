"""The world of one campaign: who exists, with which address, system and distance, all drawn from the seed.

Addresses are IPv4 in 16 mapped bytes out of 198.18.0.0/15 (``generator.layout``); each host also has an IPv6 twin in
2001:2::/48, which ``Attempts.of`` uses for a share of the attempts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from generator.habits import Habits, draw_habits
from generator.layout import BASE_V4, Addresses, Layout, mapped
from generator.ports import ephemeral, select
from generator.workload import Workload

__all__ = ["BASE_V4", "Addresses", "Attempts", "Layout", "World", "make_world", "mapped"]

Int64 = npt.NDArray[np.int64]


class Attempts(NamedTuple):
    """All attempts (or ordinary conversations) of one family, row by row, sorted by nothing in particular.

    ``template`` indexes the family's list of conversations. ``rtt_ns`` is the round trip between both ends. ``seed``
    drives everything that is random inside the attempt.
    """

    intended: Int64
    src: Addresses
    dst: Addresses
    src_port: npt.NDArray[np.uint16]
    dst_port: npt.NDArray[np.uint16]
    template: npt.NDArray[np.int32]
    rtt_ns: Int64
    seed: npt.NDArray[np.uint64]

    @classmethod
    def of(  # noqa: PLR0913 - the columns of a table
        cls,
        world: World,
        intended: Int64,
        *,
        src: Addresses,
        dst: Addresses,
        dst_port: int | npt.NDArray[Any],
        template: npt.NDArray[Any],
        src_port: int | npt.NDArray[Any] | None = None,
        rtt_ns: npt.NDArray[Any] | None = None,
        ipv6: bool = True,
    ) -> Self:
        """Fill the usual: ephemeral source ports, round trips of the campaign's distribution, fresh seeds.

        ``src`` and ``dst`` are IPv4 rows ``(n, 16)`` (one row stands for all); a share of the attempts takes the IPv6
        twins of both ends unless ``ipv6`` is false. Scalars stand for all rows.
        """
        n = len(intended)
        rng = world.rng
        src = np.broadcast_to(np.atleast_2d(src), (n, 16)).copy()
        dst = np.broadcast_to(np.atleast_2d(dst), (n, 16)).copy()
        if ipv6 and world.ipv6_share > 0:
            six = rng.random(n) < world.ipv6_share
            src[six], dst[six] = world.layout.twins(src[six]), world.layout.twins(dst[six])
        if src_port is None:
            src_port = select(rng, world.habits.leanings, world.layout.seed, src, dst)
        return cls(
            np.asarray(intended, np.int64),
            src,
            dst,
            np.broadcast_to(np.asarray(src_port, np.uint16), n).copy(),
            np.broadcast_to(np.asarray(dst_port, np.uint16), n).copy(),
            np.broadcast_to(np.asarray(template, np.int32), n).copy(),
            np.asarray(world.rtt(n) if rtt_ns is None else rtt_ns, np.int64),
            rng.integers(0, 2**64, n, np.uint64),
        )


@dataclass
class World:
    """What one family knows of the campaign. ``rng`` is its own; everything else is shared by all families.

    Pools are IPv4 rows ``(n, 16)``. ``attackers``, ``spoofed`` and ``attack_servers`` (C2, tunnel end, drop zone)
    belong to this family alone; ``sites``, ``clients``, ``inside`` and ``outside_servers`` are everybody's.
    """

    workload: Workload
    layout: Layout
    family: str
    params: Mapping[str, Any]
    rng: np.random.Generator
    habits: Habits
    sites: Addresses  # servers inside that everybody visits
    clients: Addresses  # ordinary clients, outside and inside
    inside: Addresses  # the inside ones among them
    outside_servers: Addresses  # CDNs, resolvers, mail hosts; ordinary
    attackers: Addresses
    spoofed: Addresses
    attack_servers: Addresses
    infected: Addresses  # inside clients that also behave ordinarily
    zone: str = ""  # whose sites these are, where not everybody's
    partial: bool = False  # the attempts asked for are those of one stretch of a longer campaign
    before: int = 0  # how many of this family's attempts the stretches before it had

    @property
    def ipv6_share(self) -> float:
        """Share of the attempts that use IPv6."""
        return self.workload.ipv6_share

    def ephemeral(self, n: int) -> npt.NDArray[np.uint16]:
        """Source ports of ``n`` ordinary systems, in the ranges that those take."""
        return ephemeral(self.rng, self.habits.leanings, n)

    def rtt(self, n: int) -> Int64:
        """Round trips over the Internet in ns: lognormal with the campaign's median and spread."""
        seconds = self.rng.lognormal(np.log(self.habits.rtt_median_s), self.habits.rtt_sigma, n)
        return (np.clip(seconds, 0.0003, 1.5) * 1e9).astype(np.int64)

    def lan_rtt(self, n: int) -> Int64:
        """Round trips within a site in ns."""
        return (np.clip(self.rng.lognormal(np.log(0.0006), 0.6, n), 0.00008, 0.02) * 1e9).astype(np.int64)

    def draw(self, pool: Addresses, n: int, *, zipf: float = 0.0) -> Addresses:
        """``n`` rows of a pool with repetition: all alike, or popular ones more often (``zipf`` about 0.8 to 1.2)."""
        if zipf <= 0:
            return pool[self.rng.integers(0, len(pool), n)]
        weights = 1.0 / np.arange(1, len(pool) + 1) ** zipf
        return pool[self.rng.choice(len(pool), n, p=weights / weights.sum())]

    def some(self, pool: Addresses, low: int, high: int) -> Addresses:
        """A random subset of ``low`` to ``high`` rows of a pool, fixed for the campaign (at most the whole pool)."""
        count = min(int(self.rng.integers(low, high + 1)), len(pool))
        return pool[self.rng.permutation(len(pool))[:count]]

    def templates(self, n: int, count: int, weights: npt.NDArray[Any] | None = None) -> npt.NDArray[np.int32]:
        """For ``n`` attempts, which of ``count`` conversations: all alike or by ``weights``."""
        p = None if weights is None else np.asarray(weights, float) / np.sum(weights)
        return self.rng.choice(count, n, p=p).astype(np.int32)

    def noise(self, n: int) -> bytes:
        """Random bytes, the same in every attempt of a variant: what ciphertext and media look like, for free."""
        return self.rng.bytes(n)

    def word(self, low: int = 4, high: int = 10) -> str:
        """A pronounceable random word, for host names, paths and users."""
        length = int(self.rng.integers(low, high + 1))
        pairs = [
            "bcdfghklmnprstvz"[self.rng.integers(16)] + "aeiou"[self.rng.integers(5)] for _ in range(-(-length // 2))
        ]
        return "".join(pairs)[:length]

    def pick(self, choices: list[Any] | tuple[Any, ...]) -> Any:  # noqa: ANN401 - one of the given things
        """One of the given things."""
        return choices[int(self.rng.integers(len(choices)))]


def make_world(workload: Workload, family: str, params: Mapping[str, Any], layout: Layout | None = None) -> World:
    """The world as one family sees it. The same (seed, family) gives the same world."""
    layout = layout or Layout(workload)
    shared = np.random.default_rng([workload.seed, 0x5EED])
    habits = draw_habits(shared)
    habits = replace(habits, shares={**habits.shares, **workload.path})
    if layout.zones:
        sites = shared.permutation(np.concatenate(list(layout.zones.values())))
    else:
        sites = layout.pool("sites", workload.sites, shared)
    inside = layout.pool("inside", max(workload.clients // 4, 1), shared)
    outside = layout.pool("outside", max(workload.clients - len(inside), 1), shared)
    clients = shared.permutation(np.concatenate([outside, inside]))
    servers = layout.pool("servers", 400, shared)
    rng = np.random.default_rng([workload.seed, *family.encode()])
    empty = np.zeros((0, 16), np.uint8)
    attack = f"attackers:{family}" in layout.units
    return World(
        workload=workload,
        layout=layout,
        family=family,
        params=params,
        rng=rng,
        habits=habits,
        sites=sites,
        clients=clients,
        inside=inside,
        outside_servers=servers,
        attackers=layout.pool(f"attackers:{family}", 256, rng) if attack else empty,
        spoofed=layout.pool(f"spoofed:{family}", 16_000, rng) if attack else empty,
        attack_servers=layout.pool(f"servers:{family}", 64, rng) if attack else empty,
        infected=rng.permutation(inside)[: max(len(inside) // 20, 8)],
    )
