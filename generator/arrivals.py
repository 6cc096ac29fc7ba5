"""Intended times: an open-loop plan made ahead from a rate curve and a seed, never from what the detector does."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from generator.workload import Curve

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


def knots(curve: Curve, duration_s: float) -> tuple[Float64, Float64]:
    """The curve cut to 0..duration as (seconds, rates), with both ends present; jumps keep two rows of one second."""
    seconds = np.array([point[0] for point in curve], float)
    rates = np.array([point[1] for point in curve], float)
    inside = (seconds > 0) & (seconds < duration_s)
    # The rate just after second 0 and just before the end, so that a jump there counts on the right side.
    first = rates[0] if seconds[0] > 0 else _after(seconds, rates, 0.0)
    last = _before(seconds, rates, duration_s)
    return (
        np.concatenate([[0.0], seconds[inside], [duration_s]]),
        np.concatenate([[first], rates[inside], [last]]),
    )


def _after(seconds: Float64, rates: Float64, at: float) -> float:
    right = int(np.searchsorted(seconds, at, "right"))
    if right == len(seconds):
        return float(rates[-1])
    if right == 0:
        return float(rates[0])
    return float(np.interp(at, seconds[right - 1 : right + 1], rates[right - 1 : right + 1]))


def _before(seconds: Float64, rates: Float64, at: float) -> float:
    left = int(np.searchsorted(seconds, at, "left"))
    if left == 0:
        return float(rates[0])
    if left == len(seconds):
        return float(rates[-1])
    return float(np.interp(at, seconds[left - 1 : left + 1], rates[left - 1 : left + 1]))


def integral(curve: Curve, duration_s: float) -> float:
    """How many arrivals the curve asks for in all."""
    seconds, rates = knots(curve, duration_s)
    return float(np.sum((rates[1:] + rates[:-1]) / 2 * np.diff(seconds)))


def invert(curve: Curve, duration_s: float, amounts: Float64) -> Float64:
    """The seconds at which the integrated rate reaches each of the (sorted) amounts."""
    seconds, rates = knots(curve, duration_s)
    spans = np.diff(seconds)
    sums = np.concatenate([[0.0], np.cumsum((rates[1:] + rates[:-1]) / 2 * spans)])
    piece = np.clip(np.searchsorted(sums, amounts, "right") - 1, 0, len(spans) - 1)
    left = amounts - sums[piece]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(spans[piece] > 0, (rates[piece + 1] - rates[piece]) / spans[piece], 0.0)
        # The stable root of rate*t + slope/2*t^2 = left.
        root = np.sqrt(np.maximum(rates[piece] ** 2 + 2 * slope * left, 0.0))
        into = np.where(left > 0, 2 * left / (rates[piece] + root), 0.0)
    return np.asarray(seconds[piece] + np.minimum(np.nan_to_num(into), spans[piece]), np.float64)


def intended_times(curve: Curve, duration_s: float, kind: str, rng: np.random.Generator, start_ns: int) -> Int64:
    """Sorted epoch nanoseconds of all arrivals: ``constant`` evenly spaced along the curve, ``poisson`` at random."""
    total = integral(curve, duration_s)
    constant = kind == "constant"
    amounts = np.arange(0.5, total, 1.0) if constant else np.sort(rng.random(rng.poisson(total))) * total
    times = start_ns + np.round(invert(curve, duration_s, amounts) * 1e9).astype(np.int64)
    end = start_ns + round(duration_s * 1e9)
    return np.asarray(np.minimum(times, end - 1), np.int64)
