"""Browsing over QUIC (RFC 9000): a padded long-header start, then short-header packets of random look on UDP 443.

Initials of 1,200 to 1,357 bytes each way, a flight of the server's handshake, requests of 40 to 1,200 bytes, answers
of 1 to 150 kB in datagrams of 1,200 to 1,400 bytes with an acknowledgement for every two to ten; idle connections
that just stop. Variants beside: resumed connections whose first request comes with the Initial (0-RTT), films and
pictures of an app (300 kB down on one connection, a request every second or so), idle connections with a ping of 30
bytes each 15 to 30 s, uploads, and networks that bar UDP (Initials at 0, 0.3, 0.9, 2.1 s, no answer ever). Parameters:
``barred`` (share of connections without an answer, else 0.01 to 0.06).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes.parts import Part
from generator.shapes.sessions import visits
from generator.world import Attempts, World

FAMILY = Family("benign", "Browsing over QUIC", "Browsers load pages over QUIC on UDP port 443.")
_VARIANTS = 24
_FEEDS, _PINGS, _BARRED = 2, 3, 3


def _long(world: World, first: int, source: int, size: int, token: bool) -> list[Part]:  # noqa: FBT001 - a header's field
    head: list[Part] = [bytes([first]), b"\x00\x00\x00\x01\x08", Rand(8, "bytes", "far" if source == 0 else "near")]
    head += [bytes([source]), Rand(source, "bytes", "far")] if source else [b"\x00"]
    room = size - sum(len(part) if isinstance(part, bytes) else part.n for part in head) - (3 if token else 2)
    head.append((b"\x00" if token else b"") + (0x4000 | room).to_bytes(2, "big"))
    return [*head, Rand(32, "bytes"), world.noise(room - 32)]


def _short(world: World, size: int) -> list[Part]:
    return [
        bytes([0x40 | int(world.rng.integers(0, 0x40))]),
        Rand(8, "bytes", "far"),
        Rand(min(size, 16), "bytes"),
        world.noise(max(size - 16, 0)),
    ]


def _begin(world: World, initial: int, *, early: bool) -> Conversation:
    """The handshake; ``early`` data of a resumed connection comes right behind the Initial."""
    rng = world.rng
    conversation = Conversation.udp(world, near=world.pick(("client", "server")))
    conversation.client(_long(world, 0xC3, 0, initial, token=True))
    if early:
        conversation.client(_long(world, 0xD3, 0, int(rng.integers(100, 700)), token=False), think=0.0001)
    conversation.server(_long(world, 0xC1, 8, 1200, token=True), think=0.002)
    for _ in range(1 if early else int(rng.integers(1, 4))):
        conversation.server(_long(world, 0xE1, 8, int(rng.integers(900, 1250)), token=False), think=0.00005)
    return conversation.client(_short(world, int(rng.integers(60, 120))), think=0.001)


def _visit(world: World) -> Conversation:
    rng = world.rng
    datagram = int(world.pick((1200, 1250, 1350, 1378)))
    conversation = _begin(world, int(rng.integers(1200, 1358)), early=rng.random() < 0.2)
    for turn in range(min(int(rng.geometric(0.35)), 8)):
        conversation.client(
            _short(world, int(rng.integers(40, 700))),
            think=min(float(rng.lognormal(-1.5, 1.8)), 20.0) if turn else 0.001,
        )
        size, every = int(np.clip(rng.lognormal(9.3, 1.4), 600, 150_000)), int(rng.integers(2, 11))
        for number in range(-(-size // datagram)):
            left = min(datagram, size - number * datagram)
            conversation.server(_short(world, left), think=0.0001 if number else float(rng.lognormal(-4, 1)))
            if number % every == every - 1:
                conversation.client(_short(world, int(rng.integers(22, 40))), think=0.0001)
    return conversation


def _feed(world: World) -> Conversation:
    """An app's pictures and films: much down on one connection."""
    rng = world.rng
    conversation = _begin(world, 1250, early=rng.random() < 0.5)
    for _ in range(int(rng.integers(3, 7))):
        conversation.client(_short(world, int(rng.integers(80, 500))), think=float(rng.lognormal(-0.5, 1.0)))
        every = int(rng.integers(4, 11))
        for number in range(int(rng.integers(20, 70))):
            conversation.server(_short(world, 1232), think=0.0001 if number else 0.03)
            if number % every == every - 1:
                conversation.client(_short(world, int(rng.integers(22, 40))), think=0.0001)
    return conversation


def _ping(world: World) -> Conversation:
    """Nothing to say, but the address translator must not forget."""
    rng = world.rng
    conversation = _begin(world, 1200, early=False)
    conversation.client(_short(world, int(rng.integers(40, 200)))).server(_short(world, 400), think=0.02)
    period = min(float(rng.uniform(15, 30)), max(world.workload.duration_s / 5, 1.0))
    for _ in range(int(rng.integers(2, 6))):
        conversation.client(_short(world, 31), think=period, jitter=0.03).server(_short(world, 28), think=0.0005)
    return conversation


def _barred(world: World, number: int) -> Conversation:
    conversation = Conversation.udp(world, near="client")
    conversation.client(_long(world, 0xC3, 0, 1200 + 50 * number, token=True))
    for wait in (0.3, 0.6, 1.2)[: 1 + number]:
        conversation.repeat(think=wait)
    return conversation


def conversations(world: World) -> list[Conversation]:
    """Connections of one to eight requests, then feeds, pings and barred ones."""
    made = [_visit(world) for _ in range(_VARIANTS)] + [_feed(world) for _ in range(_FEEDS)]
    return made + [_ping(world) for _ in range(_PINGS)] + [_barred(world, number) for number in range(_BARRED)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """As other browsing: clients to sites, inside clients to servers outside."""
    n, rng = len(intended), world.rng
    outward = (rng.random(n) < 0.5)[:, None]
    from_inside = visits(world, n, world.inside, world.outside_servers, zipf=0.9)
    to_sites = visits(world, n, world.clients, world.sites, zipf=0.8)
    src, dst = (np.where(outward, out, into) for out, into in zip(from_inside, to_sites, strict=True))
    barred = float(np.clip(world.params.get("barred", rng.uniform(0.01, 0.06)), 0.0, 1.0))
    shares = np.concatenate([np.full(_VARIANTS, 0.9 / _VARIANTS), np.full(_FEEDS + _PINGS, 0.1 / (_FEEDS + _PINGS))])
    shares = np.concatenate([shares * (1.0 - barred), np.full(_BARRED, barred / _BARRED)])
    return Attempts.of(
        world, intended, src=src, dst=dst, dst_port=443, template=world.templates(n, len(shares), shares)
    )
