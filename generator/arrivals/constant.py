"""Arrivals at equal distances along the curve: for measuring, as no two campaigns of one rate differ."""

from __future__ import annotations

from typing import Final

import numpy as np

from generator.points import Float64, Param, Values, evenly

SUMMARY: Final = "evenly spaced along the rate curve"
PARAMS: Final[dict[str, Param]] = {}


def check(values: Values, where: str) -> None:
    """Nothing to check."""


def modulation(values: Values, duration_s: float, rng: np.random.Generator) -> None:
    """The curve as it is."""


def points(values: Values, low: float, high: float, rng: np.random.Generator) -> Float64:
    """The middle of each unit of operational time."""
    del values, rng
    return evenly(low, high)


def dispersion(values: Values, rate: float, window_s: float) -> float:
    """A window holds its mean or one more or less: variance f(1 - f), f being the fraction of the mean; at most 1/4."""
    del values
    mean = rate * window_s
    fraction = mean - np.floor(mean)
    return float(fraction * (1 - fraction) / mean)


def hurst(values: Values) -> float:
    """Counts do not vary at all in the long run: 0."""
    del values
    return 0.0
