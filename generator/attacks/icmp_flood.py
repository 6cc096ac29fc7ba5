"""ICMP flood: more echo requests than a host or its line can take.

Bursts of 2 to 30 echo requests 10 us to 10 ms apart, of 0 to 1,400 bytes (constant, counted or random), from one,
many or spoofed sources; the victim answers all, some or none.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes.crowd import villains
from generator.world import Attempts, World

FAMILY = Family("dos", "ICMP flood", "More ICMP echo messages than a host or its line can take.", "T1498.001", "TA0040")
_VARIANTS = 24
_SIZES = (0, 24, 32, 56, 56, 120, 512, 1000, 1024, 1400)


def conversations(world: World) -> list[Conversation]:
    """A third of the bursts is answered, a third in part, a third not at all."""
    made = []
    for number in range(_VARIANTS):
        rng = world.rng
        conversation = Conversation.icmp(world, client_os=world.pick(("hping", "linux", "windows", "flooder", "nmap")))
        size = int(world.pick(_SIZES))
        payload = (bytes(size), world.noise(size), bytes(value % 256 for value in range(size)))[int(rng.integers(3))]
        gap = float(np.exp(rng.uniform(np.log(1e-5), np.log(0.01))))
        for _ in range(int(rng.integers(2, 31))):
            reply = number % 3 == 0 or (number % 3 == 1 and rng.random() < 0.4)
            conversation.ping(payload, reply=reply, think=gap, jitter=0.9)
        made.append(conversation)
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """One or two victims; spoofed sources or a handful to hundreds of real ones."""
    n, rng = len(intended), world.rng
    spoofed = rng.random() < 0.4
    bots = villains(world, int(np.exp(rng.uniform(np.log(1), np.log(250)))))
    weights = rng.gamma(0.4, 1.0, _VARIANTS) + 1e-6
    return Attempts.of(
        world,
        intended,
        src=world.draw(world.spoofed if spoofed else bots, n),
        dst=world.draw(world.some(world.sites, 1, 2), n),
        dst_port=0,
        src_port=0,
        template=world.templates(n, _VARIANTS, weights),
        ipv6=False,
    )
