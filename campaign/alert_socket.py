"""A Unix socket to which a detector writes its alerts: Suricata's ``filetype: unix_stream`` and ``unix_dgram``.

We listen, the detector connects, as its documentation has it. Any number of writers may come and go.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path
from typing import Final

from contract.errors import InputError

STREAM: Final = "unix:"
DATAGRAM: Final = "unix-dgram:"
_CHUNK: Final = 1 << 20
_WRITERS: Final = 64
_LONGEST: Final = 1 << 20


def beside(folder: Path, place: str | Path) -> Path:
    """A file, folder or ``unix:PATH`` to which alerts are written; what is relative stands in ``folder``."""
    for kind in (STREAM, DATAGRAM):
        if str(place).startswith(kind):
            return Path(f"{kind}{folder / str(place)[len(kind) :]}")
    return folder / place


class Listener:
    """Lines out of a Unix socket, which is made when this is and goes with ``close``. Raises ``InputError``."""

    def __init__(self, path: Path, *, datagrams: bool = False) -> None:
        self.path = path
        self.overlong = 0
        self._datagrams = datagrams
        self._writers: dict[socket.socket, bytes] = {}
        kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
        self._socket = socket.socket(socket.AF_UNIX, kind)
        try:
            if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
                path.unlink()  # of a run that was killed
            before = os.umask(0o077)
            try:
                self._socket.bind(str(path))
            finally:
                os.umask(before)
        except OSError as error:
            self._socket.close()
            raise InputError(f"{path}: cannot listen on this Unix socket: {error.strerror or error}") from None
        self._socket.settimeout(0)
        if datagrams:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * _CHUNK)
        else:
            self._socket.listen(_WRITERS)

    def lines(self) -> list[bytes]:
        """The lines that have come since the last call; a datagram is one line at least."""
        found: list[bytes] = []
        if self._datagrams:
            with contextlib.suppress(BlockingIOError):
                while True:
                    found += self._socket.recv(_CHUNK).split(b"\n")
            return [line.rstrip(b"\r\0") for line in found if line.strip(b"\r\0")]
        with contextlib.suppress(BlockingIOError):
            while len(self._writers) < _WRITERS:
                writer, _ = self._socket.accept()
                writer.settimeout(0)
                self._writers[writer] = b""
        for writer in list(self._writers):
            found += self._take(writer)
        return [line.rstrip(b"\r\0") for line in found if line.strip(b"\r\0")]

    def close(self) -> None:
        """Stop listening; the socket's file goes."""
        for one in (self._socket, *self._writers):
            one.close()
        self.path.unlink(missing_ok=True)

    def _take(self, writer: socket.socket) -> list[bytes]:
        found: list[bytes] = []
        try:
            while chunk := writer.recv(_CHUNK):
                *whole, rest = (self._writers[writer] + chunk).split(b"\n")
                found += whole
                if len(rest) > 2 * _LONGEST:
                    self.overlong += 1
                    rest = rest[: 2 * _LONGEST]
                self._writers[writer] = rest
        except BlockingIOError:
            return found
        except ConnectionError:
            pass
        if self._writers[writer]:
            found.append(self._writers[writer])  # it has gone: no more comes of this line
        del self._writers[writer]
        writer.close()
        return found
