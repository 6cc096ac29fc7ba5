"""Arrivals as they were recorded somewhere: the seconds of events, or counts in bins; repeated when the trace is over.

The trace is taken in operational time: where the curve asks for the trace's own mean rate the gaps are the trace's own,
at twice the rate they are half as long, with the same bursts. ``generator.trace_file`` reads traces from files.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.errors import InputError
from generator.points import MOST_STEPS, Float64, Param, Steps, Values, at_random, normalised

SUMMARY: Final = "as recorded: seconds of events, or counts in bins"
PARAMS: Final = {
    "seconds": Param((), 0.0, 604_800.0, "when each event came", least=0),
    "span": Param(0.0, 0.0, 604_800.0, "how long the recording of seconds was; 0: up to the last one, and a mean gap"),
    "counts": Param((), 0.0, 1e9, "events in each bin, instead of seconds", least=0),
    "bin": Param(1.0, 0.001, 86_400.0, "seconds of a bin of counts"),
}


def check(values: Values, where: str) -> None:
    """Either seconds in order or counts."""
    seconds, counts = values["seconds"], values["counts"]
    if bool(seconds) == bool(counts):
        raise InputError(f"{where}: needs either seconds or counts (or a file of them)")
    if seconds and (np.diff(seconds) < 0).any():
        raise InputError(f"{where}: seconds must not fall")
    if seconds and (len(seconds) < 2 or seconds[-1] <= 0):
        raise InputError(f"{where}: seconds: needs two events or more, not all at second 0")
    if values["span"] and seconds and values["span"] < seconds[-1]:
        raise InputError(f"{where}: span: {values['span']:g} s end before the last event at {seconds[-1]:g}")
    if counts and not any(counts):
        raise InputError(f"{where}: counts: no event at all")


def modulation(values: Values, duration_s: float, rng: np.random.Generator) -> Steps | None:
    """Counts, over and over, by their mean."""
    del rng
    counts = np.array(values["counts"])
    if not len(counts):
        return None
    bins = int(np.ceil(duration_s / values["bin"]))
    if bins > MOST_STEPS:
        raise InputError("arrivals: trace: the bins are too short for a campaign of this length")
    starts = np.arange(bins) * values["bin"]
    return normalised(starts, np.resize(counts, bins), duration_s)


def points(values: Values, low: float, high: float, rng: np.random.Generator) -> Float64:
    """The recorded events, over and over; for counts a Poisson process of rate 1."""
    seconds = np.array(values["seconds"])
    if not len(seconds):
        return at_random(low, high, rng)
    n = len(seconds)
    span = values["span"] or float(seconds[-1]) * n / (n - 1)
    one = np.minimum(seconds / span * n, np.nextafter(n, 0.0))
    first, last = int(low // n), int(high // n)
    found = (one[None, :] + n * np.arange(first, last + 1)[:, None]).ravel()
    return np.asarray(found[(found >= low) & (found < high)], np.float64)


def dispersion(values: Values, rate: float, window_s: float) -> float:
    """For counts in windows of whole bins, at the trace's own length: 1 and what the counts vary."""
    counts = np.array(values["counts"])
    width = max(round(window_s / values["bin"]), 1)
    sums = counts[: len(counts) // width * width].reshape(-1, width).mean(axis=1) / counts.mean()
    return float(1 + rate * window_s * sums.var())


def hurst(values: Values) -> float:
    """Whatever the trace has; a trace that repeats has none of its own beyond its length: 1/2."""
    del values
    return 0.5
