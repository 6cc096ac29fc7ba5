"""HTTP flood: a crowd of bots asks for more pages than the servers can make.

Tools drawn per campaign: cache-busting GETs with a new query, agent and referer each time (HULK, GoldenEye), constant
GETs (LOIC), POSTs of random form data, pipelined or kept-alive GETs, floods over TLS, and head-of-line requests that
the tool drops. Bots make complete handshakes and ask for one dynamic page again and again: no assets, no caching
headers honoured, no reading time. Answers are the page (1 to 16 kB), an error (403, 429, 502, 503), silence or a
reset, as the victim tires. Each bot makes about 0.3 to 30 connections a second.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import http, names, tls
from generator.shapes.crowd import assign, by_actor, headcount, rate, uneven, villains
from generator.shapes.parts import Part, Parts, rand
from generator.world import Attempts, World

FAMILY = Family(
    "dos",
    "HTTP flood",
    "A crowd of bots makes complete connections and asks for costly pages without end.",
    "T1499.002",
    "TA0040",
)
_EACH = 8
_SYSTEMS = ("linux", "linux", "windows", "android", "embedded")


def _headers(world: World, host: str, agent: str) -> list[tuple[str, Parts]]:
    rng = world.rng
    headers: list[tuple[str, Parts]] = [("Host", host.encode()), ("User-Agent", agent.encode())]
    if rng.random() < 0.7:
        headers.append(("Cache-Control", b"no-cache"))
    if rng.random() < 0.7:
        headers.append(("Accept-Charset", b"ISO-8859-1,utf-8;q=0.7,*;q=0.7"))
    if rng.random() < 0.6:
        referer = f"http://www.{names.domain(rng)}/?q=".encode()
        headers.append(("Referer", [referer, rand(int(rng.integers(5, 11)), "alnum")]))
    if rng.random() < 0.5:
        headers.append(("Keep-Alive", str(int(rng.integers(110, 121))).encode()))
    headers.append(("Connection", world.pick((b"keep-alive", b"keep-alive", b"close"))))
    return headers


def _agent(world: World) -> str:
    return str(world.pick(http.OLD_BROWSERS + http.BROWSERS + http.TOOLS))


def _busting(world: World, host: str, page: str) -> list[Part]:
    rng = world.rng
    target: list[Part] = [
        f"{page}?".encode(),
        rand(int(rng.integers(3, 11)), "alnum"),
        b"=",
        rand(int(rng.integers(3, 11)), "alnum"),
    ]
    return http.request("GET", target, _headers(world, host, _agent(world)))


def _constant(world: World, host: str, page: str) -> list[Part]:
    return http.request("GET", page.encode(), [("Host", host.encode())], version=world.pick(("1.0", "1.1")))


def _posting(world: World, host: str, page: str) -> list[Part]:
    rng = world.rng
    headers = [*_headers(world, host, _agent(world)), ("Content-Type", b"application/x-www-form-urlencoded")]
    body: list[Part] = [b"search=", rand(int(rng.integers(8, 900)), "alnum"), b"&submit=1"]
    return http.request("POST", page.encode(), headers, body)


def _browser_like(world: World, host: str, page: str) -> list[Part]:
    rng = world.rng
    target: list[Part] = [page.encode()] if rng.random() < 0.5 else [f"{page}?id=".encode(), rand(5, "digits")]
    return http.request("GET", target, http.browser_headers(rng, host, str(world.pick(http.BROWSERS))))


def _answer(world: World, server: str) -> tuple[list[Part] | None, float]:
    """What the victim says and after how long; None is silence."""
    rng = world.rng
    state = rng.random()
    think = float(rng.lognormal(-3.5, 1.3))
    if state < 0.12:
        return None, think
    if state < 0.35:
        status = int(rng.choice((403, 429, 502, 503)))
        return http.response(
            status, http.server_headers(rng, server, "text/html"), http.html(rng, int(rng.integers(150, 700)))
        ), think
    size = int(np.clip(rng.lognormal(8.0, 0.8), 400, 16_000))
    return http.response(200, http.server_headers(rng, server, "text/html; charset=UTF-8"), http.html(rng, size)), think


def _plain(world: World, make: Callable[[World, str, str], list[Part]], host: str, page: str) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(_SYSTEMS), server_os="linux").open()
    server = str(world.pick(http.SERVERS))
    for _ in range(int(world.pick((1, 1, 1, 1, 2, 4, 8)))):
        conversation.client(make(world, host, page), think=float(rng.exponential(0.004)), jitter=0.9)
        answer, think = _answer(world, server)
        if answer is None:
            return conversation.close(world.pick(("none", "none", "rst", "fin")), think=float(rng.uniform(0.5, 8)))
        conversation.server(answer, think=think, jitter=0.8)
    return conversation.close(
        world.pick(("fin", "fin", "server_fin", "rst", "none")), think=float(rng.exponential(0.02))
    )


def _over_tls(world: World, host: str) -> Conversation:
    rng = world.rng
    style = tls.LIBRARIES[int(rng.integers(0, 3))] if rng.random() < 0.7 else tls.CHROME_OLD
    conversation = Conversation.tcp(world, client_os=world.pick(_SYSTEMS), server_os="linux").open()
    conversation.client(tls.client_hello(rng, host, style), think=0.0004)
    conversation.server(tls.server_flight_13(rng, style, int(rng.integers(1800, 4200))), think=0.002)
    conversation.client([*tls.client_finish_13(), *tls.application(int(rng.integers(90, 600)))], think=0.001)
    for number in range(int(world.pick((1, 1, 2, 5)))):
        if number:
            conversation.client(tls.application(int(rng.integers(90, 500))), think=float(rng.exponential(0.004)))
        conversation.server(
            tls.application(int(rng.integers(200, 9000)), rng), think=float(rng.lognormal(-3.5, 1.2)), jitter=0.8
        )
    return conversation.close(world.pick(("fin", "rst", "none")), think=0.001)


_TOOLS: tuple[Callable[[World, str, str], list[Part]], ...] = (_busting, _constant, _posting, _browser_like)


def conversations(world: World) -> list[Conversation]:
    """Eight variants of each tool, all at one host and a costly page or two; TLS floods come last."""
    host = names.host(world.rng)
    made = []
    for make in _TOOLS:
        page = world.pick(("/", "/", "/search", "/index.php", http.path(world.rng)))
        made += [_plain(world, make, host, page) for _ in range(_EACH)]
    return made + [_over_tls(world, host) for _ in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """One or two victims; bots of one to three tools, unequal in pace."""
    n, rng = len(intended), world.rng
    count = headcount(rng, rate(intended), (0.3, 30.0), (6, 6000))
    bots = villains(world, count)
    who = assign(rng, intended, uneven(rng, len(bots), 2.0))
    tools = rng.choice(len(_TOOLS) + 1, int(rng.integers(1, 4)), replace=False)
    tool = tools[who % len(tools)]
    victims = world.some(world.sites, 1, 2)
    src, dst = by_actor(world, who, bots[who], victims[who % len(victims)])
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=np.where(tool == len(_TOOLS), 443, world.pick((80, 80, 80, 8080))),
        template=tool * _EACH + rng.integers(0, _EACH, n),
        rtt_ns=world.rtt(len(bots))[who],
        ipv6=False,
    )
