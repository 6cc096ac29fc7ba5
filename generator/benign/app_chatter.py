"""App chatter: programs that nobody looks at call home at regular times, fail, try again, and go on.

It looks like beaconing and like probing, and is none. Variants:

* ``push``: a long connection to a push service (TCP 5223, 5228, 443) with a few bytes each 28 s to 15 min;
* ``socket``: a web socket over TLS with pings each 20 to 55 s and news now and then;
* ``resolver``: DNS over HTTPS: one long connection with exchanges of 80 to 500 bytes, in bursts and steadily;
* ``dot``: DNS over TLS (853), a connection for one to four questions;
* ``telemetry``: a fresh TLS connection each period, 300 bytes to 8 kB up, an empty answer;
* ``poll``: weather, mail counts, tickets, scores: HTTP or TLS, JSON of some hundred bytes, each period of 2 s to 5 min;
* ``portal``: captive portal checks (HTTP, 204 or a word of text), certificate status (OCSP);
* ``race``: happy eyeballs (RFC 8305): a connection that lost against its twin and is closed or reset unused;
* ``down``: a service that is switched off: SYN three to six times without an answer, or a reset each time, again and
  again each period;
* ``strained``: 429 and 503, resets in the middle, the same request again after 1, 2, 4, 8 s.

Periods of 2 s to 15 min (at most a quarter of the campaign, so that the rhythm can be seen), jitter 0 to 20 %.
Parameters: ``period_s`` (one period for all), ``failing`` (share of ``down`` and ``strained``, else 0.1 to 0.3).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.benign.tls_browsing import handshake
from generator.conversation import Conversation
from generator.shapes import http, names, tls, x509
from generator.shapes.crowd import SECOND, assign, beats, by_actor, uneven
from generator.shapes.parts import Parts, rand
from generator.world import Attempts, World

FAMILY = Family("benign", "App chatter", "Programs hold push connections, poll, report, fail and try again.")
_EACH = 6
_SYSTEMS = ("android", "android", "ios", "ios", "windows", "windows", "macos", "linux")
_ENDS = ("fin", "fin", "server_fin", "rst", "none")


def _style(world: World) -> tls.ClientStyle:
    return (*tls.LIBRARIES, *tls.BROWSERS)[int(world.rng.integers(10))]


def _tcp(world: World) -> Conversation:
    return Conversation.tcp(world, client_os=str(world.pick(_SYSTEMS)), near="client")


def _longest(world: World) -> float:
    """Rhythms inside one connection stay visible in a campaign of this length."""
    return max(world.workload.duration_s / 5, 1.0)


def _push(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = handshake(world, _tcp(world), names.host(rng), _style(world), int(rng.integers(200, 900)))
    conversation.server(tls.application(int(rng.integers(60, 400))), think=0.03)
    beat = min(float(world.pick((28.0, 60.0, 120.0, 300.0, 600.0, 900.0))), _longest(world))
    sizes = int(rng.integers(23, 60)), int(rng.integers(23, 60))
    for turn in range(int(rng.integers(2, 8))):
        conversation.client(tls.application(sizes[0]), think=beat, jitter=0.02)
        conversation.server(tls.application(sizes[1]), think=0.002)
        if (turn + number) % 4 == 3:  # a message
            conversation.server(tls.application(int(rng.integers(150, 1600)), rng), think=float(rng.exponential(3)))
            conversation.client(tls.application(sizes[0]), think=0.02)
    return conversation.close(world.pick(("none", "none", "rst")), think=1.0)


def _socket(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = handshake(world, _tcp(world), names.host(rng), _style(world), int(rng.integers(400, 900)))
    conversation.server(tls.application(int(rng.integers(150, 300))), think=0.02)
    beat = min(float(rng.uniform(20, 55)), _longest(world))
    for turn in range(int(rng.integers(3, 10))):
        if (turn * 7 + number) % 3 == 0:
            for _ in range(int(rng.integers(1, 6))):
                conversation.server(tls.application(int(rng.integers(60, 900)), rng), think=float(rng.exponential(0.8)))
        conversation.client(tls.application(int(rng.integers(22, 30))), think=beat, jitter=0.03)
        conversation.server(tls.application(int(rng.integers(18, 26))), think=0.001)
    return conversation.close(world.pick(_ENDS), think=1.0)


def _resolver(world: World, number: int) -> Conversation:
    """HTTP/2 to a resolver: each question is a header frame and 33 to 60 bytes, each answer two records."""
    rng = world.rng
    conversation = handshake(world, _tcp(world), names.host(rng), _style(world), int(rng.integers(120, 260)))
    conversation.server(tls.application(int(rng.integers(60, 120))), think=0.004)
    steady = number % 2 == 0
    beat = min(float(world.pick((5.0, 10.0, 30.0))), _longest(world))
    for turn in range(int(rng.integers(6, 30))):
        think = beat if steady and turn % 2 == 0 else float(rng.lognormal(-3.0, 1.5))
        conversation.client(
            [*tls.application(int(rng.integers(28, 60))), *tls.application(62)], think=think, jitter=0.1
        )
        size = int(rng.integers(70, 500))
        conversation.server([*tls.application(int(rng.integers(40, 90))), *tls.application(size)], think=0.008)
    return conversation.close(world.pick(("server_fin", "rst", "fin", "none")), think=float(rng.exponential(10)))


def _dot(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = handshake(world, _tcp(world), names.host(rng), tls.GOLANG, 19 + int(rng.integers(30, 130)))
    for turn in range(1 + number % 4):
        conversation.server(tls.application(int(rng.integers(80, 470))), think=0.006)
        if turn < number % 4:
            conversation.client(tls.application(int(rng.integers(50, 150))), think=float(rng.lognormal(-2, 1.5)))
    return conversation.close(world.pick(_ENDS), think=float(rng.exponential(2)))


def _telemetry(world: World, number: int) -> Conversation:
    rng = world.rng
    first = int(rng.integers(300, 1400)) if number % 2 else int(rng.integers(1500, 8000))
    conversation = handshake(world, _tcp(world), names.host(rng), _style(world), first)
    conversation.server(tls.application(int(rng.integers(90, 380))), think=float(rng.lognormal(-3, 0.7)))
    return conversation.close(world.pick(_ENDS), think=float(rng.exponential(1.0)))


def _poll(world: World, number: int) -> Conversation:
    rng = world.rng
    if number % 2:
        conversation = handshake(world, _tcp(world), names.host(rng), _style(world), int(rng.integers(200, 700)))
        for turn in range(int(rng.integers(1, 4))):
            if turn:
                conversation.client(tls.application(int(rng.integers(60, 400))), think=float(rng.uniform(0.5, 5)))
            conversation.server(tls.application(int(rng.integers(250, 2500))), think=float(rng.lognormal(-3, 0.7)))
        return conversation.close(world.pick(_ENDS), think=float(rng.exponential(1.0)))
    agent = str(world.pick((*http.TOOLS, *http.BROWSERS)))
    asked: list[tuple[str, Parts]] = [("Host", names.host(rng).encode()), ("User-Agent", agent.encode())]
    conversation = _tcp(world).open()
    conversation.client(http.request("GET", f"{http.path(rng)}?v=3".encode(), asked), think=0.002)
    reply = http.server_headers(rng, "nginx", "application/json")
    body: Parts = [b'{"items": "', rand(int(rng.integers(16, 64)), "hex"), names.token(rng, 300).encode(), b'"}']
    status = 304 if rng.random() < 0.3 else 200
    conversation.server(http.response(status, reply, body if status == 200 else b""), think=0.03)
    return conversation.close(world.pick(_ENDS), think=float(rng.exponential(1.0)))


def _portal(world: World, number: int) -> Conversation:
    rng = world.rng
    path, status, body = (
        ("/generate_204", 204, b""),
        ("/connecttest.txt", 200, b"Connect Test"),
        ("/hotspot-detect.html", 200, b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"),
        ("/success.txt?ipv4", 200, b"success\n"),
        (f"/ocsp/{names.token(rng, 64)}", 200, x509.ocsp(rng)),
        ("/canonical.html", 302, b""),
    )[number % 6]
    agent = str(world.pick((*http.BROWSERS, "CaptiveNetworkSupport-481.60.1 wispr", "Microsoft NCSI")))
    asked: list[tuple[str, Parts]] = [("Host", names.host(rng).encode()), ("User-Agent", agent.encode())]
    conversation = _tcp(world).open()
    conversation.client(http.request("GET", path.encode(), [*asked, ("Connection", b"close")]), think=0.001)
    kind = "application/ocsp-response" if "ocsp" in path else "text/plain"
    conversation.server(http.response(status, http.server_headers(rng, "nginx", kind), body), think=0.004)
    return conversation.close(world.pick(("fin", "server_fin")), think=0.001)


def _race(world: World, number: int) -> Conversation:
    conversation = _tcp(world)
    if number % 3 == 0:  # the answer came after the decision
        return conversation.send("S").send("SA", from_client=False, think=0.00005).send("R", think=0.00003)
    if number % 3 == 1:  # the other family's way is broken
        return conversation.send("S").repeat(think=1.0)
    return conversation.open().close("fin", think=float(world.rng.uniform(0.0005, 10.0)))


def _down(world: World, number: int) -> Conversation:
    conversation = _tcp(world).send("S")
    if number % 2:
        for _ in range(int(world.rng.integers(0, 3))):
            conversation.refuse().send("S", think=0.5)  # Windows asks three times, half a second apart
        return conversation.refuse()
    for turn in range(int(world.rng.integers(2, 6))):
        conversation.repeat(think=float(2**turn), jitter=0.01)
    return conversation


def _strained(world: World, number: int) -> Conversation:
    """Errors and another try on the same connection, or a reset instead of an answer."""
    rng = world.rng
    conversation = _tcp(world).open()
    agent = str(world.pick(http.TOOLS))
    asked: list[tuple[str, Parts]] = [("Host", names.host(rng).encode()), ("User-Agent", agent.encode())]
    path = http.path(rng).encode()
    for turn in range(1 + number % 4):
        conversation.client(http.request("GET", path, asked), think=float(2**turn) if turn else 0.001, jitter=0.5)
        if turn == 2 and rng.random() < 0.5:
            return conversation.close("server_rst", think=float(rng.exponential(2.0)))
        status = int(world.pick((429, 503, 500, 502))) if turn < 3 else 200
        reply = [*http.server_headers(rng, "cloud", "text/html"), ("Retry-After", b"1")]
        conversation.server(http.response(status, reply, http.html(rng, 250)), think=float(rng.lognormal(-1.5, 1.0)))
    return conversation.close(world.pick(("fin", "server_fin", "rst")), think=0.01)


_Maker = Callable[[World, int], Conversation]
_KINDS: tuple[tuple[_Maker, tuple[int, ...], float], ...] = (
    (_push, (5223, 5228, 443), 1.5),
    (_socket, (443,), 1.0),
    (_resolver, (443,), 1.0),
    (_dot, (853,), 0.7),
    (_telemetry, (443,), 3.0),
    (_poll, (443,), 3.0),
    (_portal, (80,), 1.0),
    (_race, (443, 443, 80), 1.0),
    (_down, (443, 8080, 445, 9100, 631, 8883), 1.5),
    (_strained, (80, 8080), 1.0),
)
_CLANS = 20  # programs: each has one kind, one service, one period


def conversations(world: World) -> list[Conversation]:
    """Six of each kind."""
    return [make(world, number) for make, _, _ in _KINDS for number in range(_EACH)]


def _programs(world: World) -> npt.NDArray[np.int64]:
    """Which kind each program is of: every kind once, then by weight."""
    weights = np.array([weight for _, _, weight in _KINDS])
    failing = float(np.clip(world.params.get("failing", world.rng.uniform(0.1, 0.3)), 0.0, 0.95))
    weights[-2:] *= failing * weights[:-2].sum() / (1.0 - failing) / weights[-2:].sum()
    more = world.rng.choice(len(_KINDS), _CLANS - len(_KINDS), p=weights / weights.sum())
    return np.concatenate([np.arange(len(_KINDS)), more])


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Hosts inside run programs; each keeps its program's period towards one or two hosts of its service."""
    n, rng = len(intended), world.rng
    kinds = _programs(world)
    weights = uneven(rng, _CLANS, 2.0) * np.array([_KINDS[kind][2] for kind in kinds])
    clan = assign(rng, intended, weights / weights.sum())
    most = float(np.clip(world.workload.duration_s / 4, 2.5, 900.0))
    periods = np.exp(rng.uniform(np.log(2.0), np.log(most), _CLANS))
    wanted = world.params.get("period_s")
    periods = np.full(_CLANS, float(wanted)) if wanted is not None else periods
    # what stays open holds several beats; its program opens another one later
    periods = np.where(kinds < 3, np.maximum(periods, world.workload.duration_s / 2), periods)
    jitter = rng.choice((0.0, 0.01, 0.05, 0.1, 0.2), _CLANS)
    times, actor = beats(intended, clan, (periods * SECOND).astype(np.int64), jitter, rng.random(n))
    services = world.draw(world.outside_servers, 2 * _CLANS)
    inside = world.some(world.sites, 1, 6)
    hosts = rng.permutation(len(world.inside))
    target = services[clan * 2 + actor % 2]
    local = (kinds == 8)[clan] & (rng.random(_CLANS) < 0.5)[clan]  # a printer or share that is off
    src, dst = by_actor(
        world,
        actor,
        world.inside[hosts[(actor * 7 + clan) % len(hosts)]],
        np.where(local[:, None], inside[clan % len(inside)], target),
    )
    ports = np.array([int(world.pick(_KINDS[kind][1])) for kind in kinds])
    variant = (actor + clan) % _EACH
    port = np.where((kinds[clan] == 5) & (variant % 2 == 0), 80, ports[clan])
    return Attempts.of(
        world,
        times,
        src=src,
        dst=dst,
        dst_port=port,
        template=kinds[clan] * _EACH + variant,
        rtt_ns=world.rtt(_CLANS)[clan],
        ipv6=False,
    )
