from __future__ import annotations

import numpy as np
import pytest

from contract.errors import InputError
from generator.arrivals import pareto_on_off, read
from tests.generator.arrivals.helpers import dispersion, drawn, hurst, theory


def spec(alpha: float) -> dict[str, object]:
    return {"model": "pareto_on_off", "alpha": alpha, "sources": 16, "on": 0.5, "off": 1.5}


@pytest.mark.parametrize(("alpha", "tolerance"), [(1.2, 0.08), (1.4, 0.1), (1.6, 0.1), (1.9, 0.15)])
def test_mean_dispersion_and_hurst_exponent_are_those_of_theory(alpha: float, tolerance: float) -> None:
    """Self-similar in long windows; for alpha near 2 the approach to the limit is slow, from above."""
    length = 16_000.0
    seconds = drawn(spec(alpha), 40.0, length, seed=2)
    assert len(seconds) / length / 40.0 == pytest.approx(1, abs=0.01)
    for window in (0.01, 0.05):
        assert dispersion(seconds, window, length) == pytest.approx(theory(spec(alpha), 40.0, window), rel=0.1)
    expected = (3 - alpha) / 2
    assert pareto_on_off.hurst(read(spec(alpha))[1]) == pytest.approx(expected)
    assert hurst(seconds, [10.0, 20.0, 40.0, 80.0, 160.0], length) == pytest.approx(expected, abs=tolerance)


def test_theory_says_nothing_of_windows_in_which_a_source_may_change_twice() -> None:
    assert np.isnan(theory(spec(1.5), 40.0, 1.0))


def test_times_have_their_mean_and_tail_and_equilibrium_begins_within_one() -> None:
    draws = (np.arange(200_000) + 0.5) / 200_000
    means = np.full(len(draws), 3.0)
    times = pareto_on_off.pareto(draws, 1.7, means)
    assert times.mean() == pytest.approx(3.0, rel=0.01)
    assert np.mean(times > 10.0) == pytest.approx((3.0 * 0.7 / 1.7 / 10.0) ** 1.7, rel=0.01)
    left = pareto_on_off.equilibrium(draws, 1.7, means)
    # the density of what is left is the share of times that are longer, by the mean
    grid = np.array([0.5, 2.0, 8.0])
    longer = np.array([np.mean(np.minimum(times, x)) / 3.0 for x in grid])
    assert [float(np.mean(left <= x)) for x in grid] == pytest.approx(longer, rel=0.01)


def test_a_share_of_the_sources_is_on() -> None:
    _, values = read(spec(1.5))
    steps = pareto_on_off.modulation(values, 5_000.0, np.random.default_rng(3))
    assert np.all(np.diff(steps.starts) >= 0)
    assert steps.starts[0] == 0
    running = steps.factors / np.diff(np.unique(steps.factors)).min()
    assert np.allclose(running, np.round(running), atol=1e-6)
    assert np.round(running).max() <= 16
    stays = np.diff(np.append(steps.starts, 5_000.0))
    assert np.sum(stays * steps.factors) / 5_000 == pytest.approx(1)


def test_too_many_changes_and_half_sources_are_refused() -> None:
    with pytest.raises(InputError, match="must be a whole number"):
        read({"model": "pareto_on_off", "sources": 2.5})
    with pytest.raises(InputError, match=r"alpha: must be a number from 1.05 to 1.95"):
        read({"model": "pareto_on_off", "alpha": 2.5})
    _, values = read({"model": "pareto_on_off", "on": 0.01, "off": 0.01})
    with pytest.raises(InputError, match="fewer sources or longer times"):
        pareto_on_off.modulation(values, 604_800.0, np.random.default_rng(1))
