"""What stands in a payload: literal bytes, and parts that are fresh in every attempt."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

ALPHABETS: Final = {
    "bytes": b"",
    "hex": b"0123456789abcdef",
    "digits": b"0123456789",
    "lower": b"abcdefghijklmnopqrstuvwxyz",
    "alnum": b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "base32": b"abcdefghijklmnopqrstuvwxyz234567",
    "base64": b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
}
KINDS: Final = tuple(ALPHABETS)
NEAR: Final = 40  # bytes: random parts so close are written in one go, with the text between them


@dataclass(frozen=True)
class Rand:
    """``n`` bytes that each attempt draws anew out of an alphabet (``bytes``: all 256 values).

    Parts with the same ``key`` in one conversation have the same value within an attempt (a DNS id in query and answer,
    a session cookie); without a key each part is on its own.
    """

    n: int
    kind: str = "alnum"
    key: str = ""


Payload = bytes | Rand | Sequence[bytes | Rand]


class Part(NamedTuple):
    """A random stretch of a frame or payload: ``skip`` is where in the value it starts (values may span segments).

    Neighbours without a key of their own are pieces of one value, which counts on through the text between them.
    """

    at: int
    length: int
    kind: int
    key: int
    skip: int


class Content(NamedTuple):
    """A payload laid out: bytes with zeros where random parts will stand."""

    data: bytes
    parts: tuple[Part, ...]

    def cut(self, start: int, end: int) -> Content:
        """A stretch of it; random parts are cut with it."""
        if not self.parts:
            return Content(self.data[start:end], ())
        kept = []
        for part in self.parts:  # in order
            if part.at >= end:
                break
            low, high = max(part.at, start), min(part.at + part.length, end)
            if low < high:
                kept.append(Part(low - start, high - low, part.kind, part.key, part.skip + low - part.at))
        return Content(self.data[start:end], tuple(kept))


def lay_out(payload: Payload, serial: int) -> Content:
    """Literal bytes and random parts as one ``Content``. ``serial`` keeps parts without a key apart."""
    if isinstance(payload, bytes):
        return Content(payload, ())
    pieces: Sequence[bytes | Rand] = [payload] if isinstance(payload, Rand) else payload
    data, parts = bytearray(), list[Part]()
    last: Part | None = None  # the part before, where it has no key
    for number, piece in enumerate(pieces):
        if isinstance(piece, Rand):
            at, kind, skip = len(data), KINDS.index(piece.kind), 0
            key = zlib.crc32((piece.key or f"\0{serial}.{number}").encode())
            if not piece.key and last and last.kind == kind and at - last.at - last.length <= NEAR:
                key, skip = last.key, last.skip + at - last.at
            parts.append(Part(at, piece.n, kind, key, skip))
            last = None if piece.key else parts[-1]
            data += bytes(piece.n)
        else:
            data += piece
    return Content(bytes(data), tuple(parts))


def join(*payloads: Payload) -> list[bytes | Rand]:
    """Several payloads one after the other as one."""
    joined: list[bytes | Rand] = []
    for payload in payloads:
        joined.extend([payload] if isinstance(payload, bytes | Rand) else payload)
    return joined
