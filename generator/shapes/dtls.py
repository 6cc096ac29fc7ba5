"""DTLS 1.2 handshakes (RFC 6347) that agree on SRTP keys (RFC 5764): right headers and lengths, random contents."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from generator.shapes.parts import Part, length, rand
from generator.shapes.x509 import self_signed

_SUITES: Final = (0xC02B, 0xC02F, 0xCCA9, 0xCCA8, 0xC009, 0xC013, 0xC00A, 0xC014)


def _record(kind: int, body: list[Part], number: int, epoch: int = 0) -> list[Part]:
    return [struct.pack("!B2sHHIH", kind, b"\xfe\xfd", epoch, 0, number, length(body)), *body]


def _handshake(kind: int, turn: int, body: list[Part]) -> list[Part]:
    size = length(body).to_bytes(3, "big")
    return [bytes([kind]) + size + turn.to_bytes(2, "big") + bytes(3) + size, *body]


def hello(turn: int, cookie: int = 0) -> list[Part]:
    """ClientHello; the second one returns the server's cookie of so many bytes."""
    suites = b"".join(struct.pack("!H", suite) for suite in _SUITES)
    extensions = b"\x00\x17\x00\x00" + b"\xff\x01\x00\x01\x00" + b"\x00\x0a\x00\x08\x00\x06\x00\x1d\x00\x17\x00\x18"
    extensions += b"\x00\x0b\x00\x02\x01\x00" + b"\x00\x0d\x00\x0a\x00\x08\x04\x03\x08\x04\x04\x01\x02\x01"
    extensions += b"\x00\x0e\x00\x07\x00\x04\x00\x07\x00\x01\x00"
    body: list[Part] = [b"\xfe\xfd", rand(32, "bytes", "hello"), b"\x00" + bytes([cookie])]
    body += [rand(cookie, "bytes", "cookie")] if cookie else []
    body += [struct.pack("!H", len(suites)) + suites + b"\x01\x00" + struct.pack("!H", len(extensions)) + extensions]
    return _record(22, _handshake(1, turn, body), turn)


def verify(cookie: int) -> list[Part]:
    """HelloVerifyRequest with a cookie."""
    return _record(22, _handshake(3, 0, [b"\xfe\xff" + bytes([cookie]), rand(cookie, "bytes", "cookie")]), 0)


def server_flight(rng: np.random.Generator, turn: int) -> list[Part]:
    """ServerHello, Certificate (self-signed, some 300 bytes), ServerKeyExchange, CertificateRequest, Done."""
    extensions = b"\xff\x01\x00\x01\x00" + b"\x00\x17\x00\x00" + b"\x00\x0e\x00\x05\x00\x02\x00\x07\x00"
    head: list[Part] = [b"\xfe\xfd", rand(32, "bytes"), b"\x00\xc0\x2b\x00" + struct.pack("!H", len(extensions))]
    flight = _record(22, _handshake(2, turn, [*head, extensions]), turn)
    exchange: list[Part] = [b"\x03\x00\x1d\x20", rand(32, "bytes"), b"\x04\x03\x00\x47", rand(71, "bytes")]
    flight += _certificate(rng, turn + 1, turn + 1)
    flight += _record(22, _handshake(12, turn + 2, exchange), turn + 2)
    request: list[Part] = [b"\x02\x01\x40\x00\x04\x04\x03\x08\x04\x00\x00"]
    flight += _record(22, _handshake(13, turn + 3, request), turn + 3)
    return flight + _record(22, _handshake(14, turn + 4, []), turn + 4)


def _certificate(rng: np.random.Generator, turn: int, number: int) -> list[Part]:
    der = self_signed(rng)
    listed = len(der).to_bytes(3, "big") + der
    return _record(22, _handshake(11, turn, [len(listed).to_bytes(3, "big") + listed]), number)


def client_flight(rng: np.random.Generator, turn: int) -> list[Part]:
    """Certificate, ClientKeyExchange, CertificateVerify, ChangeCipherSpec and Finished."""
    flight = _certificate(rng, turn, turn)
    flight += _record(22, _handshake(16, turn + 1, [b"\x20", rand(32, "bytes")]), turn + 1)
    flight += _record(22, _handshake(15, turn + 2, [b"\x04\x03\x00\x47", rand(71, "bytes")]), turn + 2)
    return [*flight, *finish(turn + 3)]


def finish(number: int) -> list[Part]:
    """ChangeCipherSpec and the encrypted Finished."""
    return [*_record(20, [b"\x01"], number), *_record(22, [rand(48, "bytes")], 0, epoch=1)]
