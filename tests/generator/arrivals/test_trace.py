from __future__ import annotations

import numpy as np
import pytest

from contract.errors import InputError
from generator.arrivals import intended_times, read
from tests.generator.arrivals.helpers import counts, dispersion, drawn, hurst, theory


def test_recorded_seconds_come_back_and_are_repeated() -> None:
    recorded = [0.1, 0.15, 1.9, 4.0]
    spec = {"model": "trace", "seconds": recorded, "span": 5.0}
    seconds = drawn(spec, 4 / 5.0, 10.0)
    assert seconds == pytest.approx([*recorded, *[second + 5 for second in recorded]])
    # twice the rate: half the gaps
    assert drawn(spec, 8 / 5.0, 10.0)[:8] == pytest.approx(seconds / 2)


def test_mean_dispersion_and_hurst_exponent_of_counts() -> None:
    recorded = np.random.default_rng(5).geometric(0.1, 2000).tolist()
    spec = {"model": "trace", "counts": recorded}
    seconds = drawn(spec, 50.0, 2000.0)
    assert len(seconds) / 100_000 == pytest.approx(1, abs=0.01)
    for window in (1.0, 2.0, 5.0, 10.0):
        assert dispersion(seconds, window, 2000.0) == pytest.approx(theory(spec, 50.0, window), rel=0.1)
    assert np.corrcoef(counts(seconds, 1.0, 2000.0), recorded)[0, 1] > 0.95
    assert hurst(seconds, [2.0, 5.0, 10.0, 20.0, 50.0], 2000.0) == pytest.approx(0.5, abs=0.15)  # as the trace


def test_a_trace_follows_a_curve() -> None:
    spec = {"model": "trace", "seconds": [0.0, 1.0, 2.0, 3.0]}
    times = intended_times(((0.0, 0.0), (10.0, 20.0)), 10.0, spec, np.random.default_rng(1), 0)
    assert times / 1e9 == pytest.approx(np.sqrt(np.arange(100)), abs=1e-8)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "needs either seconds or counts"),
        ({"seconds": [1, 2], "counts": [1]}, "needs either seconds or counts"),
        ({"seconds": [2, 1]}, "seconds must not fall"),
        ({"seconds": [1]}, "needs two events or more"),
        ({"seconds": [1, 3], "span": 2}, "end before the last event"),
        ({"counts": [0, 0]}, "no event at all"),
        ({"counts": [-1]}, "counts: must be a number from 0"),
        ({"seconds": "1,2"}, "seconds: must be a list"),
    ],
)
def test_what_makes_no_sense_is_refused(spec, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read({"model": "trace", **spec})
