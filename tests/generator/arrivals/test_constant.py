from __future__ import annotations

import numpy as np
import pytest

from generator.arrivals import intended_times
from tests.generator.arrivals.helpers import counts, dispersion, drawn, theory


def test_arrivals_are_evenly_spaced() -> None:
    times = intended_times(((0.0, 100.0),), 2.0, "constant", np.random.default_rng(1), 1000)
    assert len(times) == 200
    assert set(np.diff(times)) == {10_000_000}


def test_mean_and_dispersion_are_those_of_theory_and_counts_do_not_vary_in_the_long_run() -> None:
    seconds = drawn("constant", 200.0, 1300.0)
    assert len(seconds) == 260_000
    for window in (0.003, 0.013, 0.1):
        expected = theory("constant", 200.0, window)
        assert dispersion(seconds, window, 1300.0) == pytest.approx(expected, rel=0.02, abs=0.01)
    assert set(counts(seconds, 10.0, 1300.0)) == {2000}  # Hurst exponent 0


def test_they_follow_a_ramp() -> None:
    times = intended_times(((0.0, 0.0), (10.0, 20.0)), 10.0, "constant", np.random.default_rng(1), 0) / 1e9
    # the integral is t squared: the k-th arrival comes at the root of k + 1/2
    assert times == pytest.approx(np.sqrt(np.arange(100) + 0.5), abs=1e-8)
