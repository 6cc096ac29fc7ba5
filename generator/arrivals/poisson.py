"""Arrivals that know nothing of each other: many independent sources, none of which says much (the usual choice)."""

from __future__ import annotations

from typing import Final

import numpy as np

from generator.points import Float64, Param, Values, at_random

SUMMARY: Final = "independent of each other; gaps are exponential"
PARAMS: Final[dict[str, Param]] = {}


def check(values: Values, where: str) -> None:
    """Nothing to check."""


def modulation(values: Values, duration_s: float, rng: np.random.Generator) -> None:
    """The curve as it is."""


def points(values: Values, low: float, high: float, rng: np.random.Generator) -> Float64:
    """A Poisson process of rate 1."""
    del values
    return at_random(low, high, rng)


def dispersion(values: Values, rate: float, window_s: float) -> float:
    """1 in every window."""
    del values, rate, window_s
    return 1.0


def hurst(values: Values) -> float:
    """No memory: 1/2."""
    del values
    return 0.5
