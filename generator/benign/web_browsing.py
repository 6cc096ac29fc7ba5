"""Web browsing over plain HTTP/1.1: pages and their parts over persistent connections.

A page takes one to a dozen connections at once (``shapes.sessions.visits``): most to its own host, the others to
content networks that many pages share. Connections of 1 to 12 requests, heavy-tailed sizes, 304 and 404 here and
there, long reading times, ends by either side or not at all. No parameters.
"""

from __future__ import annotations

import base64
import gzip

import numpy as np
import numpy.typing as npt

from contract.families import Family
from generator.conversation import Conversation, Payload, Rand
from generator.shapes.sessions import visits
from generator.world import Attempts, World

FAMILY = Family("benign", "Web browsing", "People read pages over HTTP/1.1, several objects to a connection.")
_VARIANTS = 40
_KINDS = (
    ("html", "text/html; charset=UTF-8", 9_000),
    ("css", "text/css", 6_000),
    ("js", "application/javascript", 14_000),
    ("webp", "image/webp", 12_000),
    ("avif", "image/avif", 30_000),
    ("json", "application/json", 1_500),
    ("woff2", "font/woff2", 20_000),
)
_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_WEBKIT} Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
)
_LANGUAGES = ("en-GB,en;q=0.9", "en-US,en;q=0.5", "ja,en-US;q=0.7,en;q=0.3", "fr-FR,fr;q=0.9,en;q=0.8", "de,en;q=0.7")
_SERVERS = ("nginx", "nginx/1.24.0", "Apache/2.4.58 (Ubuntu)", "Apache", "Microsoft-IIS/10.0", "cloudfront", "Caddy")


def conversations(world: World) -> list[Conversation]:
    """Connections of one to a dozen requests; sizes are heavy-tailed, reading times between pages long."""
    return [_connection(world) for _ in range(_VARIANTS)]


def _connection(world: World) -> Conversation:
    rng = world.rng
    conversation = Conversation.tcp(world).open()
    host = f"{world.pick(('www', 'm', 'static', 'news', 'tickets'))}.{world.word()}.{world.pick(('example', 'test'))}"
    agent, language, server = world.pick(_AGENTS), world.pick(_LANGUAGES), world.pick(_SERVERS)
    think = float(rng.lognormal(-7.5, 0.8))
    for number in range(min(int(rng.geometric(0.3)), 12)):
        new_page = number > 0 and rng.random() < 0.25
        if number:
            think = float(rng.lognormal(1.5, 0.8)) if new_page else float(rng.lognormal(-4.0, 1.0))
        kind = _KINDS[0] if number == 0 or new_page else _KINDS[int(rng.integers(1, len(_KINDS)))]
        conversation.client(_request(world, host, agent, language, kind[0]), think=min(think, 40.0), jitter=0.8)
        conversation.server(_answer(world, server, kind), think=float(rng.lognormal(-4.5, 1.0)), jitter=0.6)
    ending = rng.random()
    if ending < 0.55:
        return conversation.close("fin", think=float(rng.exponential(3.0)))
    if ending < 0.85:  # the server's keep-alive timer runs out
        return conversation.close("server_fin", think=float(world.pick((5.0, 5.0, 15.0, 60.0))))
    return conversation.close("rst" if ending < 0.95 else "none", think=float(rng.exponential(1.0)))


def _request(world: World, host: str, agent: str, language: str, kind: str) -> Payload:
    rng = world.rng
    folder = "/".join(world.word() for _ in range(int(rng.integers(0, 4))))
    name = f"{world.word()}.{kind}" if kind != "html" else world.pick(("", "index.html", world.word(), world.word()))
    query = b"" if rng.random() < 0.7 else (b"?" + world.word(1, 4).encode() + b"=")
    tail: list[bytes | Rand] = [Rand(int(rng.integers(3, 16)), "alnum")] if query else []
    path = f"/{folder}/{name}".replace("//", "/")
    lines = f" HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\nAccept-Language: {language}\r\n"
    lines += "Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
    cookie: list[bytes | Rand] = []
    if rng.random() < 0.6:
        cookie = [b"Cookie: sid=", Rand(int(rng.integers(16, 40)), "alnum", key="sid"), b"\r\n"]
    return [b"GET " + path.encode(), query, *tail, lines.encode(), *cookie, b"\r\n"]


def _answer(world: World, server: str, kind: tuple[str, str, int]) -> Payload:
    rng = world.rng
    if rng.random() < 0.12:
        head = f"HTTP/1.1 304 Not Modified\r\nServer: {server}\r\nConnection: keep-alive\r\n\r\n"
        return head.encode()
    missing = rng.random() < 0.04
    size = 300 if missing else int(np.clip(rng.lognormal(np.log(kind[2]), 1.1), 120, 250_000))
    text = missing or kind[0] not in ("webp", "avif", "woff2")
    # Text goes compressed: letters that shrink to about the wanted size.
    body = gzip.compress(base64.b64encode(world.noise(size)), 1, mtime=0) if text else world.noise(size)
    status = "404 Not Found" if missing else "200 OK"
    head = f"HTTP/1.1 {status}\r\nServer: {server}\r\nContent-Type: {_KINDS[0][1] if missing else kind[1]}\r\n"
    head += "Content-Encoding: gzip\r\n" if text else ""
    rest = f'"\r\nContent-Length: {len(body)}\r\nConnection: keep-alive\r\n\r\n'
    return [head.encode() + b'ETag: "', Rand(12, "hex"), rest.encode(), body]


def attempts(intended: npt.NDArray[np.int64], world: World) -> Attempts:
    """Clients visit sites, some far more than others; inside clients visit servers outside."""
    n, rng = len(intended), world.rng
    outward = rng.random(n) < 0.25
    from_inside = visits(world, n, world.inside, world.outside_servers, zipf=0.9)
    to_sites = visits(world, n, world.clients, world.sites, zipf=0.8)
    src, dst = (np.where(outward[:, None], out, into) for out, into in zip(from_inside, to_sites, strict=True))
    return Attempts.of(
        world,
        intended,
        src=src,
        dst=dst,
        dst_port=rng.choice(np.array([80, 80, 80, 8080], np.uint16), n),
        template=world.templates(n, _VARIANTS),
    )
