"""Exfiltration: data leaves an infected host for a drop zone, in bulk or drop by drop.

HTTPS and HTTP uploads (40 to 250 kB in one go, or POSTs of 1 to 8 kB now and then), FTP data connections, raw TCP,
and ICMP echo with data instead of padding (both ways, 64 to 1,400 bytes). Nearly all bytes go out; answers are small.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes import http, names, tls
from generator.shapes.crowd import assign, beats, by_actor, infected, uneven
from generator.shapes.parts import bulk
from generator.world import Attempts, World

FAMILY = Family(
    "exfiltration",
    "Exfiltration",
    "Data leaves an infected host in bulk or drop by drop, over HTTPS, HTTP, FTP, TCP or ICMP.",
    "T1048",
    "TA0010",
)
_EACH = 6


def _amount(world: World, *, drip: bool) -> int:
    low, high = (1_000, 8_000) if drip else (40_000, 250_000)
    return int(np.exp(world.rng.uniform(np.log(low), np.log(high))))


def _sealed(world: World, *, drip: bool) -> Conversation:
    rng = world.rng
    style = (*tls.LIBRARIES[:3], tls.CHROME_OLD)[int(rng.integers(4))]
    conversation = Conversation.tcp(world, near="client").open()
    conversation.client(tls.client_hello(rng, names.host(rng), style), think=0.001)
    conversation.server(tls.server_flight_13(rng, style, int(rng.integers(1500, 4500))), think=0.002)
    conversation.client([*tls.client_finish_13(), *tls.application(int(rng.integers(200, 500)))], think=0.001)
    conversation.client(tls.application(_amount(world, drip=drip), rng), think=0.005)
    return conversation.server(tls.application(int(rng.integers(120, 500))), think=0.02).close("fin", think=0.01)


def _plain(world: World, *, drip: bool) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, near="client").open()
    headers = [("Host", names.host(rng).encode()), ("User-Agent", str(world.pick(http.TOOLS + http.BROWSERS)).encode())]
    body = bulk(rng, _amount(world, drip=drip), str(world.pick(("bytes", "base64"))))
    conversation.client(http.request("POST", http.path(rng).encode(), [*headers], body), think=0.001)
    answer = http.response(200, http.server_headers(rng, "nginx", "text/plain"), b"ok\n")
    return conversation.server(answer, think=0.02).close("fin", think=0.001)


def _data(world: World, *, drip: bool) -> Conversation:
    conversation = Conversation.tcp(world, near="client").open()
    return conversation.client(bulk(world.rng, _amount(world, drip=drip)), think=0.002).close("fin", think=0.001)


def _echo(world: World, *, drip: bool) -> Conversation:
    rng = world.rng
    conversation = Conversation.icmp(world, client_os=world.pick(("linux", "windows")), near="client")
    size, gap = int(rng.integers(64, 1400)), float(rng.uniform(0.3, 1.5) if drip else rng.uniform(0.001, 0.1))
    for _ in range(int(rng.integers(3, 10) if drip else rng.integers(20, 80))):
        conversation.ping(Rand(size, "bytes"), reply=rng.random() < 0.9, think=gap)
    return conversation


_KINDS: tuple[Callable[..., Conversation], ...] = (_sealed, _plain, _data, _echo)
_PORTS = np.array((443, 80, 20021, 0), np.int64)


def conversations(world: World) -> list[Conversation]:
    """For each of four channels three in bulk, then three that drip."""
    return [make(world, drip=number >= _EACH // 2) for make in _KINDS for number in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Infected hosts send to a few drop zones; those that drip do it every few seconds."""
    n, rng = len(intended), world.rng
    channel = assign(rng, intended, uneven(rng, len(_KINDS)))
    periods = (rng.uniform(1.5, 12.0, len(_KINDS)) * 1e9).astype(np.int64)
    times, actor = beats(intended, channel, periods, rng.uniform(0.0, 0.6, len(_KINDS)), rng.random(n))
    zones = world.some(world.attack_servers, 4, 16)
    src, dst = by_actor(world, actor, infected(world, actor), zones[(channel + 4 * actor) % len(zones)])
    drips = (actor % 3 > 0).astype(np.int64)
    return Attempts.of(
        world,
        times,
        src=src,
        dst=dst,
        dst_port=_PORTS[channel],
        template=channel * _EACH + drips * (_EACH // 2) + rng.integers(0, _EACH // 2, n),
        rtt_ns=world.rtt(len(_KINDS))[channel],
        ipv6=False,
    )
