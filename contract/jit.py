"""The one way in which kernels are compiled: cached on disk, without the GIL, with numpy's arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Compile a function with numba when it is first called. Its plain-Python form stays at ``.py_func``."""
    compiled: _Function = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled


def lean_kernel(function: _Function) -> _Function:
    """As ``kernel``, without reference counts: the function may not make arrays, and calls none but lean kernels.

    Numba counts references with atomic instructions, at each use of an array out of a tuple; in a loop over frames
    they took nine tenths of the time.
    """
    compiled: _Function = numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False)(function)
    return compiled


def lean_part(function: _Function) -> _Function:
    """A lean kernel that becomes part of whoever calls it. A call hands over a tuple of arrays word by word: in a
    loop over frames that costs more than what most of the called functions do.
    """
    options = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False, "forceinline": True}
    compiled: _Function = numba.njit(**options)(function)
    return compiled
