"""The socket over which frames leave for a detector that listens on one."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Callable
from typing import Final

from contract.errors import LackingError

_PATIENCE_S: Final = 15.0
_PAUSE_S: Final = 0.05
_LOOK_S: Final = 0.2
_ROOM: Final = 4 << 20  # bytes, of which the system counts twice as many
_SO_SNDBUFFORCE: Final = 32  # socket(7); the module socket does not name it


def connect(path: str, stopping: Callable[[], bool]) -> socket.socket:
    """The peer's socket; it may take a while until somebody listens. A send that waits looks up every 200 ms.

    Raises ``LackingError`` where nobody listens within a few seconds, or it is ``stopping``.
    """
    until = time.monotonic() + _PATIENCE_S
    while True:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            peer.connect(path)
        except OSError as error:
            peer.close()
            if time.monotonic() > until or stopping():
                raise LackingError(f"{path}: nobody listens: {error.strerror or error}") from None
            time.sleep(_PAUSE_S)
            continue
        _widen(peer)
        peer.settimeout(_LOOK_S)
        return peer


def _widen(peer: socket.socket) -> None:
    """Room for what leaves while the peer does something else; as much as most systems allow is 4 ms of 10x."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
    if sys.platform == "linux":
        with contextlib.suppress(PermissionError):  # more than the system gives anybody: with the right to it
            peer.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _ROOM)
