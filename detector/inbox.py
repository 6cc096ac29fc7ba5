"""Frames from a Unix socket: a thread that reads, and a bounded queue that holds the sender back when it is full."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path
from typing import Final

from contract.errors import InputError
from detector.capture.socket_stream import from_socket
from detector.frame_queue import FrameQueue

_POLL_S: Final = 0.1
_URGENT: Final = 10  # steps of niceness
_MOST_BATCHES: Final = 8192  # at low rates a batch is a few frames: bytes are what a queue should end at


class Inbox(FrameQueue):
    """Listens on a Unix socket and takes one stream after the other; with ``once``, only the first.

    A damaged stream is dropped with a line in ``notes``, and its error kept in ``error``.
    """

    def __init__(self, path: Path, *, once: bool) -> None:
        super().__init__(_MOST_BATCHES)
        self.streams = 0
        self._once = once
        self._path = path
        self._connection: socket.socket | None = None
        self._socket = _listen(path)
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more from the socket; what was received can still be taken."""
        super().stop()
        if self._connection:
            with contextlib.suppress(OSError):  # the other side was faster
                self._connection.shutdown(socket.SHUT_RD)

    def close(self) -> None:
        """Stop, and remove the socket."""
        self.stop()
        self._thread.join(5.0)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        _go_first()
        while not self._stop.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                break
            self._connection = connection
            with connection:
                connection.settimeout(None)
                self._read(connection)
            self._connection = None
            if self._once:
                break
        self.end()

    def _read(self, connection: socket.socket) -> None:
        self.streams += 1
        try:
            for batch in from_socket(connection, f"stream {self.streams}").batches():
                self.put(batch)
        except InputError as error:
            if not self._stop.is_set():  # being told to stop cuts the stream off
                self.error = error
                self.note(str(error))
        except OSError as error:
            self.note(f"stream {self.streams}: {error.strerror or error}")


def _go_first() -> None:
    """Let this thread run before the others, where the system allows it: a socket holds a few milliseconds."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) - _URGENT)


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and not _answers(path):
            path.unlink()  # left behind by a process that was killed
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(1)
    except OSError as error:
        listener.close()
        raise InputError(f"{path}: cannot listen: {error.strerror or error}") from None
    listener.settimeout(_POLL_S)
    return listener


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
