"""Rate curves by name: events with ramp, hold and decay, crowds, days. Each expands to a piecewise linear curve.

A shape is a function of its parameters and of the campaign's length; whatever unit its rates have (multiples of 815/s,
conversations/s) the curve has too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from contract.errors import InputError
from generator.curves import Curve
from generator.points import Param

_POINTS: Final = 24  # of a bend
_MOST_POINTS: Final = 20_000
_DAY: Final = 86_400.0
_LONGEST: Final = 7 * _DAY
Values = Mapping[str, float]


def _rates(base: float, peak: float) -> dict[str, Param]:
    return {
        "base": Param(base, 0.0, 1e7, "the rate before and after"),
        "peak": Param(peak, 0.0, 1e7, "the highest rate"),
    }


def _event(values: Values, duration_s: float) -> Curve:
    """Base, a linear rise to the peak, the peak held, a linear fall back to the base."""
    del duration_s
    base, peak, at = values["base"], values["peak"], values["at"]
    top = at + values["ramp"]
    end = top + values["hold"]
    return ((0.0, base), (at, base), (top, peak), (end, peak), (end + values["decay"], base))


def _flash_crowd(values: Values, duration_s: float) -> Curve:
    """Base, an accelerating rise (half a cosine) to the peak, then half of what is above the base every half-life."""
    del duration_s
    base, peak, at, rise = (values[name] for name in ("base", "peak", "at", "rise"))
    share = np.linspace(0.0, 1.0, _POINTS)
    up = [(at + rise * s, base + (peak - base) * (1 - np.cos(np.pi * s)) / 2) for s in share]
    halves = np.linspace(0.0, 8.0, 4 * _POINTS)[1:]
    down = [(at + rise + values["half_life"] * h, base + (peak - base) * 0.5**h) for h in halves]
    return tuple((float(second), float(rate)) for second, rate in [(0.0, base), *up, *down])


def _diurnal(values: Values, duration_s: float) -> Curve:
    """A cosine of that mean: ``ratio`` is the busiest rate by the quietest, ``busiest`` the second of the day of it."""
    ratio, period = values["ratio"], values["period"]
    points = int(np.ceil(duration_s / period * 2 * _POINTS)) + 1
    if points > _MOST_POINTS:
        raise InputError(f"a period of {period:g} s is too short for a campaign of {duration_s:g} s")
    seconds = np.linspace(0.0, duration_s, max(points, 2 * _POINTS))
    phase = 2 * np.pi * (seconds + values["begins"] - values["busiest"]) / period
    rates = values["mean"] * (1 + (ratio - 1) / (ratio + 1) * np.cos(phase))
    return tuple(zip(seconds.tolist(), rates.tolist(), strict=True))


SHAPES: Final[dict[str, tuple[Callable[[Values, float], Curve], dict[str, Param]]]] = {
    "event": (
        _event,
        {
            **_rates(1.0, 10.0),
            "at": Param(0.0, 0.0, _LONGEST, "second at which it begins"),
            "ramp": Param(10.0, 0.0, _LONGEST, "seconds up to the peak"),
            "hold": Param(20.0, 0.0, _LONGEST, "seconds at the peak"),
            "decay": Param(10.0, 0.0, _LONGEST, "seconds back to the base"),
        },
    ),
    "flash_crowd": (
        _flash_crowd,
        {
            **_rates(1.0, 10.0),
            "at": Param(0.0, 0.0, _LONGEST, "second at which it begins"),
            "rise": Param(4.0, 0.001, _LONGEST, "seconds up to the peak"),
            "half_life": Param(10.0, 0.001, _LONGEST, "seconds in which it halves afterwards"),
        },
    ),
    "diurnal": (
        _diurnal,
        {
            "mean": Param(1.0, 0.0, 1e7, "the mean rate of a whole period"),
            "ratio": Param(4.0, 1.0, 1e6, "the busiest rate by the quietest"),
            "period": Param(_DAY, 1.0, _LONGEST, "seconds of a period"),
            "busiest": Param(15 * 3600.0, 0.0, _LONGEST, "second of the period with the highest rate"),
            "begins": Param(0.0, 0.0, _LONGEST, "second of the period at which the campaign begins"),
        },
    ),
}


def expand(table: Mapping[str, Any], duration_s: float, where: str) -> Curve:
    """The curve of ``{"shape": name, parameters}``. Raises ``InputError`` naming ``where``."""
    name = table.get("shape")
    if not isinstance(name, str) or name not in SHAPES:
        raise InputError(f"{where}: no shape is called {str(name)[:40]!r}; there are {', '.join(SHAPES)}, trace")
    shape, params = SHAPES[name]
    for key in table:
        if key != "shape" and key not in params:
            raise InputError(f"{where}: {name} does not know {key!r}; it takes {', '.join(params)}")
    values: dict[str, Any] = {
        key: param.checked(table.get(key, param.default), f"{where}: {key}") for key, param in params.items()
    }
    try:
        return shape(values, duration_s)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
