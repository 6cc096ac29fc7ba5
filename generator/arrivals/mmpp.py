"""Markov-modulated Poisson arrivals: the rate jumps between two or more levels, and stays a random while at each.

What attack tools in waves, retries and shift changes look like: bursty over seconds, without memory over minutes.
(Fischer and Meier-Hellstern, The Markov-modulated Poisson process cookbook, Performance Evaluation 18, 1993.)
"""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.errors import InputError
from generator.points import MOST_STEPS, Float64, Param, Steps, Values, at_random, normalised, poisson_dispersion

SUMMARY: Final = "the rate jumps between levels and stays an exponential while at each"
PARAMS: Final = {
    "levels": Param((0.4, 2.8), 0.0, 1000.0, "rates of the levels relative to each other"),
    "seconds": Param((6.0, 2.0), 0.001, 604_800.0, "mean stay at each level"),
}


def check(values: Values, where: str) -> None:
    """A stay for each level, and one level above 0."""
    if len(values["levels"]) != len(values["seconds"]) or len(values["levels"]) > 64:
        raise InputError(f"{where}: levels and seconds must be as many, 2 to 64")
    if not any(values["levels"]):
        raise InputError(f"{where}: no level is above 0")


def modulation(values: Values, duration_s: float, rng: np.random.Generator) -> Steps:
    """Stays at the levels in random order (each other level alike), begun in equilibrium."""
    levels, stays = np.array(values["levels"]), np.array(values["seconds"])
    if duration_s / stays.min() > MOST_STEPS:
        raise InputError("arrivals: mmpp: the stays are too short for a campaign of this length")
    state = int(rng.choice(len(levels), p=stays / stays.sum()))
    states, ends, at = [], [], 0.0
    while at < duration_s:
        n = int(duration_s / stays.mean()) + 16
        hops = np.concatenate([[0], 1 + rng.integers(0, len(levels) - 1, n)])
        visited = (state + np.cumsum(hops)) % len(levels)
        lasts = at + np.cumsum(rng.exponential(stays[visited[:-1]]))
        states.append(visited[:-1])
        ends.append(lasts)
        state, at = int(visited[-1]), float(lasts[-1])
    starts = np.concatenate([[0.0], *ends])[:-1]
    kept = starts < duration_s
    return normalised(starts[kept], levels[np.concatenate(states)][kept], duration_s)


def points(values: Values, low: float, high: float, rng: np.random.Generator) -> Float64:
    """A Poisson process of rate 1."""
    del values
    return at_random(low, high, rng)


def dispersion(values: Values, rate: float, window_s: float) -> float:
    """From the eigenvalues of the chain's generator: its covariance is a sum of exponentials."""
    levels, stays = np.array(values["levels"]), np.array(values["seconds"])
    n, share = len(levels), stays / stays.sum()
    factor = levels / np.sum(share * levels)
    chain = np.repeat(1 / stays[:, None], n, axis=1) / (n - 1)
    np.fill_diagonal(chain, -1 / stays)
    # Reversible: similar to a symmetric matrix.
    root = np.sqrt(share)
    decay, vectors = np.linalg.eigh(chain * root[:, None] / root[None, :])
    parts = (vectors.T @ (root * factor)) ** 2
    slow = decay > -1e-12 * np.abs(decay).max()  # the eigenvalue 0 carries the mean, 1
    return poisson_dispersion(
        rate, window_s, lambda lags: np.asarray(np.exp(lags[:, None] * decay[~slow]) @ parts[~slow], float)
    )


def hurst(values: Values) -> float:
    """Memory fades exponentially: 1/2 in windows much longer than the stays."""
    del values
    return 0.5
