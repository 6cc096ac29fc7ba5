"""Small helpers over payload parts: literal bytes, and ``Rand`` parts that every attempt draws afresh."""

from __future__ import annotations

import numpy as np

from generator.payload import Rand

Part = bytes | Rand
Parts = bytes | list[Part]


def rand(size: int, kind: str = "alnum", key: str = "") -> Rand:
    """``size`` signs drawn afresh; equal ``key`` means equal value within an attempt."""
    return Rand(size, kind, key)


def length(parts: list[Part]) -> int:
    """How many bytes the parts make together."""
    return sum(len(part) if isinstance(part, bytes) else part.n for part in parts)


def bulk(rng: np.random.Generator, size: int, kind: str = "bytes") -> list[Part]:
    """A long stretch that looks random: its first 32 signs are fresh in every attempt, the rest is the variant's."""
    fresh = min(size, 32)
    return [rand(fresh, kind), rng.bytes(size - fresh)]
