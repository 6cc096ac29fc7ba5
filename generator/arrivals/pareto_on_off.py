"""Sources that are on and off for Pareto-distributed times, added up: bursts at every scale (self-similar traffic).

What measured network traffic looks like: the superposition of many such sources tends to fractional Gaussian noise with
Hurst exponent (3 - alpha) / 2 (Willinger, Taqqu, Sherman, Wilson, Self-similarity through high-variability, 1997).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from generator.points import MOST_STEPS, Float64, Param, Steps, Values, at_random, normalised, poisson_dispersion

SUMMARY: Final = "sources that are on and off for Pareto times, added up: self-similar"
PARAMS: Final = {
    "alpha": Param(1.5, 1.05, 1.95, "tail of the times on and off; the Hurst exponent is (3 - alpha) / 2"),
    "sources": Param(24.0, 1.0, 2000.0, "how many are added up; fewer are burstier"),
    "on": Param(0.5, 0.001, 86_400.0, "mean seconds on"),
    "off": Param(1.5, 0.001, 86_400.0, "mean seconds off"),
}


def check(values: Values, where: str) -> None:
    """Sources are whole."""
    if values["sources"] != int(values["sources"]):
        raise InputError(f"{where}: sources: must be a whole number")


def modulation(values: Values, duration_s: float, rng: np.random.Generator) -> Steps:
    """How many sources are on, by their mean; begun in equilibrium."""
    sources, means = int(values["sources"]), (values["on"], values["off"])
    alpha, share = values["alpha"], values["on"] / (values["on"] + values["off"])
    each = int(2.6 * duration_s / sum(means)) + 16
    if sources * each > MOST_STEPS:
        raise InputError(
            "arrivals: pareto_on_off: too many times on and off for a campaign of this length; "
            "fewer sources or longer times"
        )
    on = rng.random(sources) < share
    ends = equilibrium(rng.random(sources), alpha, _of(on, means))[:, None]
    while float(ends[:, -1].min()) < duration_s:
        turn = on[:, None] ^ (np.arange(ends.shape[1], ends.shape[1] + each) % 2 == 1)
        stays = pareto(rng.random((sources, each)), alpha, _of(turn, means))
        ends = np.concatenate([ends, ends[:, -1:] + np.cumsum(stays, axis=1)], axis=1)
    # At every end a source changes over: on to off where an even number of changes came before, if it began on.
    falls = on[:, None] ^ (np.arange(ends.shape[1]) % 2 == 1)
    inside = ends < duration_s
    times, change = ends[inside], np.where(falls, -1, 1)[inside]
    order = np.argsort(times, kind="stable")
    starts = np.concatenate([[0.0], times[order]])
    running = np.concatenate([[0], np.cumsum(change[order])]) + np.count_nonzero(on)
    return normalised(starts, running / (sources * share), duration_s)


def _of(on: npt.NDArray[np.bool_], means: tuple[float, float]) -> Float64:
    return np.asarray(np.where(on, means[0], means[1]), np.float64)


def pareto(draw: Float64, alpha: float, mean: Float64) -> Float64:
    """Pareto times of that mean, from uniform draws."""
    least = mean * (alpha - 1) / alpha
    return np.asarray(least * (1 - draw) ** (-1 / alpha), np.float64)


def equilibrium(draw: Float64, alpha: float, mean: Float64) -> Float64:
    """What is left of such a time at a random moment within it (the integrated tail), from uniform draws."""
    least = mean * (alpha - 1) / alpha
    early = draw < (alpha - 1) / alpha
    late = least * (alpha * (1 - np.where(early, 0.0, draw))) ** (-1 / (alpha - 1))
    return np.asarray(np.where(early, draw * mean, late), np.float64)


def points(values: Values, low: float, high: float, rng: np.random.Generator) -> Float64:
    """A Poisson process of rate 1."""
    del values
    return at_random(low, high, rng)


def dispersion(values: Values, rate: float, window_s: float) -> float:
    """For windows shorter than the shortest time on or off, where a source changes once at most; else not a number.

    The covariance begins at (1 - p) / (p n) and falls by the rate of changes, 1 / (on + off) each way. In long windows
    the dispersion grows with the window to the power 2H - 1.
    """
    on, off, alpha = values["on"], values["off"], values["alpha"]
    if window_s > min(on, off) * (alpha - 1) / alpha:
        return float("nan")
    n, share = values["sources"], on / (on + off)
    return poisson_dispersion(rate, window_s, lambda lags: ((1 - share) * share - lags / (on + off)) / (n * share**2))


def hurst(values: Values) -> float:
    """(3 - alpha) / 2."""
    return float((3 - values["alpha"]) / 2)
