"""Frames that arrive as an Arrow IPC stream from a file or a pipe; ``detector.capture.socket_stream`` has sockets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

import pyarrow as pa

from contract.arrow_io import read_stream
from contract.errors import InputError
from contract.ledger import Stage
from contract.schemas import FRAMES
from detector.event_order import times_of

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
            check_times(batch, self._where)
            yield self.passed(batch)

    def passed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch, which is counted."""
        self.ledger_stage.offered += batch.num_rows
        self.ledger_stage.delivered += batch.num_rows
        return batch


def check_times(batch: pa.RecordBatch, where: str) -> None:
    """Raise ``InputError`` where a frame of a sound FRAMES batch has a time from which nothing can be counted up."""
    if not batch.num_rows:
        return
    times = times_of(batch)
    if not -_FARTHEST <= times.min() <= times.max() <= _FARTHEST:
        raise InputError(f"{where}: damaged Arrow batch: a frame's time lies beyond the year 2116 or before 1823")
