"""Peer-to-peer: a few hosts talk to very many others, some of whom are gone. It looks like a scan and is none.

DHT questions over UDP (BEP 5: ping, find_node, get_peers; a third unanswered), uTP and TCP transfers with a few peers
at a time, and TCP tries at peers that refuse or are silent. All from one port of the client's own, to ports without
any order.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes.parts import bulk
from generator.world import Attempts, World

FAMILY = Family("benign", "Peer-to-peer", "A host exchanges data and questions with very many peers.")
_EACH = 10


def _dht(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, near="client")
    own, number = Rand(20, "bytes", "own"), Rand(2, "bytes", "number")
    kind = world.pick((b"4:ping", b"9:find_node", b"9:get_peers"))
    wanted: list[bytes | Rand] = []
    if kind != b"4:ping":
        wanted = [b"6:target20:" if kind == b"9:find_node" else b"9:info_hash20:", Rand(20, "bytes")]
    conversation.client([b"d1:ad2:id20:", own, *wanted, b"e1:q" + kind + b"1:t2:", number, b"1:y1:qe"])
    if rng.random() < 0.35:
        return conversation
    nodes: list[bytes | Rand] = [] if kind == b"4:ping" else [b"5:nodes208:", Rand(208, "bytes")]
    return conversation.server([b"d1:rd2:id20:", Rand(20, "bytes"), *nodes, b"e1:t2:", number, b"1:y1:re"], think=0.01)


def _peer(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, near="client")
    fate = rng.random()
    if fate < 0.3:
        conversation.send("S")
        return conversation.repeat(think=1.0) if rng.random() < 0.5 else conversation
    if fate < 0.45:
        return conversation.send("S").refuse()
    conversation.open()
    hello: list[bytes | Rand] = [b"\x13BitTorrent protocol", bytes(8), Rand(20, "bytes", "info"), Rand(20, "bytes")]
    conversation.client(hello, think=0.002).server(hello, think=0.02)
    for _ in range(int(rng.integers(1, 6))):
        conversation.client(
            [b"\x00\x00\x00\x0d\x06", bytes(4), Rand(4, "bytes"), b"\x00\x00\x40\x00"],
            think=float(rng.lognormal(-3, 1.2)),
        )
        conversation.server([b"\x00\x00\x40\x09\x07", bytes(8), *bulk(rng, 16_384)], think=float(rng.lognormal(-2, 1)))
    return conversation.close(world.pick(("fin", "rst", "none")), think=float(rng.exponential(3)))


def conversations(world: World) -> list[Conversation]:
    """Ten DHT questions, ten peers."""
    return [make(world) for make in (_dht, _peer) for _ in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """A handful of hosts inside, peers anywhere outside, one own port for UDP."""
    n, rng = len(intended), world.rng
    hosts = world.some(world.inside, 2, 12)
    who = rng.integers(0, len(hosts), n)
    outside = world.clients[~np.isin(world.layout.hosts(world.clients), world.layout.hosts(world.inside))]
    udp = rng.random(n) < 0.6
    peer = rng.integers(0, len(outside), n)
    own = rng.integers(20_000, 60_000, len(hosts))
    listening = rng.integers(6_881, 65_000, len(outside))
    return Attempts.of(
        world,
        intended,
        src=hosts[who],
        dst=outside[peer],
        src_port=np.where(udp, own[who], world.ephemeral(n)),
        dst_port=listening[peer],
        template=np.where(udp, 0, _EACH) + rng.integers(0, _EACH, n),
    )
