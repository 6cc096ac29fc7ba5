"""HTTP flood: a crowd of bots asks for more pages than the servers can make.

Tools drawn per campaign: cache-busting GETs with a new query, agent and referer each time (HULK, GoldenEye), constant
GETs (LOIC), POSTs of random form data, pipelined or kept-alive GETs, floods over TLS, and head-of-line requests that
the tool drops. Bots make complete handshakes and ask for one dynamic page again and again: no assets, no caching
headers honoured, no reading time. Answers are the page (1 to 16 kB), a small one, an error (403, 429, 502, 503),
silence or a reset, as the victim tires; a victim that has given up takes no more connections (SYNs repeated), answers
after seconds, and sends again what is not acknowledged. ``state`` of the victim: ``fresh``, ``tired`` or ``down``. One
machine with a tool (``attackers`` = 1), or bots that make about 0.3 to 30 connections a second each.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation
from generator.shapes import http, names, tls
from generator.shapes.crowd import assign, by_actor, distances, gang, uneven
from generator.shapes.floods import chosen
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
_STATES = ("fresh", "tired", "down")
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


def _answer(world: World, server: str, state: str) -> tuple[list[Part] | None, float]:
    """What the victim says and after how long; None is silence."""
    rng = world.rng
    silent = {"fresh": 0.04, "tired": 0.15, "down": 0.5}[state]
    luck = rng.random()
    slow = {"fresh": -4.0, "tired": -2.0, "down": 0.7}[state]
    think = float(np.clip(rng.lognormal(slow, 1.3), 0.0001, 40.0))
    if luck < silent:
        return None, think
    if luck < silent + 0.25:
        status = int(rng.choice((403, 429, 502, 503)))
        return http.response(
            status, http.server_headers(rng, server, "text/html"), http.html(rng, int(rng.integers(150, 700)))
        ), think
    middle = 8.0 if rng.random() < 0.6 else 6.4
    size = int(np.clip(rng.lognormal(middle, 0.8), 200, 16_000))
    return http.response(200, http.server_headers(rng, server, "text/html; charset=UTF-8"), http.html(rng, size)), think


def _refused(world: World, conversation: Conversation) -> Conversation:
    """The backlog is full: SYNs again after 1, 2, 4 s, or a SYN/ACK that comes too late and a reset."""
    conversation.send("S")
    for again in range(int(world.rng.integers(1, 6))):
        conversation.repeat(think=float(2**again))
    if world.rng.random() < 0.3:
        conversation.send("SA", from_client=False, think=0.5).send("R", think=0.0001, options=False)
    return conversation


def _plain(
    world: World, make: Callable[[World, str, str], list[Part]], host: str, page: str, state: str
) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world, client_os=world.pick(_SYSTEMS), server_os="linux")
    if rng.random() < {"fresh": 0.0, "tired": 0.1, "down": 0.4}[state]:
        return _refused(world, conversation)
    conversation.open()
    server = str(world.pick(http.SERVERS))
    for _ in range(int(world.pick((1, 1, 1, 1, 2, 4, 8)))):
        conversation.client(make(world, host, page), think=float(rng.exponential(0.004)), jitter=0.9)
        answer, think = _answer(world, server, state)
        if answer is None:
            if state == "down":  # nobody acknowledges: the request goes out again and again
                for again in range(int(rng.integers(1, 5))):
                    conversation.repeat(think=0.3 * 2.0**again)
            return conversation.close(world.pick(("none", "none", "rst", "fin")), think=float(rng.uniform(0.5, 8)))
        conversation.server(answer, think=think, jitter=0.8)
    idle = float(rng.choice((0.0, 5.0, 15.0))) if state != "fresh" else 0.0  # a kept connection is closed late
    return conversation.close(
        world.pick(("fin", "fin", "server_fin", "server_fin", "rst", "none")), think=idle + float(rng.exponential(0.02))
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
    host, state = names.host(world.rng), chosen(world, "state", _STATES, ("fresh", "tired", "tired", "down"))
    made = []
    for make in _TOOLS:
        page = world.pick(("/", "/", "/search", "/index.php", http.path(world.rng)))
        made += [_plain(world, make, host, page, state) for _ in range(_EACH)]
    return made + [_over_tls(world, host) for _ in range(_EACH)]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """One or two victims; bots of one to three tools, unequal in pace."""
    n, rng = len(intended), world.rng
    bots = gang(world, intended, (0.3, 30.0), (1, 6000))
    who = assign(rng, intended, uneven(rng, len(bots), 2.0))
    tools = rng.choice(len(_TOOLS) + 1, int(rng.integers(1, 4)), replace=False)
    tool = tools[who % len(tools)]
    victims = world.some(world.sites, 1, int(world.pick((1, 1, 2))))
    src, dst = by_actor(world, who, bots[who], victims[who % len(victims)])
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=np.where(tool == len(_TOOLS), 443, world.pick((80, 80, 80, 8080))),
        template=tool * _EACH + rng.integers(0, _EACH, n),
        rtt_ns=distances(world, len(bots))[who],
        ipv6=False,
    )
