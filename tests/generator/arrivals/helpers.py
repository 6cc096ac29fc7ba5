"""Counting arrivals and comparing the counts with the theory that a model states of itself."""

from __future__ import annotations

import numpy as np

from generator import arrivals


def drawn(spec, rate: float, duration_s: float, seed: int = 1) -> np.ndarray:
    """Seconds of all arrivals of a campaign of constant rate."""
    times = arrivals.intended_times(((0.0, rate),), duration_s, spec, np.random.default_rng(seed), 0, seed=seed)
    assert np.all(np.diff(times) >= 0)
    assert times[0] >= 0
    assert times[-1] < duration_s * 1e9
    return times / 1e9


def counts(seconds: np.ndarray, window_s: float, duration_s: float) -> np.ndarray:
    return np.bincount((seconds / window_s).astype(np.int64), minlength=round(duration_s / window_s))


def dispersion(seconds: np.ndarray, window_s: float, duration_s: float) -> float:
    """Variance by mean of the counts in windows."""
    seen = counts(seconds, window_s, duration_s)
    return float(seen.var() / seen.mean())


def hurst(seconds: np.ndarray, windows: list[float], duration_s: float) -> float:
    """Aggregated variance: the variance of the counts grows with the window to the power 2H."""
    variances = [counts(seconds, window, duration_s).var() for window in windows]
    return float(np.polyfit(np.log(windows), np.log(variances), 1)[0] / 2)


def theory(spec, rate: float, window_s: float) -> float:
    model, values = arrivals.read(spec)
    return model.dispersion(values, rate, window_s)
