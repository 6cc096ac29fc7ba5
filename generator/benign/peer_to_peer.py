"""Peer-to-peer: a few hosts talk to very many others, some of whom are gone. It looks like a scan and is none.

Variants:

* ``dht``: questions over UDP (BEP 5: ping, find_node, get_peers), a third unanswered; UDP trackers (BEP 15);
* ``peer``: TCP tries at peers that refuse or are silent, and transfers with a few at a time (BEP 3);
* ``utp``: the same over UDP (BEP 29): handshake, 1,400-byte packets with 20-byte acknowledgements, resets;
* ``television``: peer-to-peer TV: 45-byte questions to a handful of peers at once, pieces of 1,073 bytes back, in
  stretches of 2 s that make flows of a minute (``generator.shapes.sessions``); some peers never answer;
* ``probing``: what old messengers do to get through address translators: one or two datagrams of 18 to 80 bytes to
  each of dozens of nodes on ports without order, most unanswered; then TCP tries at the same nodes, and at 443.

All UDP of a host comes from one port of its own. Parameters: ``silent`` (share of probes without an answer, else 0.5 to
0.95), ``hosts`` (how many hosts inside take part, else 2 to 12).
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes.media import ROUND_TRIP_NS
from generator.shapes.parts import Part, bulk
from generator.shapes.sessions import sessions
from generator.world import Attempts, World

FAMILY = Family("benign", "Peer-to-peer", "A host exchanges data and questions with very many peers.")
_DHT, _PEER, _UTP, _TV, _PROBE, _NODE = 10, 10, 5, 5, 10, 6
_COUNTS = np.array((_DHT, _PEER, _UTP, _TV, _PROBE, _NODE))
_SECONDS = 2.0


def _dht(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, near="client")
    if number >= 8:  # a tracker
        connect = bytes.fromhex("0000041727101980") + bytes(4)
        conversation.client([connect, Rand(4, "bytes", "one")])
        if number == 9:
            return conversation.repeat(think=15.0)
        conversation.server([bytes(4), Rand(4, "bytes", "one"), Rand(8, "bytes", "session")], think=0.01)
        asked: list[Part] = [Rand(8, "bytes", "session"), b"\0\0\0\x01", Rand(4, "bytes", "two"), Rand(82, "bytes")]
        conversation.client(asked, think=0.001)
        peers = int(rng.integers(2, 60)) * 6
        return conversation.server([b"\0\0\0\x01", Rand(4, "bytes", "two"), Rand(12 + peers, "bytes")], think=0.01)
    own, turn = Rand(20, "bytes", "own"), Rand(2, "bytes", "number")
    kind = world.pick((b"4:ping", b"9:find_node", b"9:get_peers"))
    wanted: list[Part] = []
    if kind != b"4:ping":
        wanted = [b"6:target20:" if kind == b"9:find_node" else b"9:info_hash20:", Rand(20, "bytes")]
    conversation.client([b"d1:ad2:id20:", own, *wanted, b"e1:q" + kind + b"1:t2:", turn, b"1:y1:qe"])
    if rng.random() < 0.35:
        return conversation
    nodes: list[Part] = [] if kind == b"4:ping" else [b"5:nodes208:", Rand(208, "bytes")]
    return conversation.server([b"d1:rd2:id20:", Rand(20, "bytes"), *nodes, b"e1:t2:", turn, b"1:y1:re"], think=0.01)


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
    hello: list[Part] = [b"\x13BitTorrent protocol", bytes(8), Rand(20, "bytes", "info"), Rand(20, "bytes")]
    conversation.client(hello, think=0.002).server(hello, think=0.02)
    for _ in range(int(rng.integers(1, 6))):
        conversation.client(
            [b"\x00\x00\x00\x0d\x06", bytes(4), Rand(4, "bytes"), b"\x00\x00\x40\x00"],
            think=float(rng.lognormal(-3, 1.2)),
        )
        conversation.server([b"\x00\x00\x40\x09\x07", bytes(8), *bulk(rng, 16_384)], think=float(rng.lognormal(-2, 1)))
    return conversation.close(world.pick(("fin", "rst", "none")), think=float(rng.exponential(3)))


def _utp(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, near="client")

    def head(kind: int, turn: int, ack: int) -> list[Part]:
        return [
            bytes((kind << 4 | 1, 0)),
            Rand(2, "bytes", "id"),
            Rand(8, "bytes"),
            struct.pack("!IHH", 65_536, turn, ack),
        ]

    conversation.client(head(4, 1, 0))
    if number == 0:
        return conversation.repeat(think=3.0).repeat(think=6.0)
    conversation.server(head(2, 1, 1), think=0.002)
    upwards = bool(rng.integers(2))
    say, reply = (conversation.client, conversation.server) if upwards else (conversation.server, conversation.client)
    size = int(world.pick((528, 1044, 1382)))
    for turn in range(2, int(rng.integers(20, 70))):
        say([*head(0, turn, 1), world.noise(size)], think=float(rng.lognormal(-6, 1.0)))
        if turn % 2:
            reply(head(2, 1, turn), think=0.0003)
    return conversation.client(head(1 if number % 2 else 3, 90, 90), think=0.5)


def _television(world: World, turn: int) -> Conversation:
    """Two seconds with one peer: questions in bursts, most answered by a piece at once, two questions a piece."""
    rng = world.rng
    conversation = Conversation.udp(world, client_os="windows", near="client")
    clock = 0.0
    asked: list[Part] = [bytes((0x71, 0x13, 0x12, 0)), Rand(4, "bytes", "channel"), world.noise(29)]
    while clock < _SECONDS:
        wait = float(rng.exponential(0.12))
        clock += wait
        for number in range(int(rng.integers(1, 6))):
            conversation.client(asked, think=wait if number == 0 else 0.0002)
        for number in range(int(rng.integers(0, 4)) if turn else 0):
            conversation.server(
                [b"\x72\x13\0\0", Rand(4, "bytes"), world.noise(1057)], think=0.01 if number == 0 else 0.003
            )
    return conversation


def _probe(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, client_os="windows", near="client")
    asked: list[Part] = [b"\x7a\x01", Rand(2, "bytes", "id"), b"\x02", Rand(int(rng.integers(15, 78)), "bytes")]
    conversation.client(asked)
    if number < 5:
        return conversation.repeat(think=float(rng.uniform(1, 10))) if number % 2 else conversation
    conversation.server(
        [b"\x7a\x01", Rand(2, "bytes", "id"), b"\x03", Rand(int(rng.integers(8, 40)), "bytes")], think=0.02
    )
    for _ in range(number - 5):
        conversation.client(
            [b"\x7a\x01", Rand(3, "bytes"), world.noise(int(rng.integers(10, 500)))], think=float(rng.uniform(0.1, 9))
        )
        conversation.server([b"\x7a\x01", Rand(3, "bytes"), world.noise(int(rng.integers(8, 60)))], think=0.02)
    return conversation


def _node(world: World, number: int) -> Conversation:
    """A relay node over TCP: bytes that look random, a few turns, a reset; or nobody there."""
    rng = world.rng
    conversation = Conversation.tcp(world, client_os="windows", near="client")
    if number == 0:
        return conversation.send("S").repeat(think=3.0).repeat(think=6.0)
    if number == 1:
        return conversation.send("S").refuse().send("S", think=0.5).refuse()
    conversation.open()
    for turn in range(int(rng.integers(1, 6))):
        said = int(rng.integers(10, 200)) if turn else int(rng.integers(14, 80))
        conversation.client(Rand(said, "bytes"), think=float(rng.lognormal(-2.5, 1.2)))
        conversation.server(Rand(int(rng.integers(8, 400)), "bytes"), think=0.03)
    return conversation.close(world.pick(("rst", "rst", "fin", "server_fin")), think=float(rng.exponential(8)))


def conversations(world: World) -> list[Conversation]:
    """DHT and trackers, peers, uTP, television, probes, nodes."""
    made = [_dht(world, number) for number in range(_DHT)] + [_peer(world) for _ in range(_PEER)]
    made += [_utp(world, number) for number in range(_UTP)] + [_television(world, turn) for turn in range(_TV)]
    return made + [_probe(world, n) for n in range(_PROBE)] + [_node(world, n) for n in range(_NODE)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """A handful of hosts inside, each with its programs; peers anywhere outside, one own port for UDP."""
    n, rng = len(intended), world.rng
    count = int(world.params.get("hosts", rng.integers(2, 13)))
    hosts = world.some(world.inside, count, count)
    shares = rng.dirichlet(np.array((4.0, 3.0, 1.0, 1.5, 2.5, 1.0)))
    kind = rng.choice(6, n, p=shares)
    lasts, lengths = np.full(6, 1e6), np.ones(6)
    lasts[3], lengths[3] = _SECONDS, float(rng.uniform(5, 30))
    talk = sessions(world, intended, kind, lasts, lengths)
    silent = rng.random(n) < float(world.params.get("silent", rng.uniform(0.5, 0.95)))
    inner = rng.integers(0, 1 << 30, n) % _COUNTS[kind]
    inner = np.where(kind == 4, np.where(silent, rng.integers(0, 5, n), 5 + rng.integers(0, 5, n)), inner)
    # a television peer either never answers or always does
    inner = np.where(kind == 3, np.where(talk.of(rng.random(talk.total) < 0.3), 0, 1 + talk.place % (_TV - 1)), inner)
    outside = world.clients[~np.isin(world.layout.hosts(world.clients), world.layout.hosts(world.inside))]
    who, peer = talk.of(rng.integers(0, len(hosts), talk.total)), talk.of(rng.integers(0, len(outside), talk.total))
    udp = ~np.isin(kind, (1, 5))
    own = rng.integers(20_000, 60_000, (6, len(hosts)))[kind, who]  # each program has its port
    listening = rng.integers(1_025, 65_000, len(outside))[peer]
    web = (kind == 5) & (rng.random(n) < 0.4)
    made = Attempts.of(
        world,
        talk.times,
        src=hosts[who],
        dst=outside[peer],
        dst_port=np.where(web, rng.choice(np.array((443, 33033)), n), listening),
        template=np.concatenate([[0], np.cumsum(_COUNTS)[:-1]])[kind] + inner,
        rtt_ns=np.where(kind == 3, ROUND_TRIP_NS, world.rtt(n)),
        ipv6=False,
    )
    return made._replace(
        src_port=np.where(udp, own, made.src_port).astype(np.uint16),
        seed=np.where(kind == 3, talk.seeds(rng), made.seed),
    )
