"""DNS messages (RFC 1035, EDNS RFC 6891, SVCB/HTTPS RFC 9460) made of fixed bytes and parts that are drawn afresh.

A question's random labels and the message id return unchanged in its answer, as resolvers do it: both have a
key and so are equal within an attempt.
"""

from __future__ import annotations

import struct
from typing import Final

from generator.shapes.parts import Part, Parts, rand

A: Final = 1
NS: Final = 2
CNAME: Final = 5
SOA: Final = 6
NULL: Final = 10
PTR: Final = 12
MX: Final = 15
TXT: Final = 16
AAAA: Final = 28
SRV: Final = 33
OPT: Final = 41
DNSKEY: Final = 48
HTTPS: Final = 65
ANY: Final = 255

NOERROR: Final = 0
SERVFAIL: Final = 2
NXDOMAIN: Final = 3

_OPT_RECORD: Final = b"\x00" + struct.pack("!HHIH", OPT, 1232, 0, 0)
MESSAGE_ID: Final = "dns-id"
_POINTER_TO_QUESTION: Final = b"\xc0\x0c"


def name(labels: list[Part] | str) -> list[Part]:
    """A name in wire form: from text, or from labels of which each is fixed or drawn afresh."""
    if isinstance(labels, str):
        labels = [label.encode("ascii") for label in labels.rstrip(".").split(".") if label]
    parts: list[Part] = []
    for label in labels:
        size = len(label) if isinstance(label, bytes) else label.n
        parts += [bytes([size]), label]
    return [*parts, b"\x00"]


def query(
    question: list[Part] | str,
    qtype: int = A,
    *,
    edns: bool = False,
    recursion: bool = True,
    message_id: str = MESSAGE_ID,
) -> list[Part]:
    """A question with one entry. ``question`` is text or labels; ``edns`` adds an OPT record of 1,232 bytes."""
    flags = 0x0100 if recursion else 0
    header = struct.pack("!HHHHH", flags, 1, 0, 0, 1 if edns else 0)
    tail = struct.pack("!HH", qtype, 1) + (_OPT_RECORD if edns else b"")
    return [rand(2, "bytes", message_id), header, *name(question), tail]


def record(rtype: int, data: Parts, *, ttl: int = 300, owner: bytes = _POINTER_TO_QUESTION) -> list[Part]:
    """A resource record of class IN; its owner is the question's name unless told."""
    parts = [data] if isinstance(data, bytes) else list(data)
    size = sum(len(part) if isinstance(part, bytes) else part.n for part in parts)
    return [owner + struct.pack("!HHIH", rtype, 1, ttl, size), *parts]


def soa(zone: str, ttl: int = 900) -> list[Part]:
    """The authority record that goes with an answer of no such name."""
    owner = b"".join(part for part in name(zone) if isinstance(part, bytes))
    data = b"\x03ns1" + owner + b"\x05admin" + owner + struct.pack("!IIIII", 2024072600, 7200, 900, 1209600, 900)
    return record(SOA, data, ttl=ttl, owner=owner)


def response(
    question: list[Part] | str,
    qtype: int,
    answers: list[list[Part]],
    *,
    rcode: int = NOERROR,
    authority: list[list[Part]] | None = None,
    edns: bool = False,
    message_id: str = MESSAGE_ID,
) -> list[Part]:
    """The answer to ``query`` of the same question."""
    authority = authority or []
    header = struct.pack("!HHHHH", 0x8180 | rcode, 1, len(answers), len(authority), 1 if edns else 0)
    body = [part for entry in answers + authority for part in entry]
    tail = [_OPT_RECORD] if edns else []
    return [rand(2, "bytes", message_id), header, *name(question), struct.pack("!HH", qtype, 1), *body, *tail]


def txt_data(size: int, kind: str = "base32") -> list[Part]:
    """TXT data of ``size`` random characters, cut into strings of at most 255."""
    parts: list[Part] = []
    while size > 0:
        piece = min(size, 255)
        parts += [bytes([piece]), rand(piece, kind)]
        size -= piece
    return parts
