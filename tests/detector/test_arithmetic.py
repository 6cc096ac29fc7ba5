import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.arithmetic import log1


@given(st.floats(0, 1e18))
def test_the_logarithm_is_the_systems_to_the_last_bits(value: float) -> None:
    assert math.isclose(log1(value), math.log1p(value), rel_tol=1e-15)


@given(st.floats(0, 2.0**100, width=32))
def test_a_feature_is_the_same_to_the_bit(value: float) -> None:
    given_ = np.float32(value)
    assert np.float32(log1(given_)) == np.float32(np.log1p(np.float64(given_)))


def test_nothing_and_less_than_nothing_give_nothing() -> None:
    assert log1(0) == log1(-0.0) == log1(-5) == 0.0
    assert log1(np.uint64(0)) == 0.0
