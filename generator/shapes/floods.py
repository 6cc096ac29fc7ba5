"""Who floods whom: one host, a few, a botnet or forged addresses; and how a tool goes through source and target ports.

Real captures are mostly of one attacker and one victim, or of a whole botnet: both ends are drawn.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from generator.shapes.crowd import Ints, assign, ordinals, uneven, villains
from generator.world import Addresses, World

SOURCES: Final = ("one", "few", "botnet", "spoofed", "mixed", "gateway")
PORTS: Final = ("one", "few", "all", "walk", "zero")
SOCKETS: Final = ("counting", "random", "fixed")


class Senders(NamedTuple):
    """Row by row: the address, and which sender it is (forged addresses are all of one sender, number -1)."""

    src: Addresses
    who: Ints


def chosen(world: World, name: str, choices: tuple[str, ...], usual: tuple[str, ...]) -> str:
    """A parameter of the family, or one of the usual values. Raises ``InputError`` where it is none of the choices."""
    value = str(world.params.get(name) or world.pick(usual))
    if value not in choices:
        raise InputError(f"{world.family}: {name} {value!r} is none of {', '.join(choices)}")
    return value


def senders(
    world: World, intended: Ints, usual: tuple[str, ...] = ("one", "one", "few", "botnet", "spoofed")
) -> Senders:
    """``sources`` says who: ``one``, ``few`` (2 to 9), ``botnet`` (10 to 300), ``spoofed``, ``mixed``, or
    ``gateway`` (one forged address).

    ``spoofed``, a share of the attempts, says it in an older way.
    """
    n, rng = len(intended), world.rng
    kind = chosen(world, "sources", SOURCES, usual)
    share = {"spoofed": 1.0, "mixed": float(rng.uniform(0.3, 0.95))}.get(kind, 0.0)
    share = float(world.params.get("spoofed", share))
    count = {"one": 1, "gateway": 1, "few": int(rng.integers(2, 10))}.get(
        kind, int(np.exp(rng.uniform(np.log(10), np.log(300))))
    )
    bots = world.some(world.spoofed, 1, 1) if kind == "gateway" else villains(world, count)
    who = assign(rng, intended, uneven(rng, len(bots), 2.0))
    forged = rng.random(n) < share
    src = np.where(forged[:, None], world.draw(world.spoofed, n), bots[who])
    return Senders(src, np.where(forged, -1, who))


def source_ports(world: World, who: Ints, usual: tuple[str, ...] = SOCKETS) -> npt.NDArray[np.int64]:
    """``sockets`` says how: ``counting`` up by one a datagram (hping3), ``random``, or ``fixed`` (a socket a host)."""
    rng = world.rng
    drawn = rng.integers(1024, 65536, len(who))
    kind = chosen(world, "sockets", SOCKETS, usual)
    if kind == "random" or not len(who):
        return drawn
    first = rng.integers(1024, 60_000, int(who.max()) + 2)[who]
    told = first if kind == "fixed" else 1024 + (first - 1024 + ordinals(who)) % 64_512
    return np.where(who < 0, drawn, told)


def target_ports(
    world: World, who: Ints, known: tuple[int, ...], usual: tuple[str, ...] = ("one", "one", "few", "all")
) -> tuple[npt.NDArray[np.int64], str]:
    """``ports`` says which: ``one``, ``few`` (2 or 3), ``all`` at random, ``walk`` upwards, or ``zero``."""
    n, rng = len(who), world.rng
    kind = chosen(world, "ports", PORTS, usual)
    if kind == "zero":
        return np.zeros(n, np.int64), kind
    if kind == "all":
        return rng.integers(int(world.pick((1, 1, 1024))), 65_536, n), kind
    if kind == "walk":
        span = int(rng.integers(50, 2_000))
        return int(rng.integers(1, 9_000)) + np.arange(n) // max(int(rng.integers(1, 80)), 1) % span, kind
    several = [int(world.pick(known)) for _ in range(1 if kind == "one" else int(rng.integers(2, 4)))]
    return rng.choice(np.array(several), n), kind


def pace(world: World, slow: float = 0.005) -> float:
    """Seconds between two packets of one burst: 8 us (a fast sender on a wire) up to ``slow``, log-uniform."""
    return float(np.exp(world.rng.uniform(np.log(8e-6), np.log(slow))))
