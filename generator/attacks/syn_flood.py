"""SYN flood: half-open connections from spoofed or real sources until a service's backlog is full."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.world import Attempts, World

FAMILY = Family(
    "dos",
    "SYN flood",
    "SYNs from many, mostly spoofed sources that never finish the handshake, until a service's backlog is full.",
    "T1498.001",
    "TA0040",
)
_TOOLS = ("hping", "flooder", "flooder", "mirai", "linux", "windows", "masscan")
_PORTS = (80, 443, 443, 22, 25, 53, 8080, 8443)


def conversations(world: World) -> list[Conversation]:
    """One SYN; then nothing, an unanswered SYN/ACK with or without repeats, a reset, or a closed port."""
    made = []
    for number in range(24):
        conversation = Conversation.tcp(world, client_os=world.pick(_TOOLS), server_os="linux")
        conversation.send("S")
        shape = number % 6
        if shape in (1, 2, 3):
            conversation.send("SA", from_client=False, think=0.0001)
        if shape == 2:  # the backlog repeats its answer (RFC 6298: 1 s, then doubled)
            conversation.repeat(think=1.0).repeat(think=2.0)
        if shape == 3:  # a host that really has the spoofed address never asked
            conversation.send("R", think=0.0, options=False)
        if shape == 4:
            conversation.refuse()
        if shape == 5:  # the tool sends each SYN twice
            conversation.repeat(think=float(world.rng.uniform(0.0, 0.01)))
        made.append(conversation)
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """A few victims, each at few ports; sources spoofed at random, or a botnet's own, by the campaign's draw."""
    n, rng = len(intended), world.rng
    victims = world.some(world.sites, 1, 3)
    dst = world.draw(victims, n)
    spoofed_share = float(world.params.get("spoofed", world.pick((1.0, 1.0, 0.9, 0.0))))
    src = np.where(
        (rng.random(n) < spoofed_share)[:, None], world.draw(world.spoofed, n), world.draw(world.attackers, n)
    )
    ports = np.array([world.pick(_PORTS) for _ in range(int(rng.integers(1, 3)))], np.uint16)
    weights = rng.dirichlet(np.array([6.0, 6.0, 0.7, 1.5, 0.5, 0.5]))
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        src_port=rng.integers(1024, 65536, n),
        dst_port=rng.choice(ports, n),
        template=world.templates(n, 24, np.tile(weights, 4)),
    )
