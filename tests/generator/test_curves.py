from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.curves import held_from, integral, invert, line, modulated, most_within, rate_at, scaled

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


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("span", [0.5, 4.0, 20.0])
def test_the_busiest_span_is_that_of_a_naive_search(curve, span) -> None:
    whole = 12.0
    span = min(span, whole)
    begins = np.linspace(0.0, whole - span, 200)
    cut = line(curve, whole)
    naive = max(cut.integral(begin + span) - cut.integral(begin) for begin in begins)
    assert 0.97 * naive <= most_within(curve, whole, span) <= naive * 1.03 + 1e-6


@settings(deadline=None)
@given(st.sampled_from(CURVES), st.floats(1.0, 15.0))
def test_inverting_undoes_integrating(curve, duration: float) -> None:
    amounts = np.linspace(0.01, 0.99, 21) * integral(curve, duration)
    for amount, second in zip(amounts, invert(curve, duration, amounts), strict=True):
        assert integral(curve, max(float(second), 1e-9)) == pytest.approx(amount, rel=1e-6, abs=1e-6)


@settings(deadline=None)
@given(st.sampled_from(CURVES), st.floats(0.0, 15.0))
def test_a_line_is_integrated_up_to_any_second(curve, until: float) -> None:
    whole = line(curve, 15.0)
    assert whole.integral(until) == pytest.approx(integral(curve, until) if until > 0 else 0.0, rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(CURVES), st.lists(st.tuples(st.floats(0.05, 5.0), st.floats(0.0, 4.0)), min_size=1, max_size=8))
def test_a_step_function_multiplies_the_rate(curve, stays) -> None:
    starts = np.cumsum([0.0, *[stay for stay, _ in stays[:-1]]])
    factors = np.array([factor for _, factor in stays])
    made = modulated(line(curve, 12.0), starts, factors)
    width = 12.0 / 24_000
    middles = (np.arange(24_000) + 0.5) * width
    naive = (
        sum(rate_at(curve, t) * factors[np.searchsorted(starts, t, "right") - 1] * width for t in middles[::16]) * 16
    )
    assert made.integral(12.0) == pytest.approx(naive, rel=0.02, abs=2.0)
    assert np.all(np.diff(made.seconds) >= 0)


def test_a_curve_is_held_and_scaled() -> None:
    curve = ((0.0, 10.0), (10.0, 20.0), (10.0, 50.0))
    held = held_from(curve, 5.0, 99.0)
    assert [rate_at(held, second) for second in (0.0, 4.0, 5.0, 12.0)] == [10.0, 14.0, 99.0, 99.0]
    assert integral(held, 5.0) == integral(curve, 5.0)
    assert rate_at(held_from(curve, 0.0, 7.0), 0.0) == 7.0
    assert scaled(curve, 2.0) == ((0.0, 20.0), (10.0, 40.0), (10.0, 100.0))
