from __future__ import annotations

import numpy as np
import pytest

from generator.arrivals import intended_times
from tests.generator.arrivals.helpers import dispersion, drawn, hurst, theory


def test_mean_dispersion_and_hurst_exponent_are_those_of_theory() -> None:
    seconds = drawn("poisson", 200.0, 2000.0)
    assert len(seconds) / 400_000 == pytest.approx(1, abs=0.01)
    for window in (0.01, 0.1, 1.0, 4.0):
        assert dispersion(seconds, window, 2000.0) == pytest.approx(theory("poisson", 200.0, window), rel=0.1)
    assert hurst(seconds, [0.1, 0.3, 1.0, 3.0, 10.0], 2000.0) == pytest.approx(0.5, abs=0.05)
    assert np.diff(seconds).std() == pytest.approx(np.diff(seconds).mean(), rel=0.01)  # exponential


def test_arrivals_follow_the_curve_and_the_seed() -> None:
    curve = ((0.0, 0.0), (10.0, 2000.0))
    times = intended_times(curve, 10.0, "poisson", np.random.default_rng(1), 0)
    again = intended_times(curve, 10.0, "poisson", np.random.default_rng(1), 0)
    assert np.array_equal(times, again)
    assert len(times) == pytest.approx(10_000, abs=400)
    assert np.count_nonzero(times < 5e9) == pytest.approx(2_500, abs=250)
