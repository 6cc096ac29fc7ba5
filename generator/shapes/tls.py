"""TLS 1.2 and 1.3 as seen on the wire: real handshake layouts, random keys, random bytes for what is encrypted.

Sources: RFC 5246, RFC 8446, RFC 7301 (ALPN), RFC 8701 (GREASE), RFC 8879. Client styles follow published fingerprints
of browsers and libraries: order and number of cipher suites and extensions, post-quantum key shares, padding to 517.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from generator.shapes.parts import Part, bulk, length, rand
from generator.shapes.x509 import certificate

_GREASE: Final = tuple(0x0A0A + 0x1010 * i for i in range(16))
_TLS13: Final = (0x1301, 0x1302, 0x1303)
_ECDHE: Final = (0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014)
_RSA: Final = (0x009C, 0x009D, 0x002F, 0x0035)
_DHE: Final = (0x009E, 0x009F, 0xCCAA, 0x0067, 0x006B, 0xC023, 0xC027, 0xC024, 0xC028, 0x0033, 0x0039)


@dataclass(frozen=True)
class ClientStyle:
    """What a client's hello looks like."""

    suites: tuple[int, ...]
    tls13: bool = True
    grease: bool = False
    post_quantum: bool = False
    shuffled: bool = False
    padded: bool = False
    alpn: tuple[str, ...] = ("h2", "http/1.1")


CHROME: Final = ClientStyle(_TLS13 + _ECDHE + _RSA, grease=True, post_quantum=True, shuffled=True)
CHROME_OLD: Final = ClientStyle(_TLS13 + _ECDHE + _RSA, grease=True, padded=True)
FIREFOX: Final = ClientStyle((0x1301, 0x1303, 0x1302, *_ECDHE, 0xC00A, 0xC009, *_RSA), padded=True)
SAFARI: Final = ClientStyle(_TLS13 + _ECDHE + (0xC00A, 0xC009) + _RSA + (0x000A,), grease=True, padded=True)
OPENSSL: Final = ClientStyle((0x1302, 0x1303, 0x1301, *_ECDHE, *_DHE, *_RSA), padded=True)
GOLANG: Final = ClientStyle(_ECDHE + _RSA + _TLS13)
PYTHON: Final = ClientStyle((0x1302, 0x1303, 0x1301, *_ECDHE, *_DHE[:6]), alpn=("http/1.1",), padded=True)
SCHANNEL12: Final = ClientStyle(_ECDHE[:6] + _DHE[:2] + _RSA + (0x000A,), tls13=False, alpn=())
BROWSERS: Final = (CHROME, CHROME, CHROME_OLD, FIREFOX, FIREFOX, SAFARI)
LIBRARIES: Final = (OPENSSL, GOLANG, PYTHON, SCHANNEL12)


def record(kind: int, body: list[Part], version: int = 0x0303) -> list[Part]:
    """One TLS record around a body."""
    return [struct.pack("!BHH", kind, version, length(body)), *body]


def _handshake(kind: int, body: list[Part]) -> list[Part]:
    return [bytes([kind]) + length(body).to_bytes(3, "big"), *body]


def _extension(kind: int, data: bytes) -> list[Part]:
    return [struct.pack("!HH", kind, len(data)) + data]


def _vector(data: bytes, width: int = 2) -> bytes:
    return len(data).to_bytes(width, "big") + data


def client_hello(rng: np.random.Generator, server_name: str, style: ClientStyle) -> list[Part]:
    """The first flight of a client of that style, naming ``server_name`` (RFC 6066)."""
    grease = int(rng.choice(_GREASE))
    suites = ((grease,) if style.grease else ()) + style.suites
    extensions = _client_extensions(rng, server_name, style)
    if style.shuffled:
        extensions = [extensions[i] for i in rng.permutation(len(extensions))]
    if style.grease:
        extensions = [_extension(grease, b""), *extensions, _extension(int(rng.choice(_GREASE)), b"\x00")]
    flat = [part for extension in extensions for part in extension]
    head: list[Part] = [b"\x03\x03", rand(32, "bytes"), b"\x20" if style.tls13 else b"\x00"]
    if style.tls13:
        head.append(rand(32, "bytes"))
    head.append(_vector(b"".join(struct.pack("!H", suite) for suite in suites)) + b"\x01\x00")
    missing = 512 - 4 - 2 - length(head) - length(flat) - 4
    if style.padded and missing > 0:
        flat.append(struct.pack("!HH", 21, missing) + bytes(missing))
    body = [*head, struct.pack("!H", length(flat)), *flat]
    return record(22, _handshake(1, body), 0x0301)


