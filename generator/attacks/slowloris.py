"""Slow HTTP attacks: connections that are held open with as little as possible.

Slow headers (slowloris: an unfinished request, then one header line every few seconds), slow body (R.U.D.Y.: a POST
that announces much and sends a few bytes at a time) and slow read (a tiny receive window that drains an answer drop
by drop); or one told by ``kind``: ``headers``, ``body``, ``read``. Drawn per campaign: period 3 to 15 s, length of the
dribbles, headers of the tool, how many rounds before the server gives up (400 or 408 with a page, a reset or a close),
whether it never does. Once all its sockets are taken the server stays silent: SYNs are repeated, or the handshake is
made by its kernel and nobody acknowledges. One attacker with all connections, or up to a dozen and more
(``attackers``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import http, names
from generator.shapes.crowd import assign, by_actor, distances, gang, uneven
from generator.shapes.floods import chosen
from generator.shapes.parts import Part, Parts, rand
from generator.world import Attempts, World

FAMILY = Family(
    "dos",
    "Slow HTTP (slowloris)",
    "Connections held open with slow headers, slow bodies or slow reading until a server has none left.",
    "T1499.002",
    "TA0040",
)
_EACH = 10
_KINDS = ("headers", "body", "read")


def _end(world: World, conversation: Conversation, period: float) -> Conversation:
    rng, how = world.rng, world.rng.random()
    if how < 0.4:
        page = http.html(rng, int(rng.integers(200, 500))) if rng.random() < 0.7 else b""
        headers: list[tuple[str, Parts]] = [
            ("Connection", b"close"),
            ("Server", str(world.pick(http.SERVERS)).encode()),
        ]
        conversation.server(http.response(int(rng.choice((400, 408))), headers, page), think=period * 0.7)
        if rng.random() < 0.6:  # the tool still dribbles into the closed socket, and both sides reset
            conversation.send("FA", from_client=False, think=0.0001).send("A", think=0.00005)
            return conversation.client(b"X-a: 1\r\n", think=period * 0.3).close("server_rst", think=0.00005)
        return conversation.close("server_fin")
    if how < 0.5:
        return conversation.close("server_fin", think=period * 0.5)
    return conversation.close(world.pick(("fin", "rst", "server_rst", "none")), think=period)


def _headers(world: World, host: str, period: float, rounds: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(("linux", "linux", "windows", "macos")))
    full = rng.random()
    if full < 0.08:  # the backlog is full
        conversation.send("S")
        for again in range(int(rng.integers(1, 4))):
            conversation.repeat(think=float(2**again))
        return conversation
    conversation.open()
    agent = str(world.pick(http.OLD_BROWSERS + http.BROWSERS[:2]))
    first: list[Part] = [b"GET /?", rand(int(rng.integers(2, 6)), "digits"), b" HTTP/1.1\r\n"]
    rest = f"Host: {host}\r\nUser-Agent: {agent}\r\nAccept-language: en-US,en,q=0.5\r\n".encode()
    if rng.random() < 0.3:
        rest += b"Content-Length: 42\r\n"
    if rng.random() < 0.5:
        conversation.client(first, think=0.0002).client(rest, think=0.0005)
    else:
        conversation.client([*first, rest], think=0.0003)
    field = str(world.pick(("X-a", "X-a", "X-Custom", "X", "Cookie")))
    digits = int(rng.integers(1, 6))
    if full < 0.2:  # the server's kernel took the connection, its program never looks
        return conversation.acknowledge(0.00005).close("none")
    for _ in range(rounds):
        conversation.acknowledge(0.00005)
        conversation.client([f"{field}: ".encode(), rand(digits, "digits"), b"\r\n"], think=period, jitter=0.05)
    conversation.acknowledge(0.00005)
    return _end(world, conversation, period)


def _body(world: World, host: str, period: float, rounds: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(("linux", "linux", "windows"))).open()
    promised = int(rng.choice((1000, 4096, 10000, 100000000)))
    head = f"POST {http.path(rng)} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {world.pick(http.BROWSERS)}\r\n"
    head += "Connection: keep-alive\r\n"
    head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {promised}\r\n\r\n"
    conversation.client(head.encode(), think=0.0003)
    size = int(rng.choice((1, 1, 1, 2, 8, 30)))
    for _ in range(rounds):
        conversation.acknowledge(0.00005)
        conversation.client([rand(size, "alnum")], think=period, jitter=0.1)
    return _end(world, conversation, period)


def _read(world: World, host: str, period: float, rounds: int) -> Conversation:
    rng = world.rng
    window = int(rng.choice((64, 128, 256, 512)))
    conversation = Conversation.tcp(world, client_os="linux").narrow(window).open()
    headers: list[tuple[str, Parts]] = [
        ("Host", host.encode()),
        ("User-Agent", str(world.pick(http.BROWSERS)).encode()),
    ]
    conversation.client(http.request("GET", http.path(rng).encode(), headers), think=0.0003)
    page = http.html(rng, window * (rounds + 2))
    answer = http.response(200, http.server_headers(rng, "nginx", "text/html"), b"")
    conversation.server(answer, think=0.002).acknowledge(0.00005)
    for number in range(rounds):
        piece = page[number * window : (number + 1) * window]
        conversation.server(piece, think=0.0002).acknowledge(period * 0.9)
        if rng.random() < 0.4:  # the server probes the full window (RFC 9293 section 3.8.6.1)
            conversation.send("A", from_client=False, think=period * 0.1).send("A", think=0.00005)
    return _end(world, conversation, period)


def conversations(world: World) -> list[Conversation]:
    """Ten variants of each kind; those of one kind share a tool's period."""
    rng = world.rng
    host = names.host(rng)
    made = []
    for make in (_headers, _body, _read):
        period = float(np.exp(rng.uniform(np.log(1.0), np.log(15.0))))
        most = int(rng.integers(2, 13))
        made += [
            make(world, host, period * float(rng.uniform(0.9, 1.1)), int(rng.integers(1, most + 1)))
            for _ in range(_EACH)
        ]
    return made


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """One victim or two; each attacker keeps to one kind."""
    n, rng = len(intended), world.rng
    attackers = gang(world, intended, (2.0, 100.0), (1, 250))
    who = assign(rng, intended, uneven(rng, len(attackers)))
    kinds = rng.choice(3, int(world.pick((1, 1, 2, 3))), replace=False, p=(0.5, 0.25, 0.25))
    if "kind" in world.params:
        kinds = np.array([_KINDS.index(chosen(world, "kind", _KINDS, _KINDS))])
    victims = world.some(world.sites, 1, 2)
    src, dst = by_actor(world, who, attackers[who], victims[who % len(victims)])
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=int(world.pick((80, 80, 8080, 443))),
        template=kinds[who % len(kinds)] * _EACH + rng.integers(0, _EACH, n),
        rtt_ns=distances(world, len(attackers))[who],
        ipv6=False,
    )
