"""Prefetching changes nothing, wherever it points."""

from __future__ import annotations

import numpy as np
import pytest
from numba.core.errors import TypingError

from contract.jit import lean_kernel
from detector.prefetch import prefetch


@lean_kernel
def fetch_all(array, index, offset):
    prefetch(array, index, offset)
    return array[0]


def test_it_leaves_memory_alone():
    array = np.arange(100)
    for index, offset in ((0, 0), (99, 8), (-5, 0), (10**9, 64)):
        assert fetch_all(array, index, offset) == 0
    assert np.array_equal(array, np.arange(100))


def test_it_takes_flat_arrays_only():
    with pytest.raises(TypingError):
        fetch_all(np.zeros((2, 2)), 0, 0)
