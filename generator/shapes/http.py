"""HTTP/1.1 messages (RFC 9112) as browsers, tools and servers write them."""

from __future__ import annotations

from typing import Final

import numpy as np

from generator.shapes.names import WORDS, pick, token
from generator.shapes.parts import Part, Parts, length

_KIT: Final = "AppleWebKit/537.36 (KHTML, like Gecko)"
_APPLE: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
BROWSERS: Final = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_KIT} Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_APPLE} Version/17.5 Safari/605.1.15",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {_APPLE} Version/17.5 Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_KIT} Chrome/126.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_KIT} Chrome/125.0.0.0 Safari/537.36 Edg/125.0.0.0",
)
OLD_BROWSERS: Final = (
    "Mozilla/5.0 (X11; U; Linux x86_64; en-US; rv:1.9.1.3) Gecko/20090913 Firefox/3.5.3",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; SLCC2; .NET CLR 2.0.50727)",
    "Mozilla/5.0 (Windows; U; MSIE 7.0; Windows NT 6.0; en-US)",
    "Opera/9.80 (Windows NT 5.2; U; ru) Presto/2.5.22 Version/10.51",
    "Mozilla/4.0 (compatible; MSIE 6.1; Windows XP)",
)
TOOLS: Final = (
    "python-requests/2.31.0",
    "curl/8.5.0",
    "Go-http-client/1.1",
    "okhttp/4.12.0",
    "Java/17.0.9",
    "Wget/1.21.4",
)
SERVERS: Final = (
    "nginx",
    "nginx/1.24.0 (Ubuntu)",
    "Apache/2.4.58 (Ubuntu)",
    "Apache",
    "cloud",
    "Microsoft-IIS/10.0",
    "openresty",
)
_LANGUAGES: Final = (
    "en-US,en;q=0.9",
    "fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7",
    "ja,en-US;q=0.9,en;q=0.8",
    "de-DE,de;q=0.9",
    "es-ES,es;q=0.8",
)
_REASONS: Final = {
    200: "OK",
    204: "No Content",
    302: "Found",
    304: "Not Modified",
    301: "Moved Permanently",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
_TAGS: Final = ("div", "p", "li", "span", "section", "td", "a", "h2")


def as_parts(text: Parts) -> list[Part]:
    """Text or parts as parts."""
    return [text] if isinstance(text, bytes) else list(text)


def request(
    method: str, target: Parts, headers: list[tuple[str, Parts]], body: Parts = b"", *, version: str = "1.1"
) -> list[Part]:
    """A request. A body adds its Content-Length."""
    parts = [method.encode() + b" ", *as_parts(target), f" HTTP/{version}\r\n".encode()]
    return _finish(parts, headers, body, counted=bool(length(as_parts(body))) or method in ("POST", "PUT"))


def response(status: int, headers: list[tuple[str, Parts]], body: Parts = b"", *, version: str = "1.1") -> list[Part]:
    """A response with its Content-Length (none for 204 and 304)."""
    line = f"HTTP/{version} {status} {_REASONS[status]}\r\n".encode()
    return _finish([line], headers, body, counted=status not in (204, 304))


def _finish(parts: list[Part], headers: list[tuple[str, Parts]], body: Parts, *, counted: bool) -> list[Part]:
    content = as_parts(body)
    for key, value in headers:
        parts += [f"{key}: ".encode(), *as_parts(value), b"\r\n"]
    if counted:
        parts.append(f"Content-Length: {length(content)}\r\n".encode())
    return [*parts, b"\r\n", *content]


def browser_headers(rng: np.random.Generator, host: str, agent: str, *, referer: str = "") -> list[tuple[str, Parts]]:
    """The headers of a person's browser, in its usual order."""
    headers: list[tuple[str, Parts]] = [
        ("Host", host.encode()),
        ("Connection", b"keep-alive"),
        ("User-Agent", agent.encode()),
        ("Accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
        ("Accept-Encoding", b"gzip, deflate"),
        ("Accept-Language", pick(rng, _LANGUAGES).encode()),
    ]
    if referer:
        headers.append(("Referer", referer.encode()))
    if rng.random() < 0.6:
        headers.append(
            ("Cookie", f"sid={token(rng, 32, 'hex')}; consent={token(rng, int(rng.integers(4, 60)))}".encode())
        )
    return headers


def server_headers(
    rng: np.random.Generator, server: str, kind: str, *, cached: bool = False
) -> list[tuple[str, Parts]]:
    """The headers of a server's answer; ``cached`` adds what caches need."""
    headers: list[tuple[str, Parts]] = [
        ("Date", b"Fri, 26 Jul 2024 18:30:00 GMT"),
        ("Server", server.encode()),
        ("Content-Type", kind.encode()),
        ("Connection", b"keep-alive"),
    ]
    if cached:
        age = int(rng.choice((300, 3600, 86400)))
        headers += [
            ("Cache-Control", f"public, max-age={age}".encode()),
            ("ETag", f'"{token(rng, 16, "hex")}"'.encode()),
        ]
    return headers


def path(rng: np.random.Generator, suffix: str = "") -> str:
    """A path of one to three words."""
    words = [pick(rng, WORDS) for _ in range(int(rng.integers(1, 4)))]
    return "/" + "/".join(words) + suffix


def html(rng: np.random.Generator, size: int) -> bytes:
    """An HTML page of exactly ``size`` bytes (at least 60) made of plain words."""
    words = list(WORDS)
    pieces = ["<!DOCTYPE html><html><head><title>", pick(rng, words), "</title></head><body>"]
    have = sum(map(len, pieces)) + len("</body></html>")
    sentences = []
    for _ in range(24):
        tag = pick(rng, _TAGS)
        text = " ".join(words[i] for i in rng.integers(0, len(words), int(rng.integers(4, 18))))
        sentences.append(f'<{tag} class="{pick(rng, words)}">{text}</{tag}>\n')
    while have < size:
        pieces.append(pick(rng, sentences))
        have += len(pieces[-1])
    return ("".join(pieces)[: size - 14] + "</body></html>").encode()
