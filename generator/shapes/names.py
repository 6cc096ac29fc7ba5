"""Host names as people, content networks and machines choose them, all under names reserved by RFC 2606 and RFC 6761.

``.example``, ``.test`` and ``example.{com,net,org}`` belong to nobody, so no generated query can name a real host.
Lengths and label counts follow what resolvers see: short two-label names, content networks with three to six labels
and encoded ids, telemetry and reputation look-ups with one or two long machine-made labels.
"""

from __future__ import annotations

from typing import Final

import numpy as np

_WORDS: Final = """
arena ticket river stade metro canal nord sport velo judo marathon relay press media photo live score medal
coach team fan club swim dive sail surf pool court track field gate zone site venue hotel train tram city town
ville port house shop store market bank mail post news radio video music game cloud data edge node core link
path map blue green rouge soleil luna alpha delta omega prime first next open share sync meet call chat doc
file note work desk home family school univ lab
"""
_HOSTS: Final = """
www www www api m static img cdn assets login auth mail smtp imap app news shop blog video events push graph
ads track stats s3 dl
"""
WORDS: Final = tuple(_WORDS.split())
_SERVICES: Final = tuple(_HOSTS.split())
_SUFFIXES: Final = ("example", "test", "example.com", "example.net", "example.org")
_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_HEX: Final = "0123456789abcdef"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_ALNUM: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
ALPHABETS: Final = {"hex": _HEX, "base32": _BASE32, "alnum": _ALNUM, "letters": _LETTERS, "digits": "0123456789"}


def pick(rng: np.random.Generator, choices: tuple[str, ...] | list[str]) -> str:
    """One of the words."""
    return choices[int(rng.integers(len(choices)))]


def token(rng: np.random.Generator, length: int, alphabet: str = "alnum") -> str:
    """A machine-made word of that length (``hex``, ``base32``, ``alnum``, ``letters`` or ``digits``)."""
    signs = ALPHABETS[alphabet]
    return "".join(signs[i] for i in rng.integers(0, len(signs), length))


def domain(rng: np.random.Generator) -> str:
    """A registered-looking domain: one or two words and a reserved suffix, such as ``velometro.example``."""
    words = [pick(rng, WORDS) for _ in range(int(rng.integers(1, 3)))]
    return f"{pick(rng, ['', '', '', '-']).join(words)}.{pick(rng, _SUFFIXES)}"


def host(rng: np.random.Generator, parent: str = "") -> str:
    """A host that people visit, such as ``www.velometro.example``."""
    return f"{pick(rng, _SERVICES)}.{parent or domain(rng)}"


def cdn(rng: np.random.Generator) -> str:
    """A content network's name: an encoded customer id below the network's own zones."""
    word, digits, place = pick(rng, WORDS), token(rng, 4, "digits"), pick(rng, ["lhr", "cdg", "fra", "ams", "nrt"])
    zone, shard = pick(rng, ["a", "b", "dscb", "dscx", "g"]), token(rng, int(rng.integers(8, 14)))
    forms = (
        f"d{token(rng, 13)}.{word}front.example.net",
        f"e{digits}.{zone}.edge.example.net",
        f"{word}-{token(rng, 6, 'hex')}.{place}{digits[:2]}.cache.example.com",
        f"r{digits[0]}---sn-{shard}.video.example.org",
    )
    return pick(rng, forms)


def machine(rng: np.random.Generator) -> str:
    """A long name that a machine made for a good reason: telemetry, reputation or antivirus look-ups, reverse zones."""
    numbers = ".".join(str(byte) for byte in rng.integers(1, 255, 4))
    uuid = "-".join(token(rng, size, "hex") for size in (8, 4, 4, 4, 12))
    forms = (
        f"{token(rng, 32, 'hex')}.{pick(rng, ['hash', 'avts', 'rep', 'files'])}.{domain(rng)}",
        f"{token(rng, 26, 'base32')}.{token(rng, 16, 'base32')}.{pick(rng, ['lookup', 'senders', 'p'])}.{domain(rng)}",
        f"{numbers}.{pick(rng, ['zen', 'bl', 'dnsbl', 'sbl'])}.{domain(rng)}",
        f"{numbers}.in-addr.arpa",
        f"{uuid}.{pick(rng, ['telemetry', 'device', 'push'])}.{domain(rng)}",
        f"_{pick(rng, ['ldap', 'kerberos', 'sip'])}._tcp.{pick(rng, ['dc', 'gc', 'site'])}._msdcs.{domain(rng)}",
    )
    return pick(rng, forms)
