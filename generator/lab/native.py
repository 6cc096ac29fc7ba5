"""The C library's clock and sleep for compiled loops: called by name, without the interpreter's lock."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import types

from contract.jit import kernel
from generator.wire import Number

_MONOTONIC: Final = 1
_clock_gettime: Any = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.intp))
_nanosleep: Any = types.ExternalFunction("nanosleep", types.int32(types.intp, types.intp))


def times() -> npt.NDArray[np.int64]:
    """Room for two ``struct timespec``, which ``monotonic`` and ``nap`` want."""
    return np.zeros(4, np.int64)


@kernel
def monotonic(room: npt.NDArray[np.int64]) -> Number:
    """``time.monotonic_ns``."""
    _clock_gettime(_MONOTONIC, room.ctypes.data)
    return room[0] * 1_000_000_000 + room[1]


@kernel
def nap(room: npt.NDArray[np.int64], nanoseconds: Number) -> None:
    """Sleep for less than a second."""
    room[2], room[3] = 0, nanoseconds
    _nanosleep(room.ctypes.data + 16, 0)
