from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator.curves import integral, rate_at
from generator.envelope import benign_curve, envelopes
from tests.generator.helpers import WORKLOAD

RAMP = replace(
    WORKLOAD, curve=((0.0, 100.0), (2.0, 100.0), (2.0, 400.0)), benign_curve=((0.0, 5.0), (4.0, 15.0)), arrivals="mmpp"
)


def test_ordinary_traffic_keeps_its_own_curve_and_bursts_unless_asked() -> None:
    attempts, others = envelopes(RAMP)
    assert benign_curve(RAMP) == RAMP.benign_curve
    assert attempts.spec == others.spec == "mmpp"
    at = np.linspace(0.01, 3.99, 400)
    same = [np.interp(at, line.seconds, line.rates) for line in (attempts.rate, others.rate)]
    assert abs(np.corrcoef(*same)[0, 1]) < 0.95


def test_a_matched_envelope_has_the_shape_and_the_bursts_and_its_own_number() -> None:
    attempts, others = envelopes(replace(RAMP, match="shape"))
    assert others.rate.seconds == pytest.approx(attempts.rate.seconds)
    factor = 40.0 / integral(RAMP.curve, 4.0)
    assert others.rate.rates == pytest.approx(attempts.rate.rates * factor)


def test_matched_in_frames_the_rate_follows_the_frames_of_each() -> None:
    curve = benign_curve(replace(RAMP, match="frames"), 0.25)
    assert [rate_at(curve, second) for second in (1.0, 3.0)] == [25.0, 100.0]


def test_another_model_for_ordinary_traffic_has_no_bursts_in_common() -> None:
    _, others = envelopes(replace(RAMP, match="shape", benign_arrivals="poisson"))
    assert len(others.rate.seconds) == 4
    assert benign_curve(replace(RAMP, match="shape", curve=((0.0, 0.0),))) == RAMP.benign_curve
