"""Exfiltration: data leaves an infected host for a drop zone, in bulk or drop by drop.

Channels, or one told by ``channel``:

* ``https`` and ``http``: uploads of 40 to 250 kB in one go, chunks of 1 to 8 kB now and then, or a series of chunks on
  one connection;
* ``ftp``: a control connection with login and STOR, and data connections;
* ``tcp``: raw TCP;
* ``icmp``: echo with data instead of padding, 32 to 1,400 bytes, each 1 ms to 2 s; the far end echoes it, answers with
  data of its own (tunnels), or says nothing. One identifier, and so one flow, for as long as it lasts.

Nearly all bytes go out; answers are small (but for echoes and tunnels). From one bot up.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Rand
from generator.shapes import http, names, tls
from generator.shapes.crowd import assign, beats, by_actor, infected, planned_rate, uneven
from generator.shapes.floods import chosen
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
    for number in range(int(rng.integers(2, 12)) if rng.random() < 0.3 else 1):  # in chunks, each confirmed
        gap = float(rng.uniform(0.3, 4.0)) if number else 0.005
        conversation.client(tls.application(_amount(world, drip=drip or number > 0), rng), think=gap, jitter=0.5)
        conversation.server(tls.application(int(rng.integers(60, 500))), think=0.02)
    return conversation.close("fin", think=0.01)


def _plain(world: World, *, drip: bool) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, near="client").open()
    headers = [("Host", names.host(rng).encode()), ("User-Agent", str(world.pick(http.TOOLS + http.BROWSERS)).encode())]
    body = bulk(rng, _amount(world, drip=drip), str(world.pick(("bytes", "base64"))))
    conversation.client(http.request("POST", http.path(rng).encode(), [*headers], body), think=0.001)
    answer = http.response(200, http.server_headers(rng, "nginx", "text/plain"), b"ok\n")
    return conversation.server(answer, think=0.02).close("fin", think=0.001)


def _ftp(world: World, *, drip: bool) -> Conversation:
    """The data connection, or (the first of those that drip) the control connection that asks for it."""
    rng = world.rng
    conversation = Conversation.tcp(world, near="client").open()
    if not drip or rng.random() < 0.6:
        return conversation.client(bulk(rng, _amount(world, drip=drip)), think=0.002).close("fin", think=0.001)
    conversation.server(b"220 ready\r\n", think=0.01)
    file = f"{world.word()}.{world.pick(('zip', 'rar', 'txt', 'db'))}"
    asked = (f"USER {world.word()}", f"PASS {world.word()}", "TYPE I", "PASV", f"STOR {file}")
    told = ("331 password", "230 logged in", "200 ok", "227 Entering Passive Mode (198,18,0,1,78,53)", "150 go ahead")
    for line, reply in zip(asked, told, strict=True):
        conversation.client(f"{line}\r\n".encode(), think=0.002).server(f"{reply}\r\n".encode(), think=0.005)
    conversation.server(b"226 done\r\n", think=float(rng.uniform(0.1, 3.0))).client(b"QUIT\r\n", think=0.01)
    return conversation.server(b"221 bye\r\n", think=0.001).close("server_fin")


def _data(world: World, *, drip: bool) -> Conversation:
    conversation = Conversation.tcp(world, near="client").open()
    return conversation.client(bulk(world.rng, _amount(world, drip=drip)), think=0.002).close("fin", think=0.001)


def _echo(world: World, *, drip: bool) -> Conversation:
    rng = world.rng
    conversation = Conversation.icmp(world, client_os=world.pick(("linux", "windows")), near="client")
    gap = float(np.exp(rng.uniform(*np.log((0.3, 2.0) if drip else (0.001, 0.2)))))
    size, count = int(rng.choice((rng.integers(32, 256), rng.integers(256, 1400)))), int(rng.integers(20, 250))
    answers, number = str(world.pick(("echo", "echo", "tunnel", "none"))), rng.bytes(2)
    counts = rng.random() < 0.7
    for turn in range(min(count, max(int(world.workload.duration_s / gap), 3))):
        head = number + struct.pack("!H", turn if counts else 0)
        length = size if answers != "tunnel" else int(rng.integers(28, size + 28))
        body: list[bytes | Rand] = [head, Rand(length, "bytes", f"data{turn}")]
        conversation.icmp_message(8, 0, body, think=gap, jitter=float(rng.choice((0.01, 0.5))))
        if answers == "echo":
            conversation.icmp_message(0, 0, body, from_client=False, think=0.0003)
        elif answers == "tunnel" and rng.random() < 0.9:
            back = int(rng.integers(28, 300 if rng.random() < 0.9 else 1400))
            told: list[bytes | Rand] = [head, Rand(back, "bytes")]
            conversation.icmp_message(0, 0, told, from_client=False, think=0.001)
    return conversation


_KINDS: tuple[Callable[..., Conversation], ...] = (_sealed, _plain, _ftp, _data, _echo)
CHANNELS: Final = ("https", "http", "ftp", "tcp", "icmp")
_LIKING: Final = np.array((2.0, 1.0, 1.0, 1.0, 3.0))
_PORTS = np.array((443, 80, 20021, 4433, 0), np.int64)


def conversations(world: World) -> list[Conversation]:
    """For each of five channels three in bulk, then three that drip."""
    return [make(world, drip=number >= _EACH // 2) for make in _KINDS for number in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Infected hosts, or one, send to a few drop zones; those that drip do it every few seconds."""
    n, rng = len(intended), world.rng
    only = rng.choice(len(_KINDS), p=_LIKING / _LIKING.sum())
    shares = (
        np.eye(len(_KINDS))[only] if rng.random() < 0.5 else uneven(rng, len(_KINDS), float(world.pick((0.3, 1.0))))
    )
    if "channel" in world.params:
        shares = (np.array(CHANNELS) == chosen(world, "channel", CHANNELS, CHANNELS)) + 0.0
    channel = assign(rng, intended, shares)
    few = rng.random() < 0.5
    bots = int(np.exp(rng.uniform(0.0, np.log(5.0))))
    every = bots / max(planned_rate(world) * float(shares.max()), 1e-3)
    periods = np.full(len(_KINDS), every) if few else rng.uniform(1.5, 12.0, len(_KINDS))
    most = np.full(len(_KINDS), bots if few else max(n, 1))
    noise = rng.random(n)
    times, actor = beats(
        intended, channel, (periods * 1e9).astype(np.int64), rng.uniform(0.0, 0.6, len(_KINDS)), noise, most
    )
    zones = world.some(world.attack_servers, 4, 16)
    src, dst = by_actor(world, actor, infected(world, actor), zones[(channel + 4 * actor) % len(zones)])
    drips = (actor % 3 > 0).astype(np.int64)
    variant = np.where(channel == len(_KINDS) - 1, actor, rng.integers(0, _EACH, n)) % (_EACH // 2)
    return Attempts.of(
        world,
        times,
        src=src,
        dst=dst,
        dst_port=_PORTS[channel],
        template=channel * _EACH + drips * (_EACH // 2) + variant,
        rtt_ns=world.rtt(len(_KINDS))[channel],
        ipv6=False,
    )
