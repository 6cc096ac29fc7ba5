"""UDP flood: more datagrams than a host or its line can take.

Drawn per campaign: the tools (hping-like empty or constant datagrams, stress tools with text, bot families with random
bytes of 512 to 1,400, game-query and VoIP lookalikes), one port, a few or all of them, spoofed or real sources, and
whether the victim still answers some with ICMP port unreachable (RFC 1812 limits how often). An attempt is a short
burst of one source: 1 to 12 datagrams, 20 us to 20 ms apart.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Payload, Rand
from generator.shapes.crowd import villains
from generator.world import Attempts, World

FAMILY = Family(
    "dos",
    "UDP flood",
    "Datagrams without a conversation, from one, many or spoofed sources, until a host or its line is full.",
    "T1498.001",
    "TA0040",
)
_VARIANTS = 32
_TOOLS = ("hping", "flooder", "mirai", "linux", "windows", "embedded")
_SIZES = (0, 1, 8, 18, 32, 64, 120, 256, 512, 512, 1024, 1024, 1400, 1440)
_PORTS = (0, 53, 80, 80, 123, 443, 443, 3074, 5060, 9987, 27015, 30120)
_TEXTS = (b"U dun goofed", b"hello", b"AAAAAAAAAAAAAAAA", b"flood", b"\xff\xff\xff\xffTSource Engine Query\x00")


def _payload(world: World) -> Payload:
    rng = world.rng
    size = int(world.pick(_SIZES))
    kind = rng.random()
    if kind < 0.2:
        return bytes([int(rng.choice((0, 0x58, 0x41, 0xFF)))]) * size
    if kind < 0.3:
        return bytes(world.pick(_TEXTS))
    if kind < 0.6:
        return Rand(size, "bytes") if size else b""
    return [Rand(min(size, 24), "bytes"), world.noise(max(size - 24, 0))] if size else b""


def conversations(world: World) -> list[Conversation]:
    """Bursts of equal datagrams; a fifth of them end with the victim's ICMP port unreachable."""
    made = []
    for number in range(_VARIANTS):
        conversation = Conversation.udp(world, client_os=world.pick(_TOOLS), server_os="linux")
        payload, gap = _payload(world), float(np.exp(world.rng.uniform(np.log(2e-5), np.log(0.02))))
        same_size_each_time = world.rng.random() < 0.8
        for _ in range(int(world.pick((1, 1, 1, 2, 3, 5, 8, 12)))):
            conversation.client(payload if same_size_each_time else _payload(world), think=gap, jitter=0.9)
        if number % 5 == 4:
            conversation.unreachable(3, think=0.0002)
        made.append(conversation)
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """One to three victims; a handful of tools at a time; sources spoofed or a botnet's own."""
    n, rng = len(intended), world.rng
    victims = world.some(world.sites, 1, 3)
    spoofed = float(world.params.get("spoofed", world.pick((1.0, 0.8, 0.0, 0.0))))
    bots = villains(world, int(np.exp(rng.uniform(np.log(1), np.log(250)))))
    src = np.where((rng.random(n) < spoofed)[:, None], world.draw(world.spoofed, n), world.draw(bots, n))
    ports = np.array([world.pick(_PORTS) for _ in range(int(rng.integers(1, 4)))], np.uint16)
    everywhere = rng.random() < 0.3
    dst_port = rng.integers(1, 65536, n) if everywhere else rng.choice(ports, n)
    weights = rng.gamma(0.3, 1.0, _VARIANTS) + 1e-6
    if not everywhere:
        weights[4::5] *= 0.2
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=world.draw(victims, n),
        src_port=rng.integers(1024, 65536, n),
        dst_port=dst_port,
        template=world.templates(n, _VARIANTS, weights),
    )
