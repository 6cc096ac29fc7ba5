"""UDP flood: more datagrams than a host or its line can take.

Drawn per campaign, or told by parameters:

* the tools: hping-like empty or constant datagrams, stress tools with text, bot families with random bytes of 8 to
  1,440, game-query and VoIP lookalikes, and datagrams beyond the MTU that travel as fragments;
* ``sources``: ``one`` host, a ``few``, a ``botnet``, ``spoofed`` addresses, ``mixed``; ``spoofed`` = 0.8 is the share
  of forged addresses;
* ``ports``: ``one`` port, a ``few``, ``all`` at random, a ``walk`` upwards, or ``zero`` (hping3's default);
* ``sockets``: source ports ``counting`` up (hping3), ``random``, or ``fixed`` (one socket: one long flow a host);
* whether the victim still answers some with ICMP port unreachable (RFC 1812 limits how often).

An attempt is a short burst of one source: 1 to 12 datagrams, 8 us to 5 ms apart.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Payload, Rand
from generator.shapes import dns, names
from generator.shapes.floods import pace, senders, source_ports, target_ports
from generator.shapes.parts import rand
from generator.world import Attempts, World

FAMILY = Family(
    "dos",
    "UDP flood",
    "Datagrams without a conversation, from one, many or spoofed sources, until a host or its line is full.",
    "T1498.001",
    "TA0040",
)
_TOOLS = ("hping", "flooder", "mirai", "linux", "windows", "embedded")
_SIZES = (0, 0, 1, 8, 18, 32, 64, 120, 256, 512, 512, 1024, 1024, 1400, 1440)
_PORTS = (0, 53, 53, 80, 80, 123, 443, 443, 3074, 5060, 9987, 27015, 30120)
_LOOKALIKES = (53, 123, 5060, 27015)  # ports at which tools send what the service would understand
_GENERIC = 24
_EACH = 4
_TEXTS = (b"U dun goofed", b"hello", b"AAAAAAAAAAAAAAAA", b"flood")


def _payload(world: World) -> Payload:
    rng = world.rng
    size = int(world.pick(_SIZES))
    kind = rng.random()
    if kind < 0.2:
        return bytes([int(rng.choice((0, 0x58, 0x41, 0xFF)))]) * size
    if kind < 0.3:
        return bytes(world.pick(_TEXTS))
    # random bytes behind two that the tool keeps, chosen so that no analyser takes them for a protocol that it knows
    head = bytes([int(rng.integers(0x10, 0x40)), int(rng.integers(0xA0, 0x100))])
    fresh = size - len(head) if kind < 0.6 else min(size - len(head), 24)
    return [head, Rand(fresh, "bytes"), world.noise(size - len(head) - fresh)] if size > 2 else head[:size]


def _lookalike(world: World, port: int) -> Payload:
    rng = world.rng
    if port == 53:
        labels = (label.encode() for label in names.domain(rng).split("."))
        return dns.query([rand(int(rng.integers(5, 16)), "alnum"), *labels])
    if port == 123:
        return [b"\x23\x00\x06\xec" + bytes(36), Rand(8, "bytes")]
    if port == 27015:
        return b"\xff\xff\xff\xffTSource Engine Query\x00"
    call = b"OPTIONS sip:100@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 198.18.0.1:5060;branch=z9hG4bK"
    head = b"\r\nFrom: <sip:100@example.com>;tag="
    rest = b"\r\nTo: <sip:100@example.com>\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    return [call, Rand(10, "digits"), head, Rand(16, "hex"), b"\r\nCall-ID: ", Rand(24, "digits"), rest]


def _burst(world: World, payload: Payload | None, *, refused: bool) -> Conversation:
    rng = world.rng
    conversation = Conversation.udp(world, client_os=world.pick(_TOOLS), server_os="linux")
    gap = pace(world)
    varied = payload is None and rng.random() < 0.2
    same = _payload(world) if payload is None else payload
    if payload is None and not refused and rng.random() < 0.12:
        same, varied = world.noise(int(rng.choice((2000, 4096, 8192, 16_000, 65_000)))), False
    for _ in range(int(world.pick((1, 1, 1, 1, 2, 3, 5, 12)))):
        conversation.datagram(_payload(world) if varied else same, think=gap, jitter=0.9)
    return conversation.unreachable(3, think=0.0002) if refused else conversation


def conversations(world: World) -> list[Conversation]:
    """Bursts of equal datagrams, a fifth of them with the victim's ICMP answer; then lookalikes of four services.

    The first is hping3's: empty datagrams, one each.
    """
    hping = Conversation.udp(world, client_os="hping", server_os="linux").client(b"")
    generic = [hping] + [_burst(world, None, refused=number % 5 == 4) for number in range(1, _GENERIC)]
    made = [_burst(world, _lookalike(world, port), refused=False) for port in _LOOKALIKES for _ in range(_EACH)]
    return generic + made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """One to three victims, mostly one; a handful of tools at a time."""
    n, rng = len(intended), world.rng
    src, who = senders(world, intended, ("one", "one", "few", "botnet", "spoofed", "mixed"))
    dst_port, kind = target_ports(world, who, _PORTS, ("one", "one", "one", "few", "all", "walk", "zero"))
    weights = rng.gamma(0.3, 1.0, _GENERIC) + 1e-6
    if kind == "zero" or rng.random() < 0.2:
        weights[0] += 5.0 * weights.sum()
    if kind not in ("all", "walk"):
        weights[4::5] *= 0.2
    template = world.templates(n, _GENERIC, weights).astype(np.int64)
    for number, port in enumerate(_LOOKALIKES if kind in ("one", "few") else ()):
        template = np.where(dst_port == port, _GENERIC + number * _EACH + template % _EACH, template)
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=world.draw(world.some(world.sites, 1, int(world.pick((1, 1, 3)))), n),
        src_port=source_ports(world, who),
        dst_port=dst_port,
        template=template,
    )
