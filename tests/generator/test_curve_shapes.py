from __future__ import annotations

import numpy as np
import pytest

from contract.errors import InputError
from generator.arrivals import intended_times
from generator.curve_shapes import expand
from generator.curves import integral, rate_at
from tests.generator.arrivals.helpers import counts, dispersion, hurst


def test_an_event_ramps_holds_and_decays() -> None:
    curve = expand({"shape": "event", "base": 1, "peak": 9, "at": 10, "ramp": 4, "hold": 6, "decay": 8}, 60.0, "x")
    expected = {0: 1, 10: 1, 12: 5, 14: 9, 19: 9, 20: 9, 24: 5, 28: 1, 59: 1}
    assert {second: rate_at(curve, second) for second in expected} == pytest.approx(expected)
    assert integral(curve, 60.0) == pytest.approx(60 + 8 * (4 / 2 + 6 + 8 / 2))


def test_a_crowd_comes_fast_and_thins_out_by_halves() -> None:
    table = {"shape": "flash_crowd", "base": 2, "peak": 10, "at": 20, "rise": 4, "half_life": 5}
    curve = expand(table, 100.0, "x")
    expected = {0: 2, 20: 2, 22: 6, 24: 10, 29: 6, 34: 4, 39: 3}
    assert {second: rate_at(curve, second) for second in expected} == pytest.approx(expected, rel=0.01)
    assert np.all(np.diff([second for second, _ in curve]) >= 0)
    # the exponential's own integral, up to the eighth half-life
    assert integral(curve, 64.0) == pytest.approx(2 * 64 + 8 * (4 / 2 + 5 / np.log(2) * (1 - 2.0**-8)), rel=0.002)


def test_a_day_has_its_mean_its_ratio_and_its_busiest_hour() -> None:
    curve = expand({"shape": "diurnal", "mean": 3, "ratio": 5, "busiest": 54_000}, 2 * 86_400.0, "x")
    assert integral(curve, 86_400.0) == pytest.approx(3 * 86_400, rel=1e-3)
    rates = [rate_at(curve, second) for second in range(0, 172_800, 600)]
    assert max(rates) / min(rates) == pytest.approx(5, rel=0.01)
    assert np.argmax(rates[:144]) * 600 == pytest.approx(54_000, abs=600)
    minute = expand({"shape": "diurnal", "period": 60, "busiest": 15, "begins": 15}, 60.0, "x")
    assert rate_at(minute, 0.0) == max(rate for _, rate in minute)


@pytest.mark.parametrize(
    "table",
    [
        {"shape": "event", "base": 60, "peak": 500, "at": 100, "ramp": 100, "hold": 200, "decay": 200},
        {"shape": "flash_crowd", "base": 80, "peak": 800, "at": 200, "rise": 20, "half_life": 80},
        {"shape": "diurnal", "mean": 200, "ratio": 6, "period": 500, "busiest": 250},
    ],
    ids=lambda table: str(table["shape"]),
)
def test_poisson_arrivals_along_a_curve_have_the_mean_dispersion_and_hurst_exponent_of_theory(
    table: dict[str, object],
) -> None:
    duration, window = 1000.0, 2.0
    curve = expand(table, duration, "x")
    seconds = intended_times(curve, duration, "poisson", np.random.default_rng(3), 0) / 1e9
    total = integral(curve, duration)
    assert len(seconds) == pytest.approx(total, abs=4 * np.sqrt(total))
    # Counts vary by the curve and by chance: Var = Var(mean of the window) + its mean.
    edges = np.arange(0.0, duration + window, window)
    expected = np.diff([integral(curve, float(edge)) if edge else 0.0 for edge in edges])
    theory = 1.0 + expected.var() / expected.mean()
    assert dispersion(seconds, window, duration) == pytest.approx(theory, rel=0.05)
    chance = (counts(seconds, window, duration) - expected) / np.sqrt(expected)
    assert chance.var() == pytest.approx(1.0, abs=0.2)
    # In operational time (the integral of the rate) it is a plain Poisson process again, without memory.
    knots = np.linspace(0.0, duration, 4001)
    sums = np.array([integral(curve, float(knot)) if knot else 0.0 for knot in knots])
    flat = np.minimum(np.interp(seconds, knots, sums) / total * duration, np.nextafter(duration, 0.0))
    assert hurst(flat, [0.1, 0.3, 1.0, 3.0, 10.0], duration) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"shape": "sine"}, "x: no shape is called 'sine'; there are event, flash_crowd, diurnal"),
        ({}, "x: no shape is called 'None'"),
        ({"shape": "event", "peek": 3}, "x: event does not know 'peek'; it takes base, peak"),
        ({"shape": "event", "peak": -1}, "x: peak: must be a number from 0"),
        ({"shape": "diurnal", "period": 1}, "x: a period of 1 s is too short for a campaign of 604800 s"),
    ],
)
def test_what_makes_no_sense_is_named(table, words: str) -> None:
    with pytest.raises(InputError, match=words):
        expand(table, 604_800.0, "x")
