"""Flash crowd: the people that a goal, a ticket sale or an opening ceremony brings, all at once and all real.

What a flood copies is the rate. What it lacks is here: thousands of distinct clients of every system, each with a
full handshake, a page and then its assets over several connections, answers that are 200 and 304 with caching
headers, reading and queueing times of people, round trips as far apart as the crowd is, and orderly ends. Under load
servers slow down, some clients retry the SYN, some see 503 with Retry-After, reload, or give up. Half of the crowd
uses TLS. The crowd gathers within 5 to 60 s of its event, then thins out.

Variants beside visits: **reload storms** (the same page again and again, 0.5 to 3 s apart, on one connection and on
new ones, as a queue for tickets makes people do), **apps** that poll a score or a queue's position each 1 to 5 s (all
with the same few sizes), **overload** (a SYN that is never answered, one that is refused, a handshake and then
nothing for 10 s, a reset or a 503 instead of the page). Parameters: ``surge`` (false: keep the plan's times),
``overload`` (share of connections that fail, else 0.01 to 0.15), ``reloads`` (share, else 0.05 to 0.25).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.benign.tls_browsing import handshake
from generator.conversation import Conversation
from generator.shapes import http, names, tls
from generator.world import Attempts, World

FAMILY = Family("benign", "Flash crowd", "A crowd of real people comes to one site within seconds; it is no flood.")
_PLAIN = 28
_SEALED = 20
_RELOADS, _POLLS, _OVERLOADS = 6, 6, 6
_ASSETS = (
    ("css", "text/css", 9.0),
    ("js", "application/javascript", 9.6),
    ("avif", "image/avif", 10.2),
    ("avif", "image/avif", 9.0),
    ("woff2", "font/woff2", 9.8),
    ("json", "application/json", 7.0),
)


def _strain(world: World) -> float:
    """How long the strained server takes for an answer, in seconds."""
    return float(np.clip(world.rng.lognormal(world.rng.uniform(-4.5, -1.5), 0.9), 0.001, 4.0))


def _opened(world: World) -> Conversation:
    conversation = Conversation.tcp(world)
    if world.rng.random() < 0.1:  # the first SYN was lost in the rush
        conversation.send("S").repeat(think=1.0).send("SA", from_client=False, think=0.0001).send("A", think=0.00003)
        return conversation
    return conversation.open()


def _body(world: World, kind: str, size: int) -> bytes:
    if kind == "json":
        return f'{{"live": "{names.token(world.rng, size, "hex")}"}}'.encode()
    return world.noise(size) if kind in ("avif", "woff2") else http.html(world.rng, size)


def _visit(world: World, host: str, agent: str, server: str) -> Conversation:
    """A page or a handful of its assets over HTTP."""
    rng = world.rng
    conversation = _opened(world)
    page = str(world.pick(("/", "/", "/tickets", "/live", "/results", http.path(rng))))
    first_page = rng.random() < 0.5
    headers = http.browser_headers(rng, host, agent, referer="" if rng.random() < 0.5 else f"http://{names.host(rng)}/")
    if first_page:
        conversation.client(http.request("GET", page.encode(), headers), think=float(rng.uniform(0.0003, 0.01)))
        if rng.random() < 0.1:
            busy = [*http.server_headers(rng, server, "text/html"), ("Retry-After", b"5")]
            conversation.server(http.response(503, busy, http.html(rng, 600)), think=_strain(world))
            conversation.client(
                http.request("GET", page.encode(), headers), think=float(rng.uniform(1.5, 8.0)), jitter=0.9
            )
        size = int(np.clip(rng.lognormal(9.2, 0.7), 2_000, 45_000))
        reply = http.server_headers(rng, server, "text/html; charset=UTF-8", cached=rng.random() < 0.6)
        conversation.server(http.response(200, reply, http.html(rng, size)), think=_strain(world), jitter=0.8)
    for turn in range(int(rng.integers(0 if first_page else 1, 7))):
        kind, mime, scale = _ASSETS[int(rng.integers(len(_ASSETS)))]
        own = [("Host", host.encode()), *http.browser_headers(rng, host, agent, referer=f"http://{host}{page}")[1:]]
        known = rng.random() < 0.25
        if known:
            own.append(("If-None-Match", f'"{names.token(rng, 16, "hex")}"'.encode()))
        wait = float(rng.lognormal(-3.5, 1.2)) if turn or first_page else 0.001
        conversation.client(http.request("GET", f"{http.path(rng)}.{kind}".encode(), own), think=wait, jitter=0.9)
        reply = http.server_headers(rng, server, mime, cached=True)
        body = b"" if known else _body(world, kind, int(np.clip(rng.lognormal(scale, 0.9), 200, 90_000)))
        conversation.server(http.response(304 if known else 200, reply, body), think=_strain(world) * 0.5, jitter=0.8)
    if rng.random() < 0.3:  # somebody reloads for the score
        conversation.client(
            http.request("GET", b"/live/score.json", headers), think=float(rng.uniform(2.0, 12.0)), jitter=0.9
        )
        score = http.response(200, http.server_headers(rng, server, "application/json"), _body(world, "json", 700))
        conversation.server(score, think=_strain(world))
    return conversation.close(
        world.pick(("fin", "fin", "server_fin", "server_fin", "rst", "none")), think=float(rng.exponential(4.0))
    )


def _sealed(world: World, host: str) -> Conversation:
    """The same over TLS, several requests to a connection."""
    rng = world.rng
    style = tls.BROWSERS[int(rng.integers(6))]
    conversation = handshake(world, Conversation.tcp(world), host, style, int(rng.integers(300, 1200)))
    conversation.server(
        tls.application(int(np.clip(rng.lognormal(9.4, 0.7), 2_000, 60_000)), rng), think=_strain(world), jitter=0.8
    )
    for _ in range(int(rng.integers(0, 7))):
        conversation.client(
            tls.application(int(rng.integers(60, 600))), think=float(rng.lognormal(-2.5, 1.4)), jitter=0.9
        )
        conversation.server(
            tls.application(int(np.clip(rng.lognormal(8.8, 1.2), 150, 90_000)), rng),
            think=_strain(world) * 0.5,
            jitter=0.8,
        )
    return conversation.close(
        world.pick(("fin", "fin", "server_fin", "rst", "none")), think=float(rng.exponential(5.0))
    )


def _reload(world: World, host: str, agent: str, server: str) -> Conversation:
    """F5: the same page, mostly the same answer, sometimes an excuse."""
    rng = world.rng
    conversation = _opened(world)
    headers = http.browser_headers(rng, host, agent)
    size = int(rng.integers(1_500, 14_000))
    for turn in range(int(rng.integers(3, 12))):
        again = [*headers, ("Cache-Control", b"max-age=0")] if turn else headers
        wait = float(rng.uniform(0.5, 3.0)) if turn else 0.002
        conversation.client(http.request("GET", b"/queue", again), think=wait, jitter=0.9)
        fate = rng.random()
        if fate < 0.15:
            busy = [*http.server_headers(rng, server, "text/html"), ("Retry-After", b"5")]
            conversation.server(http.response(503, busy, http.html(rng, 500)), think=_strain(world))
        else:
            reply = http.server_headers(rng, server, "text/html", cached=True)
            body = b"" if fate < 0.4 else http.html(rng, size)
            conversation.server(http.response(200 if body else 304, reply, body), think=_strain(world))
    return conversation.close(world.pick(("fin", "rst", "none")), think=float(rng.exponential(2.0)))


def _poll(world: World, host: str, number: int) -> Conversation:
    """An app asks each few seconds; question and answer are always as long as the last ones."""
    rng = world.rng
    conversation = handshake(world, Conversation.tcp(world), host, tls.GOLANG, 420)
    asked, told = int(rng.integers(90, 300)), int(rng.integers(120, 900))
    conversation.server(tls.application(told), think=_strain(world))
    period = float(rng.uniform(1.0, 5.0))
    for _ in range(2 + number):
        conversation.client(tls.application(asked), think=period, jitter=0.1)
        conversation.server(tls.application(told), think=_strain(world) * 0.3)
    return conversation.close(world.pick(("fin", "none", "rst")), think=float(rng.exponential(3.0)))


def _overloaded(world: World, number: int) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world)
    if number == 0:
        return conversation.send("S").repeat(think=1.0).repeat(think=2.0).repeat(think=4.0)
    if number == 1:
        return conversation.send("S").refuse()
    if number == 2:  # the backlog was full, the second SYN got in
        conversation.send("S").repeat(think=1.0).send("SA", from_client=False, think=0.2).send("A", think=0.00003)
        return conversation.close("rst", think=float(rng.uniform(3, 20)))
    conversation.open()
    headers = http.browser_headers(rng, "www.example.com", str(world.pick(http.BROWSERS)))
    conversation.client(http.request("GET", b"/", headers), think=0.002)
    if number == 3:
        return conversation.close("rst", think=float(rng.uniform(5, 20)))
    if number == 4:
        return conversation.close("server_rst", think=float(rng.exponential(3.0)))
    busy = [*http.server_headers(rng, "nginx", "text/html"), ("Retry-After", b"30")]
    return conversation.server(http.response(503, busy, http.html(rng, 300)), think=_strain(world)).close("server_fin")


def conversations(world: World) -> list[Conversation]:
    """Visits over HTTP first, then over TLS, reloads, polls, overload; all at one event's site."""
    rng = world.rng
    host = f"www.{names.domain(rng)}"
    server = str(world.pick(http.SERVERS))
    made = [_visit(world, host, str(world.pick(http.BROWSERS)), server) for _ in range(_PLAIN)]
    made += [_sealed(world, host) for _ in range(_SEALED)]
    made += [_reload(world, host, str(world.pick(http.BROWSERS)), server) for _ in range(_RELOADS)]
    made += [_poll(world, host, number) for number in range(_POLLS)]
    return made + [_overloaded(world, number) for number in range(_OVERLOADS)]


