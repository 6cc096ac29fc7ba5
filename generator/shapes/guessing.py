"""Who guesses at whom: the same for every family that tries passwords."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from generator.shapes.crowd import assign, by_actor, distances, gang, uneven
from generator.world import Attempts, World


def guesses(intended: npt.NDArray[np.int64], world: World, tools: int, each: int, ports: tuple[int, ...]) -> Attempts:
    """One attacker, a few quick ones or many slow ones, each with one of ``tools`` (``each`` variants), at one or many.

    Parameters: ``attackers`` and ``victims`` tell how many, ``port`` which port.
    """
    n, rng = len(intended), world.rng
    pace, limits = ((0.3, 15.0), (1, 400)) if rng.random() < 0.7 else ((0.02, 0.3), (4, 3000))
    attackers = gang(world, intended, pace, limits)
    who = assign(rng, intended, uneven(rng, len(attackers), 0.8))
    told = int(world.params.get("victims", 0))
    victims = world.some(world.sites, told or 1, told or int(world.pick((1, 1, 3, 30))))
    which = who % len(victims) if rng.random() < 0.6 else rng.integers(0, len(victims), n)
    src, dst = by_actor(world, who, attackers[who], victims[which])
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=int(world.params.get("port", world.pick(ports))),
        template=(who % tools) * each + rng.integers(0, each, n),
        rtt_ns=distances(world, len(attackers))[who],
        ipv6=False,
    )
