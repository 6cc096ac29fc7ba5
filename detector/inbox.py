"""Frames from a Unix socket: a thread that reads, and a bounded queue that holds the sender back when it is full."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from pathlib import Path
from typing import Final

import pyarrow as pa

from contract.errors import InputError
from detector.capture.stream import from_socket

END: Final = None
_POLL_S: Final = 0.1
_MOST_BATCHES: Final = 512
_MOST_FRAMES: Final = 65_536  # of batches that are handed on in one piece


class Inbox:
    """Listens on a Unix socket and takes one stream after the other; with ``once``, only the first.

    ``received`` counts frames taken from the socket and ``handed`` those handed on. A damaged stream is dropped with
    a line in ``notes``, and its error kept in ``error``.
    """

    def __init__(self, path: Path, *, once: bool) -> None:
        self.received = 0
        self.handed = 0
        self.streams = 0
        self.notes: list[str] = []
        self.error: InputError | None = None
        self._once = once
        self._path = path
        self._stop = threading.Event()
        self._queue: queue.Queue[pa.RecordBatch | None] = queue.Queue(_MOST_BATCHES)
        self._connection: socket.socket | None = None
        self._socket = _listen(path)
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self._thread.start()

    def take(self, timeout_s: float) -> tuple[pa.RecordBatch | None, bool]:
        """What has come, joined to one batch (None if nothing came in time), and whether nothing more will come."""
        batches: list[pa.RecordBatch] = []
        frames, over = 0, False
        deadline = time.monotonic() + timeout_s
        while frames < _MOST_FRAMES:
            try:
                wait = 0.0 if batches else max(deadline - time.monotonic(), 0.0)
                batch = self._queue.get(timeout=wait) if wait else self._queue.get_nowait()
            except queue.Empty:
                break
            if batch is END:
                over = True
                break
            batches.append(batch)
            frames += batch.num_rows
        self.handed += frames
        if not batches:
            return None, over
        return (batches[0] if len(batches) == 1 else pa.concat_batches(batches)), over

    @property
    def backlog(self) -> int:
        """Frames that wait in the queue."""
        return max(self.received - self.handed, 0)

    def stop(self) -> None:
        """Take nothing more from the socket; what was received can still be taken."""
        self._stop.set()
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
        self._put(END)

    def _read(self, connection: socket.socket) -> None:
        self.streams += 1
        try:
            for batch in from_socket(connection, f"stream {self.streams}").batches():
                self.received += batch.num_rows
                self._put(batch)
        except InputError as error:
            if not self._stop.is_set():  # being told to stop cuts the stream off
                self.error = error
                self.notes.append(str(error))
        except OSError as error:
            self.notes.append(f"stream {self.streams}: {error.strerror or error}")

    def _put(self, batch: pa.RecordBatch | None) -> None:
        self._queue.put(batch)


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
