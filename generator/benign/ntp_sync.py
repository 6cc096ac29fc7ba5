"""Time synchronisation: 48 bytes each way (RFC 5905), from every host to a handful of servers, in steady intervals.

SNTP clients ask once, daemons send a burst of four to eight 2 s apart when they start and then one each 16 to 1,024
s.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.world import Attempts, World

FAMILY = Family("benign", "NTP", "Hosts ask time servers for the time.")
_VARIANTS = 16


def _exchange(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, near="client")
    first = bytes((int(world.pick((0x23, 0xE3, 0x1B, 0xDB))), 0, int(rng.integers(4, 11)), 0xEC))
    for number in range(1 if rng.random() < 0.7 else int(rng.integers(4, 9))):
        key = f"sent{number}"
        conversation.client([first + bytes(36), Rand(8, "bytes", key)], think=2.0 if number else 0.0, jitter=0.02)
        if rng.random() < 0.03:
            continue
        head = (
            bytes((first[0] & 0x38 | 4, int(rng.integers(1, 4)), first[2], 0xE9))
            + bytes(2)
            + rng.bytes(2)
            + bytes(2)
            + rng.bytes(2)
        )
        conversation.server(
            [
                head,
                b"\xc6\x12",
                Rand(2, "bytes", "id"),
                b"\xea\x40",
                Rand(6, "bytes"),
                Rand(8, "bytes", key),
                Rand(16, "bytes"),
            ]
        )
    return conversation


def conversations(world: World) -> list[Conversation]:
    """Single questions and starting bursts."""
    return [_exchange(world) for _ in range(_VARIANTS)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Everybody inside asks a few servers outside; daemons from port 123, others from any."""
    n, rng = len(intended), world.rng
    return Attempts.of(
        world,
        intended,
        src=world.draw(np.concatenate([world.inside, world.sites]), n),
        dst=world.draw(world.some(world.outside_servers, 3, 12), n),
        src_port=np.where(rng.random(n) < 0.4, 123, world.ephemeral(n)),
        dst_port=123,
        template=world.templates(n, _VARIANTS),
    )
