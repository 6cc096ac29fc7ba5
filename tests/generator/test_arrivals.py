from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.arrivals import integral, intended_times, invert
from generator.workload import rate_at

CURVES = [
    ((0.0, 100.0),),
    ((0.0, 0.0), (10.0, 200.0)),
    ((0.0, 50.0), (3.0, 50.0), (3.0, 400.0), (6.0, 10.0)),
    ((-5.0, 10.0), (2.0, 0.0), (4.0, 0.0), (20.0, 300.0)),
]


def naive_integral(curve, until: float, steps: int = 20_000) -> float:
    width = until / steps
    return sum(rate_at(curve, (k + 0.5) * width) * width for k in range(steps))


@pytest.mark.parametrize("curve", CURVES)
def test_the_integral_is_that_of_a_naive_sum(curve) -> None:
    for until in (1.0, 3.0, 7.5, 12.0):
        assert integral(curve, until) == pytest.approx(naive_integral(curve, until), rel=2e-3, abs=0.2)


@settings(deadline=None)
@given(st.sampled_from(CURVES), st.floats(1.0, 15.0))
def test_inverting_undoes_integrating(curve, duration: float) -> None:
    amounts = np.linspace(0.01, 0.99, 21) * integral(curve, duration)
    for amount, second in zip(amounts, invert(curve, duration, amounts), strict=True):
        assert integral(curve, max(float(second), 1e-9)) == pytest.approx(amount, rel=1e-6, abs=1e-6)


def test_constant_arrivals_are_evenly_spaced() -> None:
    times = intended_times(((0.0, 100.0),), 2.0, "constant", np.random.default_rng(1), 1000)
    assert len(times) == 200
    assert set(np.diff(times)) == {10_000_000}


def test_poisson_arrivals_follow_the_curve_and_the_seed() -> None:
    curve = ((0.0, 0.0), (10.0, 2000.0))
    times = intended_times(curve, 10.0, "poisson", np.random.default_rng(1), 0)
    again = intended_times(curve, 10.0, "poisson", np.random.default_rng(1), 0)
    assert np.array_equal(times, again)
    assert np.all(np.diff(times) >= 0)
    early = np.count_nonzero(times < 5e9)
    assert len(times) == pytest.approx(10_000, abs=400)
    assert early == pytest.approx(2_500, abs=250)
    gaps = np.diff(times[times > 9e9])
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.15)  # exponential


def test_no_arrival_lies_at_or_behind_the_end() -> None:
    times = intended_times(((0.0, 1e5),), 0.1, "poisson", np.random.default_rng(3), 50)
    assert times.min() >= 50
    assert times.max() < 50 + 100_000_000
