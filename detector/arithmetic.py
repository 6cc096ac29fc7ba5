"""Arithmetic of the kernels where the system's own is slow."""

from __future__ import annotations

import numpy as np

from contract.jit import lean_part


@lean_part
def log1(value: float) -> float:
    """ln(1 + value), 0 of what is negative.

    Half of what it is asked for is 0. For the others the rounding of 1 + value is made good (Kahan): as exact as the
    system's ``log1p``, in two thirds of the time.
    """
    given = np.float64(value)
    if given <= 0.0:
        return 0.0
    whole = 1.0 + given
    return float(np.log(whole) - ((whole - 1.0) - given) / whole)
