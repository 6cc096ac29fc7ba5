"""The lab: two network namespaces joined by a veth pair, the only place in which frames go onto a wire.

``tenfold lab up`` makes them. The generator sends in one, the detector listens in the other; neither has a way out.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from contract.errors import InputError, LackingError

SEND_NAMESPACE: Final = "tenfold-send"
LISTEN_NAMESPACE: Final = "tenfold-listen"
SEND_INTERFACE: Final = "tf-send"
LISTEN_INTERFACE: Final = "tf-listen"
_OWN: Final = Path("/proc/thread-self/ns/net")
NAMESPACES: Final = Path("/run/netns")  # where `ip netns` keeps them, one file each
_CLONE_NEWNET: Final = 0x40000000


def exists(namespace: str) -> bool:
    """There is a network namespace of that name."""
    return (NAMESPACES / namespace).exists()


def enter(namespace: str) -> None:
    """Move the calling thread into a named network namespace: sockets that it opens from now on belong there.

    Call it before any other thread is started; threads and children started later follow. Raises ``InputError`` for
    what is no name, ``LackingError`` where there is no such namespace or the process has not the right to enter it.
    """
    if not namespace or "/" in namespace or namespace in {".", ".."}:
        raise InputError(f"{namespace!r} is no name of a network namespace")
    path = NAMESPACES / namespace
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise LackingError(f"{path}: {error.strerror}; `tenfold lab up` (as root) makes the lab") from None
    try:
        _move(fd, str(path))
    finally:
        os.close(fd)


@contextmanager
def returning() -> Iterator[None]:
    """Whatever namespace is entered meanwhile, the calling thread is back in its own afterwards.

    What was opened in between stays where it was opened. Raises ``LackingError`` where there is no way back.
    """
    own = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
        if os.fstat(own).st_ino != _OWN.stat().st_ino:
            _move(own, "this process's own")
    finally:
        os.close(own)


def _move(fd: int, name: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, _CLONE_NEWNET) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise LackingError(f"{name}: cannot enter this network namespace: {reason}; it takes root")
