"""The way to a detector's process: its socket, by the folder's descriptor, so that its name is short enough."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Final

from campaign.processes import Child
from campaign.runfolder import SOCKET
from contract.errors import LackingError

START_PATIENCE_S: Final = 120.0  # a first start compiles the kernels
_POLL_S: Final = 0.05


def connect(child: Child, folder: Path) -> socket.socket:
    """A connection to the socket of a child in a folder, once it listens. Raises ``LackingError`` where it does not."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return _connected(child, f"/proc/self/fd/{handle}/{SOCKET}")
    finally:
        os.close(handle)


def _connected(child: Child, path: str) -> socket.socket:
    until = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < until:
        if child.code is not None:
            raise LackingError(child.fault())
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(path)
        except OSError:
            connection.close()
            time.sleep(_POLL_S)
            continue
        return connection
    raise LackingError(f"{child.module} did not listen within {START_PATIENCE_S:.0f} s")
