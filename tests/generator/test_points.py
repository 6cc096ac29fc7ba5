from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from contract.errors import InputError
from generator.points import Param, at_random, evenly, normalised, poisson_dispersion


@pytest.mark.parametrize("value", [None, True, "3", [3], float("nan"), float("inf"), 10**400, 0.5, 9.5])
def test_a_parameter_outside_its_limits_is_named(value) -> None:
    with pytest.raises(InputError, match=r"x: must be a number from 1 to 9, not "):
        Param(2.0, 1.0, 9.0, "").checked(value, "x")
    assert Param(2.0, 1.0, 9.0, "").checked(3, "x") == 3.0


def test_a_list_has_its_least_length() -> None:
    param = Param((1.0, 2.0), 0.0, 9.0, "")
    assert param.checked([3, 4], "x") == (3.0, 4.0)
    for value in ([3], 3, "34", [3, -1]):
        with pytest.raises(InputError, match="x: must be a"):
            param.checked(value, "x")


def test_even_points_do_not_depend_on_how_the_time_is_cut() -> None:
    cuts = [0.0, 0.5, 3.2, 3.5, 7.9, 12.0]
    parts = np.concatenate([evenly(low, high) for low, high in pairwise(cuts)])
    assert parts.tolist() == evenly(0.0, 12.0).tolist() == (np.arange(12) + 0.5).tolist()


def test_random_points_lie_where_they_should() -> None:
    points = at_random(10.0, 5010.0, np.random.default_rng(1))
    assert np.all(np.diff(points) >= 0)
    assert 10 <= points[0] < points[-1] < 5010
    assert len(points) == pytest.approx(5000, abs=300)


def test_a_step_function_gets_mean_one() -> None:
    steps = normalised(np.array([0.0, 1.0, 3.0]), np.array([2.0, 0.0, 5.0]), 4.0)
    assert 1 * steps.factors[0] + 2 * steps.factors[1] + 1 * steps.factors[2] == pytest.approx(4)
    assert normalised(np.array([0.0]), np.array([0.0]), 4.0).factors.tolist() == [1.0]


def test_dispersion_of_a_constant_covariance() -> None:
    assert poisson_dispersion(100.0, 2.0, np.zeros_like) == 1.0
    assert poisson_dispersion(100.0, 2.0, lambda lags: np.full_like(lags, 0.3)) == pytest.approx(1 + 100 * 2 * 0.3)
    assert math.isclose(poisson_dispersion(10.0, 1.0, lambda u: 1 - u), 1 + 2 * 10 / 3, rel_tol=1e-6)
