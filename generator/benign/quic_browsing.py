"""Browsing over QUIC (RFC 9000): a padded long-header start, then short-header packets of random look on UDP 443.

Initials of 1,200 to 1,357 bytes each way, a flight of the server's handshake, requests of 40 to 1,200 bytes, answers
of 1 to 150 kB in datagrams of 1,200 to 1,400 bytes with an acknowledgement for every two to ten; idle connections
that just stop.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes.parts import Part
from generator.world import Attempts, World

FAMILY = Family("benign", "Browsing over QUIC", "Browsers load pages over QUIC on UDP port 443.")
_VARIANTS = 24


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


def _visit(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, near=world.pick(("client", "server")))
    initial, datagram = int(rng.integers(1200, 1358)), int(world.pick((1200, 1250, 1350, 1378)))
    conversation.client(_long(world, 0xC3, 0, initial, token=True))
    conversation.server(_long(world, 0xC1, 8, 1200, token=True), think=0.002)
    for _ in range(int(rng.integers(1, 4))):
        conversation.server(_long(world, 0xE1, 8, int(rng.integers(900, 1250)), token=False), think=0.00005)
    conversation.client(_short(world, int(rng.integers(60, 120))), think=0.001)
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


def conversations(world: World) -> list[Conversation]:
    """Connections of one to eight requests."""
    return [_visit(world) for _ in range(_VARIANTS)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """As other browsing: clients to sites, inside clients to servers outside."""
    n, rng = len(intended), world.rng
    outward = (rng.random(n) < 0.5)[:, None]
    src = np.where(outward, world.draw(world.inside, n), world.draw(world.clients, n, zipf=0.5))
    dst = np.where(outward, world.draw(world.outside_servers, n, zipf=0.9), world.draw(world.sites, n, zipf=0.8))
    return Attempts.of(world, intended, src=src, dst=dst, dst_port=443, template=world.templates(n, _VARIANTS))
