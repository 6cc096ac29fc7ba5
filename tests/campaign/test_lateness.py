"""The histogram against numpy on the values themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.lateness import Latenesses

times = st.integers(-9_000_000, 19_999_999) | st.integers(20_000_000, 100_000_000_000)
late = st.lists(times, min_size=1, max_size=200)


@settings(max_examples=8)
@given(st.lists(late, min_size=1, max_size=5))
def test_percentiles_are_right_to_the_step(parts: list[list[int]]) -> None:
    found = Latenesses()
    for part in parts:
        found.add(np.array(part, np.int64))
    values = np.sort(np.concatenate(parts))
    said = found.percentiles()
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)):
        exact = values[max(0, int(np.ceil(share * len(values))) - 1)]
        step = 100 if exact < 20_000_000 else 100_000
        assert said[name] * 1000 - 0.1 <= exact < said[name] * 1000 + step + 0.1
    assert (said["min"], said["max"]) == (values[0] / 1000, values[-1] / 1000)
    assert found.within() == pytest.approx((np.abs(values) <= 1_000_000).mean())
    assert found.spread_us() == pytest.approx(said["p99"] - said["p50"], abs=0.06)


def test_nothing_is_said_of_nothing() -> None:
    found = Latenesses()
    found.add(np.zeros(0, np.int64))
    assert set(found.percentiles().values()) == {None}
    assert (found.spread_us(), found.within()) == (None, None)
