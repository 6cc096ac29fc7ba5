"""The arrays of incidents and their small kernels, against their plain forms."""

from __future__ import annotations

import numpy as np

from detector.incidents import FREE, REGISTERS, mix, new_incidents, new_marks
from detector.incidents import _sketch as sketch


def test_new_ones_are_empty() -> None:
    state = new_incidents(5, 3)
    assert state.counters[FREE] == 5
    assert len(state.places) == 16
    assert (state.places == -1).all()
    assert (new_marks(3)["incident"] == -1).all()


def test_the_sketch_does_as_its_plain_form() -> None:
    compiled, plain = np.zeros(REGISTERS, np.uint8), np.zeros(REGISTERS, np.uint8)
    with np.errstate(over="ignore"):
        for value in range(300):
            sketch(compiled, np.uint64(value))
            sketch.py_func(plain, np.uint64(value))  # type: ignore[attr-defined]
    assert (compiled == plain).all()


def test_mix_does_as_its_plain_form() -> None:
    with np.errstate(over="ignore"):
        for value in (0, 1, 2**63, 2**64 - 1):
            assert mix(np.uint64(value)) == mix.py_func(np.uint64(value))  # type: ignore[attr-defined]
