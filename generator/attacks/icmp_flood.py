"""ICMP flood: more ICMP messages than a host, its firewall or its line can take.

Kinds, one or two a campaign, or told by ``kind``:

* ``echo``: requests of 0 to 1,400 bytes (constant, counted or random), or of 2 to 65 kB in fragments, answered all, in
  part or not at all;
* ``unreachable``: destination unreachable (type 3, mostly code 3) at a high rate (BlackNurse, which exhausts the CPU of
  firewalls), quoting datagrams that nobody sent;
* ``replies``: echo replies that nobody asked for (Smurf, seen by the victim);
* ``odd``: timestamp and address mask requests (types 13, 17) and time exceeded (11).

``sources`` as in ``generator.shapes.floods``: one host (then one long flow of thousands of messages with one
identifier), a few, a botnet, or forged addresses (one of a gateway, or many); ``spoofed``, a share, forges that part of
the attempts. An attempt is a burst of 1 to 200
messages, 8 us to 5 ms apart.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Payload
from generator.shapes.floods import chosen, pace, senders
from generator.world import Attempts, World

FAMILY = Family("dos", "ICMP flood", "More ICMP messages than a host or its line can take.", "T1498.001", "TA0040")
KINDS: Final = ("echo", "unreachable", "replies", "odd")
_EACH: Final = 12
_SIZES: Final = (0, 0, 18, 24, 32, 56, 56, 120, 512, 1000, 1024, 1400)
_TOOLS: Final = ("hping", "hping", "linux", "windows", "flooder", "nmap")


def _padding(world: World, size: int = -1) -> bytes:
    size = int(world.pick(_SIZES)) if size < 0 else size
    return (bytes(size), world.noise(size), bytes(value % 256 for value in range(size)))[int(world.rng.integers(3))]


def _echoes(world: World, count: int, gap: float, replies: float) -> Conversation:
    """Requests of one identifier, whose sequence number counts up or stays; ``replies`` is the share answered."""
    rng = world.rng
    conversation = Conversation.icmp(world, client_os=world.pick(_TOOLS))
    number, padding = struct.pack("!H", int(rng.integers(65_536))), _padding(world)
    if rng.random() < 0.15:  # in fragments, up to the largest that IP allows
        padding, count = _padding(world, int(rng.choice((2000, 4000, 10_000, 65_000)))), min(count, 12)
    counts = rng.random() < 0.8
    for turn in range(count):
        body = number + struct.pack("!H", turn if counts else 0) + padding
        conversation.icmp_message(8, 0, body, think=gap, jitter=0.9)
        if rng.random() < replies:
            conversation.icmp_message(0, 0, body, from_client=False, think=0.00003)
    return conversation


def _one_way(world: World, count: int, gap: float, kind: int, code: int, body: Payload) -> Conversation:
    conversation = Conversation.icmp(world, client_os=world.pick(_TOOLS))
    for _ in range(count):
        conversation.icmp_message(kind, code, body, think=gap, jitter=0.9)
    return conversation


def _quoted(world: World) -> bytes:
    """The datagram that an error pretends to be about: header and 8 bytes, between addresses of the lab."""
    rng = world.rng
    protocol = int(rng.choice((6, 17)))
    size, ports = int(rng.choice((28, 40, 60))), rng.integers(1, 65_536, 2)
    ends = [bytes((198, int(rng.choice((18, 19))), *rng.integers(1, 255, 2))) for _ in range(2)]
    head = struct.pack("!BBHHHBBH", 0x45, 0, size, int(rng.integers(65_536)), 0, 64, protocol, 0)
    words = struct.unpack("!10H", head + ends[0] + ends[1])
    total = sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
    rest = struct.pack("!HHI", *(int(port) for port in ports), (size - 20) << 16 if protocol == 17 else 0)
    return bytes(4) + head + ends[0] + ends[1] + rest


def _burst(world: World, kind: str, number: int) -> Conversation:
    rng = world.rng
    count = int(np.exp(rng.uniform(0, np.log((8, 40, 200)[number % 3]))))
    gap = pace(world)
    identity = struct.pack("!HH", int(rng.integers(65_536)), 0)
    if kind == "echo":
        return _echoes(world, count, gap, (0.0, 0.0, 0.4, 1.0)[number % 4])
    if kind == "unreachable":
        code = int(rng.choice((3, 3, 3, 1, 0, 13)))
        return _one_way(world, count, gap, 3, code, _quoted(world))
    if kind == "replies":
        return _one_way(world, count, gap, 0, 0, identity + _padding(world))
    odd = int(rng.choice((13, 17, 11)))
    body = {13: identity + bytes(12), 17: identity + bytes(4), 11: _quoted(world)}[odd]
    return _one_way(world, count, gap, odd, 0, body)


def conversations(world: World) -> list[Conversation]:
    """Twelve bursts of each kind."""
    return [_burst(world, kind, number) for kind in KINDS for number in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """One or two victims; each sender keeps to one burst or two."""
    n, rng = len(intended), world.rng
    src, who = senders(world, intended, ("one", "one", "few", "botnet", "spoofed", "gateway"))
    kind = KINDS.index(chosen(world, "kind", KINDS, ("echo", "echo", "echo", "unreachable", "replies", "odd")))
    second = rng.permutation(_EACH)[:2]
    variant = second[(who + (rng.random(n) < 0.3)) % 2]
    weighted = rng.choice(_EACH, n, p=rng.dirichlet(np.full(_EACH, 0.3)))
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=world.draw(world.some(world.sites, 1, int(world.pick((1, 1, 2)))), n),
        dst_port=0,
        src_port=0,
        template=kind * _EACH + (variant if rng.random() < 0.6 else weighted),
        ipv6=False,
    )
