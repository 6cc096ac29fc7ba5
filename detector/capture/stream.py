"""Frames that arrive as an Arrow IPC stream: from a file, a pipe or a socket."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from typing import IO, Any, Final, cast

import numpy as np
import pyarrow as pa

from contract.arrow_io import read_stream
from contract.errors import InputError
from contract.ledger import Stage
from contract.schemas import FRAMES

MOST_MESSAGE: Final = 1 << 28  # bytes of one message: what it says of its own length is not believed beyond
_PREFIX: Final = 8  # bytes of a message that say how long it is
_STUCK_S: Final = 30.0  # a peer that stops within a message for so long is cut off
_LOOK_S: Final = 1
_FARTHEST: Final = 1 << 62  # ns from the epoch (the year 2116): what is counted up from a time stays a number


class StreamSource:
    """The frames of an Arrow stream of schema FRAMES; each batch is validated in full before it is passed on."""

    def __init__(self, source: IO[bytes] | pa.NativeFile | bytes, where: str) -> None:
        self.ledger_stage = Stage()
        self.notes: list[str] = []
        self._source, self._where = source, where

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The batches as they were sent. Raises ``InputError`` for another schema, damage, a cut in a message, or
        times that cannot be.
        """
        for batch in read_stream(self._source, FRAMES, self._where):
            _check_times(batch, self._where)
            self.ledger_stage.offered += batch.num_rows
            self.ledger_stage.delivered += batch.num_rows
            yield batch


def _check_times(batch: pa.RecordBatch, where: str) -> None:
    if not batch.num_rows:
        return
    ts = batch.column("ts").cast(pa.int64()).to_numpy()
    if not -_FARTHEST <= np.min(ts) <= np.max(ts) <= _FARTHEST:
        raise InputError(f"{where}: damaged Arrow batch: a frame's time lies beyond the year 2116 or before 1823")


class _Bounded:
    """What a socket brings, never asked for in pieces of any size: for each, memory is taken before it has come."""

    closed = False

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _LOOK_S, 0))
        self._file: Any = connection.makefile("rb", buffering=1 << 20)

    def read(self, count: int = -1) -> bytes:
        """Up to so many bytes; fewer at the end. Raises ``OSError`` beyond ``MOST_MESSAGE``, and for a peer that stops
        within a message. Between messages it may be silent for as long as it likes.
        """
        if not 0 <= count <= MOST_MESSAGE:
            raise OSError(f"a message of {count:,} bytes is more than {MOST_MESSAGE >> 20} MiB")
        found: bytes | None = self._file.read(count)
        return found if found is not None and len(found) == count else self._wait(count, found)

    def _wait(self, count: int, found: bytes | None) -> bytes:
        """The rest of what was asked for, as it comes; None says that nothing came for a second, b"" that it ended."""
        data, since = bytearray(found or b""), time.monotonic()
        while found != b"" and len(data) < count:
            found = self._file.read(count - len(data))
            if found:
                data += found
                since = time.monotonic()
            elif found is None and (data or count > _PREFIX) and time.monotonic() - since >= _STUCK_S:
                raise OSError(f"it stopped in the middle of a message, for {_STUCK_S:g} s")
        return bytes(data)


def from_socket(connection: socket.socket, where: str = "socket") -> StreamSource:
    """The frames that the other end of a connected socket sends."""
    return StreamSource(cast("IO[bytes]", _Bounded(connection)), where)
