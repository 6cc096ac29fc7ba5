"""The one way in which kernels are compiled: cached on disk, without the GIL, with numpy's arithmetic."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import numba

from contract.errors import LackingError
from contract.freshness import stamp

_BLAS = "scipy.linalg"

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Compile a function with numba when it is first called. Its plain-Python form stays at ``.py_func``."""
    return _compiled(function, {})


def lean_kernel(function: _Function) -> _Function:
    """As ``kernel``, without reference counts: the function may not make arrays, and calls none but lean kernels.

    Numba counts references with atomic instructions, at each use of an array out of a tuple; in a loop over frames
    they took nine tenths of the time.
    """
    return _compiled(function, {"_nrt": False})


def lean_part(function: _Function) -> _Function:
    """A lean kernel that becomes part of whoever calls it. A call hands over a tuple of arrays word by word: in a
    loop over frames that costs more than what most of the called functions do.
    """
    return _compiled(function, {"_nrt": False, "forceinline": True})


@cache
def _spare_blas() -> None:
    """Keep numba from looking for BLAS, which no kernel of ours uses: it asks scipy, and that costs each process 0.4 s.

    A kernel that multiplied matrices would not compile.
    """
    if _BLAS in sys.modules:
        return
    sys.modules[_BLAS] = None  # type: ignore[assignment]  # an import of it fails as if it were not installed
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        del sys.modules[_BLAS]


def _compiled(function: _Function, more: dict[str, bool]) -> _Function:
    _spare_blas()
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", **more}
    try:
        compiled: _Function = numba.njit(**options)(function)
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        raise LackingError(
            "compiled kernels need a folder to be kept in: neither the program's own nor the home folder can be "
            "written; set NUMBA_CACHE_DIR to one that can"
        ) from None
    # what it calls and which constants it takes from elsewhere decides, too, whether a kept kernel still holds
    compiled._cache._cache_file._source_stamp = stamp(function.__module__)  # type: ignore[attr-defined]  # noqa: SLF001 - numba has no public way
    return compiled
