from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from contract.errors import LackingError
from contract.jit import kernel, lean_kernel, lean_part


@kernel
def total(values: np.ndarray) -> float:
    result = 0.0
    for value in values:
        result += value
    return result


def test_a_kernel_answers_like_its_plain_form() -> None:
    values = np.arange(10.0)
    assert total(values) == total.py_func(values) == 45.0  # type: ignore[attr-defined]


def test_a_first_kernel_does_not_bring_scipy_which_none_needs_and_scipy_works_afterwards() -> None:
    code = "import sys; from tests.contract.test_jit import total, np; total(np.arange(3.0)); "
    code += "assert 'scipy.linalg' not in sys.modules; import scipy.linalg; scipy.linalg.inv(np.eye(2))"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True)


@pytest.mark.parametrize("compiler", [kernel, lean_kernel, lean_part])
def test_nowhere_to_keep_kernels_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, compiler: Any) -> None:
    def refuse(**_: Any) -> NoReturn:
        raise RuntimeError("cannot cache function 'total': no locator available for file 'x.py'")

    monkeypatch.setattr("numba.njit", refuse)
    with pytest.raises(LackingError, match="set NUMBA_CACHE_DIR"):
        compiler(total)


def test_other_trouble_of_the_compiler_stays_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> NoReturn:
        raise RuntimeError("no compiler today")

    monkeypatch.setattr("numba.njit", refuse)
    with pytest.raises(RuntimeError, match="no compiler"):
        kernel(total)
