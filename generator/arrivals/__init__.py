"""Arrival models, one file each: how attempts follow one another while a rate curve says how many there are.

A model gives points in operational time, where the rate is 1, and may multiply the rate with a random factor of mean 1.
The times of a campaign are those points taken back through the integral of (curve times factor): so every model follows
every curve. Everything is drawn ahead from a seed, never from what the detector does (open loop).

A spec is a name (``"poisson"``) or a table with the name and parameters (``{"model": "mmpp", "seconds": [8, 2]}``).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from contract.errors import InputError
from generator.curves import Curve, Line, line, modulated
from generator.points import Model, Values

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Spec = str | Mapping[str, Any]


@cache
def names() -> tuple[str, ...]:
    """Every model's name, from the files; nothing is imported."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))


def model(name: str, where: str = "arrivals") -> Model:
    """One model. Raises ``InputError`` where there is none of that name."""
    if name not in names():
        raise InputError(f"{where} {name!r} is none of {', '.join(names())}")
    return cast("Model", importlib.import_module(f"generator.arrivals.{name}"))


def read(spec: Spec, where: str = "arrivals") -> tuple[Model, Values]:
    """The model and its parameters, checked, with what is not named by default. Raises ``InputError``."""
    if isinstance(spec, str):
        spec = {"model": spec}
    name = spec.get("model") if isinstance(spec, Mapping) else None
    if not isinstance(name, str):
        raise InputError(f"{where}: must name a model ({', '.join(names())}), not {str(spec)[:60]!r}")
    chosen = model(name, where)
    for key in spec:
        if key != "model" and key not in chosen.PARAMS:
            known = ", ".join(chosen.PARAMS) or "no parameter"
            raise InputError(f"{where}: {name} does not know {key!r}; it takes {known}")
    values = {
        key: param.checked(spec.get(key, param.default), f"{where}: {name}: {key}")
        for key, param in chosen.PARAMS.items()
    }
    chosen.check(values, f"{where}: {name}")
    return chosen, values


def rates(curve: Curve, duration_s: float, spec: Spec, rng: np.random.Generator) -> Line:
    """The rate that one campaign really has: the curve, times the model's random factor where it has one."""
    chosen, values = read(spec)
    base = line(curve, duration_s)
    steps = chosen.modulation(values, duration_s, rng)
    return base if steps is None else modulated(base, steps.starts, steps.factors)


def points(rate: Line, spec: Spec, begin_s: float, end_s: float, rng: np.random.Generator) -> Float64:
    """Sorted seconds of the arrivals from ``begin_s`` to ``end_s`` of a campaign with that rate."""
    chosen, values = read(spec)
    low, high = rate.integral(begin_s) if begin_s > 0 else 0.0, rate.integral(end_s)
    return rate.invert(chosen.points(values, low, high, rng))


def intended_times(
    curve: Curve, duration_s: float, spec: Spec, rng: np.random.Generator, start_ns: int, *, seed: int = 0
) -> Int64:
    """Sorted epoch nanoseconds of all arrivals of a campaign; ``seed`` draws the model's random factor."""
    rate = rates(curve, duration_s, spec, np.random.default_rng([seed, 0x30D]))
    seconds = points(rate, spec, 0.0, duration_s, rng)
    return clock_times(seconds, start_ns, start_ns + round(duration_s * 1e9))


def clock_times(seconds: Float64, start_ns: int, end_ns: int) -> Int64:
    """Seconds of a campaign as epoch nanoseconds before ``end_ns``."""
    times = start_ns + np.round(seconds * 1e9).astype(np.int64)
    return np.asarray(np.minimum(times, end_ns - 1), np.int64)
