"""Kerberos 5 messages (RFC 4120) in valid DER; tickets and proofs are random bytes of the usual sizes.

Over TCP (port 88) each message has its length in front (``framed``).
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from generator.shapes.ber import integer, octets, sequence, tlv

PREAUTH_REQUIRED: Final = 25
PREAUTH_FAILED: Final = 24
UNKNOWN_PRINCIPAL: Final = 6
TOO_BIG: Final = 52
_TILL: Final = tlv(0x18, b"20370913024805Z")
_NOW: Final = tlv(0x18, b"20260725090000Z")
_MECHANISM: Final = bytes.fromhex("06092a864886f712010202")
_ETYPES: Final = (18, 17, 23, 24, -135)


def framed(message: bytes) -> bytes:
    """As it goes over TCP."""
    return struct.pack("!I", len(message)) + message


def _at(number: int, content: bytes) -> bytes:
    return tlv(0xA0 | number, content)


def _text(text: str) -> bytes:
    return tlv(0x1B, text.encode())


def _name(kind: int, *parts: str) -> bytes:
    return sequence(_at(0, integer(kind)), _at(1, sequence(*(_text(part) for part in parts))))


def _sealed(rng: np.random.Generator, size: int, *, kvno: bool = False) -> bytes:
    listed = [_at(0, integer(18)), *([_at(1, integer(2))] if kvno else []), _at(2, octets(rng.bytes(size)))]
    return sequence(*listed)


def _ticket(rng: np.random.Generator, realm: str, service: tuple[str, ...], size: int) -> bytes:
    body = (_at(0, integer(5)), _at(1, _text(realm)), _at(2, _name(2, *service)), _at(3, _sealed(rng, size, kvno=True)))
    return tlv(0x61, sequence(*body))


def _body(rng: np.random.Generator, realm: str, user: str, service: tuple[str, ...]) -> bytes:
    kinds = sequence(*(tlv(0x02, kind.to_bytes(2 if kind < -128 else 1, "big", signed=True)) for kind in _ETYPES))
    listed = [_at(0, tlv(0x03, b"\0\x40\x81\0\x10"))]
    listed += [_at(1, _name(1, user))] if user else []
    listed += [_at(2, _text(realm)), _at(3, _name(2, *service)), _at(5, _TILL)]
    listed += [_at(7, integer(int(rng.integers(1 << 31)))), _at(8, kinds)]
    return sequence(*listed)


def _data(kind: int, value: bytes) -> bytes:
    return sequence(_at(1, integer(kind)), _at(2, octets(value)))


def initial(rng: np.random.Generator, realm: str, user: str, *, proof: bool) -> bytes:
    """AS-REQ; the first one goes without a proof of the password."""
    pac = _data(128, sequence(_at(0, b"\x01\x01\xff")))
    listed = [_data(2, _sealed(rng, 56)), pac] if proof else [pac]
    body = _body(rng, realm, user, ("krbtgt", realm))
    return tlv(0x6A, sequence(_at(1, integer(5)), _at(2, integer(10)), _at(3, sequence(*listed)), _at(4, body)))


def granted(rng: np.random.Generator, realm: str, user: str, *, groups: int) -> bytes:
    """AS-REP with a ticket whose size grows with the user's ``groups``."""
    body = [_at(0, integer(5)), _at(1, integer(11)), _at(3, _text(realm)), _at(4, _name(1, user))]
    body += [_at(5, _ticket(rng, realm, ("krbtgt", realm), 900 + 12 * groups)), _at(6, _sealed(rng, 260))]
    return tlv(0x6B, sequence(*body))


def ticket_asked(rng: np.random.Generator, realm: str, service: tuple[str, ...], *, groups: int) -> bytes:
    """TGS-REQ with the ticket that ``granted`` gave."""
    ticket = _ticket(rng, realm, ("krbtgt", realm), 900 + 12 * groups)
    body = _body(rng, realm, "", service)
    listed = sequence(_data(1, _shown(rng, ticket)))
    return tlv(0x6C, sequence(_at(1, integer(5)), _at(2, integer(12)), _at(3, listed), _at(4, body)))


def _shown(rng: np.random.Generator, ticket: bytes) -> bytes:
    listed = (_at(0, integer(5)), _at(1, integer(14)), _at(2, tlv(0x03, bytes(5))), _at(3, ticket))
    return tlv(0x6E, sequence(*listed, _at(4, _sealed(rng, 160))))


def token(rng: np.random.Generator, realm: str, service: tuple[str, ...], *, groups: int) -> bytes:
    """AP-REQ in its GSS-API wrapping (RFC 4121): how a client proves itself to a service."""
    return tlv(0x60, _MECHANISM, b"\x01\x00", _shown(rng, _ticket(rng, realm, service, 940 + 12 * groups)))


def answer_token(rng: np.random.Generator) -> bytes:
    """AP-REP: how the service proves itself."""
    reply = tlv(0x6F, sequence(_at(0, integer(5)), _at(1, integer(15)), _at(2, _sealed(rng, 70))))
    return tlv(0x60, _MECHANISM, b"\x02\x00", reply)


def ticket_given(rng: np.random.Generator, realm: str, user: str, service: tuple[str, ...], *, groups: int) -> bytes:
    """TGS-REP."""
    body = [_at(0, integer(5)), _at(1, integer(13)), _at(3, _text(realm)), _at(4, _name(1, user))]
    body += [_at(5, _ticket(rng, realm, service, 940 + 12 * groups)), _at(6, _sealed(rng, 270))]
    return tlv(0x6D, sequence(*body))


def refused(realm: str, code: int) -> bytes:
    """KRB-ERROR; with ``PREAUTH_REQUIRED`` it says which kinds of proof there are."""
    listed = [_at(0, integer(5)), _at(1, integer(30)), _at(4, _NOW), _at(5, integer(413_000)), _at(6, integer(code))]
    listed += [_at(9, _text(realm)), _at(10, _name(2, "krbtgt", realm))]
    if code == PREAUTH_REQUIRED:
        salt = sequence(sequence(_at(0, integer(18)), _at(1, _text(f"{realm}user"))))
        listed.append(_at(12, octets(sequence(_data(19, salt), _data(2, b""), _data(16, b""), _data(15, b"")))))
    return tlv(0x7E, sequence(*listed))
