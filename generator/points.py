"""What the arrival models are made of: their parameters, and points in operational time (where the rate is 1)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from contract.errors import InputError

Float64 = npt.NDArray[np.float64]
Values = Mapping[str, Any]
MOST_VALUES: Final = 200_000  # of a list that travels within a workload
MOST_STEPS: Final = 4_000_000


class Steps(NamedTuple):
    """A step function of mean about 1: ``factors[i]`` from second ``starts[i]`` on; the first start is 0."""

    starts: Float64
    factors: Float64


@dataclass(frozen=True)
class Param:
    """A parameter of an arrival model: its value where none is given, its limits, and what it says.

    A default that is a tuple asks for a list of 2 or more (``least``) numbers.
    """

    default: float | tuple[float, ...]
    low: float
    high: float
    what: str
    least: int = 2

    def checked(self, value: object, where: str) -> float | tuple[float, ...]:
        """The value as a number or tuple. Raises ``InputError`` naming ``where``."""
        if not isinstance(self.default, tuple):
            return self._number(value, where)
        if not isinstance(value, list | tuple) or not self.least <= len(value) <= MOST_VALUES:
            raise InputError(f"{where}: must be a list of {self.least} to {MOST_VALUES:,} numbers")
        return tuple(self._number(item, where) for item in value)

    def _number(self, value: object, where: str) -> float:
        number = float("nan")
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
            number = float(value)
        if not self.low <= number <= self.high:
            raise InputError(f"{where}: must be a number from {self.low:g} to {self.high:g}, not {repr(value)[:40]}")
        return number


class Model(Protocol):
    """What a file in ``generator/arrivals`` defines."""

    SUMMARY: str
    PARAMS: Mapping[str, Param]

    def check(self, values: Values, where: str) -> None:
        """Raise ``InputError`` where the parameters do not go together."""

    def modulation(self, values: Values, duration_s: float, rng: np.random.Generator) -> Steps | None:
        """What the rate is multiplied with over the campaign; None where nothing."""

    def points(self, values: Values, low: float, high: float, rng: np.random.Generator) -> Float64:
        """Sorted points in operational time from ``low`` to ``high``."""

    def dispersion(self, values: Values, rate: float, window_s: float) -> float:
        """Theory: variance by mean of the counts in windows of so many seconds, at a constant rate."""

    def hurst(self, values: Values) -> float:
        """Theory: the Hurst exponent of the counts in long windows."""


def evenly(low: float, high: float) -> Float64:
    """One point in the middle of each unit of operational time."""
    return np.arange(math.ceil(low - 0.5) + 0.5, high, 1.0)


def at_random(low: float, high: float, rng: np.random.Generator) -> Float64:
    """A Poisson process of rate 1."""
    span = high - low
    return low + np.sort(rng.random(rng.poisson(span))) * span


def normalised(starts: Float64, factors: Float64, duration_s: float) -> Steps:
    """The step function with mean 1 over the campaign, so that the campaign has the rate that was asked for."""
    widths = np.diff(np.append(starts, duration_s))
    mean = float(np.sum(widths * factors)) / duration_s
    return Steps(starts, factors / mean if mean > 0 else np.ones_like(factors))


def poisson_dispersion(rate: float, window_s: float, covariance: Callable[[Float64], Float64]) -> float:
    """Index of dispersion of a Poisson process whose rate is ``rate`` times a factor with that autocovariance.

    ``1 + 2 rate / w * integral of (w - u) C(u) du`` over 0 to w (Cox and Isham, Point Processes, 1980, section 3.3).
    """
    lags = np.linspace(0.0, window_s, 4001)
    return 1.0 + 2.0 * rate / window_s * float(np.trapezoid((window_s - lags) * covariance(lags), lags))
