"""Frames that arrive as an Arrow IPC stream: from a file, a pipe or a socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import IO

import pyarrow as pa

from contract.arrow_io import read_stream
from contract.ledger import Stage
from contract.schemas import FRAMES


class StreamSource:
    """The frames of an Arrow stream of schema FRAMES; each batch is validated in full before it is passed on."""

    def __init__(self, source: IO[bytes] | pa.NativeFile | bytes, where: str) -> None:
        self.ledger_stage = Stage()
        self.notes: list[str] = []
        self._source, self._where = source, where

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The batches as they were sent. Raises ``InputError`` for another schema, damage or a cut in a message."""
        for batch in read_stream(self._source, FRAMES, self._where):
            self.ledger_stage.offered += batch.num_rows
            self.ledger_stage.delivered += batch.num_rows
            yield batch


def from_socket(connection: socket.socket, where: str = "socket") -> StreamSource:
    """The frames that the other end of a connected socket sends."""
    return StreamSource(connection.makefile("rb", buffering=1 << 20), where)
