"""Rates over time: piecewise linear curves, their integral, and its inverse (operational time).

A curve is a tuple of (second, rate per second); between points it is linear, outside them the ends hold, and two points
of one second make a jump.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class Line:
    """A curve cut to 0..duration: ascending seconds with both ends present, and the rate at each; float64 ``(n,)``."""

    seconds: Float64
    rates: Float64

    @cached_property
    def sums(self) -> Float64:
        """The integral up to each of the points."""
        return np.concatenate([[0.0], np.cumsum(self._pieces)])

    @cached_property
    def _pieces(self) -> Float64:
        return np.asarray((self.rates[1:] + self.rates[:-1]) / 2 * np.diff(self.seconds), np.float64)

    @cached_property
    def total(self) -> float:
        """How many arrivals the line asks for in all."""
        return float(np.sum(self._pieces))

    def integral(self, second: float) -> float:
        """How many arrivals the line asks for up to that second."""
        if second >= self.seconds[-1]:
            return self.total
        piece = max(int(np.searchsorted(self.seconds, second, "right")) - 1, 0)
        into = max(second - float(self.seconds[piece]), 0.0)
        span = float(self.seconds[piece + 1] - self.seconds[piece])
        first = float(self.rates[piece])
        slope = (float(self.rates[piece + 1]) - first) / span if span > 0 else 0.0
        return float(self.sums[piece]) + into * (first + slope * into / 2)

    def invert(self, amounts: Float64) -> Float64:
        """The seconds at which the integral reaches each of the (sorted) amounts."""
        seconds, rates, spans = self.seconds, self.rates, np.diff(self.seconds)
        piece = np.clip(np.searchsorted(self.sums, amounts, "right") - 1, 0, len(spans) - 1)
        left = amounts - self.sums[piece]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(spans[piece] > 0, (rates[piece + 1] - rates[piece]) / spans[piece], 0.0)
            # The stable root of rate*t + slope/2*t^2 = left.
            root = np.sqrt(np.maximum(rates[piece] ** 2 + 2 * slope * left, 0.0))
            into = np.where(left > 0, 2 * left / (rates[piece] + root), 0.0)
        return np.asarray(seconds[piece] + np.minimum(np.nan_to_num(into), spans[piece]), np.float64)


def line(curve: Curve, duration_s: float) -> Line:
    """The curve cut to 0..duration; jumps keep two points of one second."""
    seconds = np.array([point[0] for point in curve], float)
    rates = np.array([point[1] for point in curve], float)
    inside = (seconds > 0) & (seconds < duration_s)
    # The rate just after second 0 and just before the end, so that a jump there counts on the right side.
    first = rates[0] if seconds[0] > 0 else _after(seconds, rates, 0.0)
    last = _before(seconds, rates, duration_s)
    return Line(
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
    """How many arrivals the curve asks for from second 0 up to ``duration_s``."""
    return line(curve, duration_s).integral(duration_s)


def most_within(curve: Curve, duration_s: float, span_s: float) -> float:
    """The most arrivals that the curve asks for within any ``span_s`` of its duration, from one of its points on or up
    to one.
    """
    cut = line(curve, duration_s)
    begins = {min(max(begin, 0.0), duration_s) for at in cut.seconds.tolist() for begin in (at, at - span_s)}
    return max(cut.integral(min(begin + span_s, duration_s)) - cut.integral(begin) for begin in begins)


def invert(curve: Curve, duration_s: float, amounts: Float64) -> Float64:
    """The seconds at which the integrated rate reaches each of the (sorted) amounts."""
    return line(curve, duration_s).invert(amounts)


def rate_at(curve: Curve, second: float) -> float:
    """The rate at one second (just after it, where the curve jumps there)."""
    before = curve[0]
    for point in curve:
        if point[0] > second:
            if point is before or point[0] == before[0] or second <= before[0]:
                return before[1]
            return before[1] + (second - before[0]) / (point[0] - before[0]) * (point[1] - before[1])
        before = point
    return before[1]


def modulated(base: Line, starts: Float64, factors: Float64) -> Line:
    """The line times a step function that is ``factors[i]`` from ``starts[i]`` on (ascending, the first at 0)."""
    duration = float(base.seconds[-1])
    inside = (starts > 0) & (starts < duration)
    edges = np.unique(np.concatenate([base.seconds, starts[inside]]))
    low, high = edges[:-1], edges[1:]
    # Each stretch between edges is linear: its rate at both ends, taken from the piece of the line that it lies in.
    piece = np.searchsorted(base.seconds, low, "right") - 1
    spans = base.seconds[piece + 1] - base.seconds[piece]
    slope = (base.rates[piece + 1] - base.rates[piece]) / spans
    factor = factors[np.searchsorted(starts, low, "right") - 1]
    seconds = np.column_stack([low, high]).ravel()
    rates = np.column_stack(
        [
            (base.rates[piece] + slope * (low - base.seconds[piece])) * factor,
            (base.rates[piece] + slope * (high - base.seconds[piece])) * factor,
        ]
    ).ravel()
    return Line(seconds, rates)


def held_from(curve: Curve, second: float, rate: float) -> Curve:
    """The curve up to a second, and ``rate`` from there on."""
    before = tuple(point for point in curve if point[0] < second)
    return (*before, (second, _rate_before(curve, second)), (second, rate))


def scaled(curve: Curve, factor: float) -> Curve:
    """The curve with every rate times ``factor``."""
    return tuple((second, rate * factor) for second, rate in curve)


def _rate_before(curve: Curve, second: float) -> float:
    return _before(np.array([p[0] for p in curve], float), np.array([p[1] for p in curve], float), second)
