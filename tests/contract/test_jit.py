from __future__ import annotations

import numpy as np

from contract.jit import kernel


@kernel
def total(values: np.ndarray) -> float:
    result = 0.0
    for value in values:
        result += value
    return result


def test_a_kernel_answers_like_its_plain_form() -> None:
    values = np.arange(10.0)
    assert total(values) == total.py_func(values) == 45.0  # type: ignore[attr-defined]