def _client_extensions(rng: np.random.Generator, server_name: str, style: ClientStyle) -> list[list[Part]]:
    sni = server_name.encode("ascii")
    groups = ((0x11EC,) if style.post_quantum else ()) + (0x001D, 0x0017, 0x0018)
    extensions = [
        _extension(0, _vector(b"\x00" + _vector(sni))),
        _extension(23, b""),
        _extension(0xFF01, b"\x00"),
        _extension(10, _vector(b"".join(struct.pack("!H", group) for group in groups))),
        _extension(11, b"\x01\x00"),
        _extension(13, _vector(bytes.fromhex("040308040401050308050501080606010201"))),
    ]
    if style.alpn:
        extensions.append(_extension(16, _vector(b"".join(_vector(name.encode(), 1) for name in style.alpn))))
    if rng.random() < 0.8:
        extensions.append(_extension(5, b"\x01\x00\x00\x00\x00"))
    if rng.random() < 0.3:
        ticket = int(rng.choice((176, 192, 208, 224)))
        extensions.append([struct.pack("!HH", 35, ticket), rand(ticket, "bytes")])
    else:
        extensions.append(_extension(35, b""))
    if not style.tls13:
        return extensions
    extensions.append(_extension(43, _vector(b"\x03\x04\x03\x03", 1)))
    extensions.append(_extension(45, b"\x01\x01"))
    shares: list[Part] = [b"\x00\x1d\x00\x20", rand(32, "bytes")]
    if style.post_quantum:
        shares = [b"\x11\xec\x04\xc0", rand(1216, "bytes"), *shares]
    extensions.append([struct.pack("!HHH", 51, length(shares) + 2, length(shares)), *shares])
    return extensions


def application(size: int, rng: np.random.Generator | None = None) -> list[Part]:
    """Records of encrypted application data that carry ``size`` bytes in all, 16 kB at most in each.

    With ``rng`` the bulk is drawn once per template (cheap to stamp), else afresh in every attempt.
    """
    parts: list[Part] = []
    while size > 0:
        piece = min(size, 16384)
        body: list[Part] = [rand(piece, "bytes")] if rng is None else bulk(rng, piece)
        parts += record(23, body)
        size -= piece
    return parts


def server_flight_13(rng: np.random.Generator, style: ClientStyle, chain: int) -> list[Part]:
    """ServerHello, change cipher spec and the encrypted rest, with a certificate chain of ``chain`` bytes."""
    share: list[Part] = [b"\x00\x33\x04\x64\x11\xec\x04\x60", rand(1120, "bytes")] if style.post_quantum else []
    if not share:
        share = [b"\x00\x33\x00\x24\x00\x1d\x00\x20", rand(32, "bytes")]
    extensions: list[Part] = [b"\x00\x2b\x00\x02\x03\x04", *share]
    head: list[Part] = [b"\x03\x03", rand(32, "bytes"), b"\x20", rand(32, "bytes"), b"\x13\x01\x00"]
    hello = _handshake(2, [*head, struct.pack("!H", length(extensions)), *extensions])
    flight = [*record(22, hello), *record(20, [b"\x01"])]
    if rng.random() < 0.5:
        return [
            *flight,
            *application(23 + int(rng.integers(0, 12))),
            *application(chain),
            *application(281),
            *application(53),
        ]
    return [*flight, *application(chain + 340)]


def client_finish_13() -> list[Part]:
    """Change cipher spec and Finished of a TLS 1.3 client."""
    return [*record(20, [b"\x01"]), *application(53)]


def server_flight_12(
    rng: np.random.Generator, server_name: str, chain: int, *, self_signed: bool = False
) -> list[Part]:
    """ServerHello, Certificate, ServerKeyExchange and ServerHelloDone of TLS 1.2; ``self_signed``: one certificate."""
    hello = _handshake(
        2, [b"\x03\x03", rand(32, "bytes"), b"\x20", rand(32, "bytes"), b"\xc0\x2f\x00\x00\x05\xff\x01\x00\x01\x00"]
    )
    certificates = [certificate(rng, server_name, chain if self_signed else chain // 2)]
    if not self_signed:
        certificates.append(certificate(rng, "Example Intermediate CA", chain // 2))
    listed = b"".join(_vector(der, 3) for der in certificates)
    exchange: list[Part] = [b"\x03\x00\x1d\x20", rand(32, "bytes"), b"\x08\x04\x01\x00", rand(256, "bytes")]
    messages = (hello, _handshake(11, [_vector(listed, 3)]), _handshake(12, exchange), _handshake(14, []))
    return [part for message in messages for part in record(22, message)]


def client_finish_12() -> list[Part]:
    """ClientKeyExchange, change cipher spec and Finished of TLS 1.2."""
    exchange = record(22, _handshake(16, [b"\x20", rand(32, "bytes")]))
    return [*exchange, *record(20, [b"\x01"]), *record(22, [rand(40, "bytes")])]


def server_finish_12(*, ticket: bool = True) -> list[Part]:
    """New session ticket, change cipher spec and Finished of a TLS 1.2 server."""
    new = record(22, _handshake(4, [b"\x00\x00\x1c\x20\x00\xc0", rand(192, "bytes")])) if ticket else []
    return [*new, *record(20, [b"\x01"]), *record(22, [rand(40, "bytes")])]


def alert_close() -> list[Part]:
    """The encrypted close_notify."""
    return application(19)
