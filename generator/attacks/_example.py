"""Door knocking: probes of a host's closed ports in a secret order, as a backdoor's owner or a stranger sends them.

An example to copy: the name of the copy is the family's id, and files that begin with an underscore are passed over.
This text says what varies and within which ranges: 16 variants, over UDP (4 to 32 bytes, unanswered or answered by
ICMP) or TCP (refused by a reset), sent by hping, nmap or an ordinary Linux; 1 to 5 knockers, 20 ms to 2 s from knock
to knock. Parameters: ``pause`` in seconds, ``victims``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes.crowd import assign, by_actor, distances, gang, uneven
from generator.world import Attempts, World

# A plain literal, read from the text: group, title, one sentence, ATT&CK technique, tactic (none for ordinary traffic).
FAMILY = Family("recon", "Door knocking", "Closed ports are probed in a secret order.", "T1046", "TA0007")
_EACH = 8


def _knock(world: World, tool: str) -> Conversation:
    """One knock over UDP."""
    rng = world.rng  # the family's own: everything random comes from it, so the seed decides
    conversation = Conversation.udp(world, client_os=tool)
    # A Rand is drawn anew in every attempt, bytes stay as they are in all attempts of this variant.
    conversation.client([b"\x01K", Rand(int(rng.integers(2, 31)), "bytes")])
    # Say what the other side does, too: a monitor sees both.
    return conversation.unreachable() if rng.random() < 0.5 else conversation


def _try(world: World, tool: str, pause: float) -> Conversation:
    """Knocks over TCP: the closed port refuses, the knocker tries once more."""
    conversation = Conversation.tcp(world, client_os=tool)
    # send() is one segment with just these flags; a whole connection is open(), client(), server(), close().
    conversation.send("S").refuse()
    return conversation.send("S", think=pause).refuse()


def conversations(world: World) -> list[Conversation]:
    """8 to 64 template conversations, made once a campaign; they may be others in the next. Here eight of each kind.

    Loss, retransmission, MTU, keep-alive and the details of the systems are drawn for you (docs/variation.md).
    """
    rng = world.rng
    tool = str(world.pick(("hping", "nmap", "linux")))  # an attacker keeps to one tool
    pause = float(world.params.get("pause", np.exp(rng.uniform(np.log(0.02), np.log(2.0)))))
    return [_knock(world, tool) for _ in range(_EACH)] + [_try(world, tool, pause) for _ in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Who knocks at whom: arrays over all attempts; ``intended`` are their times, sorted, and there may be none.

    Addresses come from the world's pools only; an attack's own side from its attackers, so that truth can name it.
    """
    n, rng = len(intended), world.rng
    knockers = gang(world, intended, (0.5, 20.0), (1, 5))
    who = assign(rng, intended, uneven(rng, len(knockers)))
    doors = world.some(world.sites, 1, int(world.params.get("victims", 3)))
    src, dst = by_actor(world, who, knockers[who], doors[who % len(doors)])
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=rng.integers(1024, 65536, n),
        template=world.templates(n, 2 * _EACH),
        rtt_ns=distances(world, len(knockers))[who],
        ipv6=False,  # by_actor has chosen the IP version of each knocker already
    )
