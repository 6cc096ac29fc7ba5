from __future__ import annotations

import numpy as np
import pytest

from contract.errors import InputError
from generator.arrivals import mmpp, read
from tests.generator.arrivals.helpers import dispersion, drawn, hurst, theory

THREE = {"model": "mmpp", "levels": [0, 1, 5], "seconds": [1, 2, 0.5]}


@pytest.mark.parametrize("spec", ["mmpp", THREE])
def test_mean_dispersion_and_hurst_exponent_are_those_of_theory(spec) -> None:
    seconds = drawn(spec, 60.0, 12_000.0)
    assert len(seconds) / 720_000 == pytest.approx(1, abs=0.01)
    for window in (0.01, 0.1, 1.0, 10.0):
        assert dispersion(seconds, window, 12_000.0) == pytest.approx(theory(spec, 60.0, window), rel=0.1)
    assert hurst(seconds, [40.0, 80.0, 160.0], 12_000.0) == pytest.approx(0.5, abs=0.12)


def test_two_states_have_the_dispersion_of_the_textbook() -> None:
    """Levels a and b relative to the mean, left at rates u and v: covariance p(1 - p)(a - b)^2 exp(-(u + v)t)."""
    share = 6 / 8
    a, b = (level / (0.4 * share + 2.8 * (1 - share)) for level in (0.4, 2.8))
    variance, decay, window, rate = share * (1 - share) * (a - b) ** 2, 1 / 6 + 1 / 2, 3.0, 100.0
    integral = (decay * window - 1 + np.exp(-decay * window)) / decay**2
    assert theory("mmpp", rate, window) == pytest.approx(1 + 2 * rate / window * variance * integral, rel=1e-5)


def test_each_level_is_held_as_long_as_it_says() -> None:
    _, values = read(THREE)
    steps = mmpp.modulation(values, 50_000.0, np.random.default_rng(1))
    levels = steps.factors / steps.factors.max() * 5
    stays = np.diff(np.append(steps.starts, 50_000.0))
    assert np.all(levels[1:] != levels[:-1])
    for level, mean in ((0, 1.0), (1, 2.0), (5, 0.5)):
        assert stays[np.isclose(levels, level)].mean() == pytest.approx(mean, rel=0.05)
    assert np.sum(stays * steps.factors) / 50_000 == pytest.approx(1)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"levels": [1, 2, 3]}, "levels and seconds must be as many"),
        ({"levels": [0, 0]}, "no level is above 0"),
        ({"levels": [1]}, "levels: must be a list of 2"),
        ({"seconds": [0, 1]}, "seconds: must be a number from 0.001"),
    ],
)
def test_what_does_not_go_together_is_refused(spec, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read({"model": "mmpp", **spec})


def test_stays_too_short_for_the_campaign_are_refused() -> None:
    _, values = read({"model": "mmpp", "seconds": [0.001, 0.001]})
    with pytest.raises(InputError, match="too short for a campaign"):
        mmpp.modulation(values, 604_800.0, np.random.default_rng(1))
