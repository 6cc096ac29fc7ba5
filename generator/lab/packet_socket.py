"""The way onto a wire that every Linux has: ``sendmmsg`` on a packet socket past the queue, paced by a compiled loop.

The loop calls the C library by name, so it holds no Python and no interpreter lock, and is cached like any kernel.
"""

from __future__ import annotations

import ctypes
import os
import socket
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import carray, types

from contract.errors import LackingError
from contract.jit import kernel
from generator.lab import native
from generator.lab.native import monotonic, nap
from generator.lab.slots import AGAIN, DEADLINE, FRAMES, NEXT, STOP, Memory
from generator.wire import Number

Int64 = npt.NDArray[np.int64]
_SOL_PACKET, _QDISC_BYPASS, _ETH_P_NONE = 263, 20, 0
_PR_SET_TIMERSLACK: Final = 29
BATCH: Final = 64
_RUN_NS: Final = 1_000_000_000  # between two runs the thread must wait for the interpreter's lock
_TICK_NS: Final = 50_000  # the frugal loop sleeps at least so long between two looks
_HEADER: Final = 8  # struct mmsghdr on 64 bits, in words: name, its length, iovec, how many, control x 2, flags, sent
_NO_ROOM: Final = (11, 105)  # EAGAIN, ENOBUFS

_sendmmsg: Any = types.ExternalFunction("sendmmsg", types.int32(types.int32, types.intp, types.uint32, types.int32))
_errno: Any = types.ExternalFunction("__errno_location", types.CPointer(types.int32)())


class Calls(NamedTuple):
    """Room for the arguments of the C library's calls."""

    vectors: Int64  # (BATCH, 2): struct iovec
    headers: Int64  # (BATCH, 8): struct mmsghdr
    times: Int64  # of ``native``

    @classmethod
    def room(cls) -> Calls:
        """Headers that point at their vector each."""
        calls = cls(np.zeros((BATCH, 2), np.int64), np.zeros((BATCH, _HEADER), np.int64), native.times())
        calls.headers[:, 2] = calls.vectors.ctypes.data + np.arange(BATCH) * 16
        calls.headers[:, 3] = 1
        return calls


class Wire(NamedTuple):
    """``slots.Memory``, its descriptors by column, and ``Calls``: what the compiled loop sees."""

    state: Int64
    due: Int64
    at: npt.NDArray[np.uint32]
    length: npt.NDArray[np.uint32]
    data: npt.NDArray[np.uint8]
    vectors: Int64
    headers: Int64
    times: Int64


class SocketEngine:
    """Puts what is fed into ``memory`` onto an interface of the calling thread's namespace.

    ``frugal`` sleeps between looks instead of reading the clock all the time. Raises ``LackingError`` without the right
    to open a packet socket.
    """

    mode = "sendmmsg"

    def __init__(self, interface: str, *, frugal: bool) -> None:
        self.memory = Memory.plain()
        self._frugal = frugal
        try:
            self._socket = _bound(interface)
        except OSError as error:
            raise LackingError(f"{interface}: no packet socket: {error.strerror}; it takes root") from None
        self._socket.setsockopt(_SOL_PACKET, _QDISC_BYPASS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        self._calls = Calls.room()
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
        self._pace(0)  # compiled, or read from disk, before time matters

    def run(self) -> None:
        """Send what falls due in the next second, as far as it is there; over at once when the deadline is."""
        self._pace(_RUN_NS)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _pace(self, run_ns: int) -> None:
        due, at, length = (self.memory.descriptors[name] for name in ("due", "at", "length"))
        wire = Wire(self.memory.state, due, at, length, self.memory.data, *self._calls)
        code = pace(wire, self._socket.fileno(), int(self._frugal), run_ns)
        if code:
            raise LackingError(f"the kernel takes no more frames: {os.strerror(code)}")


def _bound(interface: str) -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, _ETH_P_NONE)
    try:
        made.bind((interface, _ETH_P_NONE))
    except OSError:
        made.close()
        raise
    return made


@kernel
def pace(wire: Wire, fd: int, frugal: int, run_ns: int) -> Number:
    """Send frames at their time until there are none, ``run_ns`` have passed or the deadline came.

    0, or the number of an error.
    """
    state, due, times = wire.state, wire.due, wire.times
    data = wire.data.ctypes.data
    now = monotonic(times)
    end = now + run_ns
    while now < end and now < state[DEADLINE]:
        taken, stop = state[NEXT], state[STOP]
        wait = due[taken & (FRAMES - 1)] - now if taken < stop else _TICK_NS
        if wait > 0:
            if frugal or taken >= stop:
                nap(times, min(max(wait, _TICK_NS), 2 * _TICK_NS))
                if taken == state[STOP]:
                    return 0
            now = monotonic(times)
            continue
        n = 0
        while n < BATCH and taken + n < stop and due[(taken + n) & (FRAMES - 1)] <= now:
            slot = (taken + n) & (FRAMES - 1)
            wire.vectors[n, 0] = data + wire.at[slot]
            wire.vectors[n, 1] = wire.length[slot]
            n += 1
        sent = _sendmmsg(fd, wire.headers.ctypes.data, n, 0)
        if sent < 0:
            code = carray(_errno(), 1)[0]
            if code not in _NO_ROOM:
                return code
            state[AGAIN] += 1
            sent = 0
        for i in range(sent):
            due[(taken + i) & (FRAMES - 1)] = now
        state[NEXT] = taken + sent
        now = monotonic(times)
    return 0
