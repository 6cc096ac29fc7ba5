"""Frames that arrive as an Arrow IPC stream: from a file, a pipe or a socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import IO, Final, cast

import numpy as np
import pyarrow as pa

from contract.arrow_io import read_stream
from contract.errors import InputError
from contract.ledger import Stage
from contract.schemas import FRAMES

MOST_MESSAGE: Final = 1 << 28  # bytes of one message: what it says of its own length is not believed beyond
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
        self._file = cast("IO[bytes]", connection.makefile("rb", buffering=1 << 20))

    def read(self, count: int = -1) -> bytes:
        """Up to so many bytes. Raises ``OSError`` beyond ``MOST_MESSAGE``."""
        if not 0 <= count <= MOST_MESSAGE:
            raise OSError(f"a message of {count:,} bytes is more than {MOST_MESSAGE >> 20} MiB")
        return self._file.read(count)


def from_socket(connection: socket.socket, where: str = "socket") -> StreamSource:
    """The frames that the other end of a connected socket sends."""
    return StreamSource(cast("IO[bytes]", _Bounded(connection)), where)
