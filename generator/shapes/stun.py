"""STUN, TURN and ICE messages (RFC 8489, RFC 8656, RFC 8445) with right lengths, cookies and fingerprints.

Transaction numbers are the variant's, so that the CRC over them can stand in the template.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np

REQUEST: Final = 0x0001
SUCCESS: Final = 0x0101
ALLOCATE: Final = 0x0003
ALLOCATED: Final = 0x0103
UNAUTHORISED: Final = 0x0113
REFRESH: Final = 0x0004
REFRESHED: Final = 0x0104
PERMIT: Final = 0x0008
PERMITTED: Final = 0x0108
BIND: Final = 0x0009
BOUND: Final = 0x0109
INDICATION: Final = 0x0011
_COOKIE: Final = 0x2112A442
Attribute = tuple[int, bytes]


def message(kind: int, number: bytes, attributes: list[Attribute], seal: bytes = b"", *, marked: bool = True) -> bytes:
    """One message. ``number`` has 12 bytes; ``seal`` (20 bytes) adds MESSAGE-INTEGRITY, ``marked`` a FINGERPRINT."""
    listed = [*attributes, *([(0x0008, seal)] if seal else [])]
    body = b"".join(struct.pack("!HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in listed)
    whole = struct.pack("!HHI", kind, len(body) + (8 if marked else 0), _COOKIE) + number + body
    return whole + (struct.pack("!HHI", 0x8028, 4, zlib.crc32(whole) ^ 0x5354554E) if marked else b"")


def mapped(rng: np.random.Generator, code: int = 0x0020) -> Attribute:
    """An address of the lab, hidden as XOR-MAPPED-ADDRESS (``code`` 0x20), -RELAYED- (0x16) or -PEER- (0x12)."""
    port, address = int(rng.integers(1024, 65536)), 0xC6120000 + int(rng.integers(1 << 17))
    return code, struct.pack("!BBHI", 0, 1, port ^ (_COOKIE >> 16), address ^ _COOKIE)


def check(rng: np.random.Generator, user: bytes, *, controlling: bool, nominates: bool) -> tuple[bytes, bytes]:
    """An ICE connectivity check and its answer."""
    number, role = rng.bytes(12), 0x802A if controlling else 0x8029
    asked: list[Attribute] = [(0x0006, user), (role, rng.bytes(8)), (0x0024, b"\x6e\x00" + rng.bytes(2))]
    asked += [(0x0025, b"")] if nominates else []
    return message(REQUEST, number, asked, rng.bytes(20)), message(SUCCESS, number, [mapped(rng)], rng.bytes(20))


def binding(rng: np.random.Generator, software: bytes = b"") -> tuple[bytes, bytes]:
    """A plain question for one's own address and its answer (some clients send 20 bytes and nothing more)."""
    number = rng.bytes(12)
    named: list[Attribute] = [(0x8022, software)] if software else []
    return message(REQUEST, number, named, marked=bool(named)), message(SUCCESS, number, [mapped(rng)], marked=False)


def allocation(rng: np.random.Generator, realm: bytes) -> list[tuple[bytes, bytes]]:
    """Questions and answers with which a client gets a relay: refused once for want of a login, then permission."""
    user, nonce = (0x0006, rng.bytes(9).hex().encode()), (0x0015, rng.bytes(8).hex().encode())
    named = [user, (0x0014, realm), nonce]
    first, second, third, fourth = (rng.bytes(12) for _ in range(4))
    wants: Attribute = (0x0019, b"\x11\0\0\0")
    refused: list[Attribute] = [(0x0009, b"\0\0\x04\x01Unauthorized"), (0x0014, realm), nonce]
    granted = [mapped(rng, 0x0016), mapped(rng), (0x000D, b"\0\0\x02\x58")]
    peer, channel = mapped(rng, 0x0012), (0x000C, b"\x40\x00\0\0")
    return [
        (message(ALLOCATE, first, [wants], marked=False), message(UNAUTHORISED, first, refused, marked=False)),
        (message(ALLOCATE, second, [wants, *named], rng.bytes(20)), message(ALLOCATED, second, granted, rng.bytes(20))),
        (message(PERMIT, third, [peer, *named], rng.bytes(20)), message(PERMITTED, third, [], rng.bytes(20))),
        (message(BIND, fourth, [channel, peer, *named], rng.bytes(20)), message(BOUND, fourth, [], rng.bytes(20))),
    ]


def channel_data(payload: bytes) -> bytes:
    """The four bytes that stand before ``payload`` on a TURN channel."""
    return struct.pack("!HH", 0x4000, len(payload))