def _gather(intended: npt.NDArray[np.int64], world: World) -> npt.NDArray[np.int64]:
    """Bend the planned times so that the crowd rises fast after its event and thins out slowly."""
    if len(intended) < 2 or world.partial or not world.params.get("surge", True):
        return intended  # a stretch of a long campaign follows its curve
    span = float(intended[-1] - intended[0])
    share = (intended - intended[0]) / max(span, 1.0)
    event, rise = world.rng.uniform(0.05, 0.5), world.rng.uniform(0.03, 0.15)
    grid = np.linspace(0.0, 1.0, 512)
    after = np.clip((grid - event) / rise, 0, None)
    level = 0.3 + np.where(
        after < 1, after, np.exp(-(after - 1) * rise * world.rng.uniform(1.0, 5.0))
    ) * world.rng.uniform(1.5, 5.0)
    level = np.where(grid < event, 0.3, level)
    made = np.concatenate([[0.0], np.cumsum(level[:-1])])
    bent = np.interp(share, made / made[-1], grid)
    # counted from the first: an epoch time in ns is more than a float holds
    times: npt.NDArray[np.int64] = intended[0] + (bent * span).astype(np.int64)
    return times


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """As many distinct clients as there are, each with one to six connections close together."""
    n, rng = len(intended), world.rng
    times = np.sort(_gather(intended, world))
    stages = world.some(world.sites, 1, 2)
    # neighbours in time are often the connections of one browser: a walk through a shuffled crowd
    crowd = rng.permutation(len(world.clients))
    person = crowd[(np.cumsum(rng.random(n) < 0.35) + rng.integers(0, 40, n)) % len(crowd)]
    sealed = rng.random(len(world.clients)) < rng.uniform(0.2, 0.8)
    template = np.where(sealed[person], _PLAIN + rng.integers(0, _SEALED, n), rng.integers(0, _PLAIN, n))
    overload = float(np.clip(world.params.get("overload", rng.uniform(0.01, 0.15)), 0.0, 1.0))
    reloads = float(np.clip(world.params.get("reloads", rng.uniform(0.05, 0.25)), 0.0, 1.0))
    fate, base = rng.random(n), _PLAIN + _SEALED
    restless = (rng.random(len(world.clients)) < reloads)[person]
    again = np.where(sealed[person], base + _RELOADS + rng.integers(0, _POLLS, n), base + rng.integers(0, _RELOADS, n))
    template = np.where(restless, again, template)
    failed = base + _RELOADS + _POLLS + rng.integers(0, _OVERLOADS, n)
    template = np.where(fate < overload, failed, template)
    return Attempts.of(
        world,
        times,
        src=world.clients[person],
        dst=stages[person % len(stages)],
        dst_port=np.where(sealed[person], 443, 80),
        template=template,
    )
