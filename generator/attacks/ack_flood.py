"""ACK flood and its kin: TCP segments that belong to no connection (ACK, PSH/ACK with data, FIN, RST, SYN/ACK, odd
flags).

Drawn per campaign: flags, size of the data (0 to 1,400 random bytes), 1 to 10 segments an attempt, 8 us to 5 ms apart,
whether the victim answers with RST (RFC 9293 section 3.5.2) or a firewall swallows them. Parameters as in
``generator.shapes.floods``: ``sources`` (one host, a few, a botnet, forged addresses), ``spoofed`` (0.9: that share of
the attempts is forged), ``ports`` (one, few, all, walk) and ``sockets`` (counting, random, or fixed: then a host's
flood is one long flow).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes.floods import pace, senders, source_ports, target_ports
from generator.world import Attempts, World

FAMILY = Family(
    "dos", "ACK flood", "TCP segments other than SYN that belong to no connection, in masses.", "T1498.001", "TA0040"
)
_VARIANTS = 32
_FLAGS = ("A", "A", "A", "A", "PA", "PA", "FA", "R", "RA", "SA", "PAU", "F")


def conversations(world: World) -> list[Conversation]:
    """Half of the variants are answered with a reset."""
    made = []
    for number in range(_VARIANTS):
        flags = str(world.pick(_FLAGS))
        conversation = Conversation.tcp(world, client_os=world.pick(("hping", "flooder", "mirai")), server_os="linux")
        size = int(world.pick((0, 0, 0, 64, 512, 1024, 1400))) if "P" in flags else 0
        gap = pace(world)
        for _ in range(int(world.pick((1, 1, 1, 2, 4, 10)))):
            conversation.send(flags, payload=Rand(size, "bytes") if size else b"", think=gap, jitter=0.9, options=False)
            if number % 2 == 0 and "R" not in flags:
                conversation.send("R", from_client=False, think=0.00003, options=False)
        made.append(conversation)
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """One to three victims, mostly one, at a port or two or at all."""
    n, rng = len(intended), world.rng
    src, who = senders(world, intended)
    ports, _ = target_ports(world, who, (80, 443, 443, 22, 8080), ("one", "one", "one", "few", "all"))
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=world.draw(world.some(world.sites, 1, int(world.pick((1, 1, 3)))), n),
        src_port=source_ports(world, who),
        dst_port=ports,
        template=world.templates(n, _VARIANTS, rng.gamma(0.3, 1.0, _VARIANTS) + 1e-6),
    )
