"""Frames that were made once, delivered again and again at their own pace: the fixed workload of a comparison."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.arrow_io import read_stream
from contract.clock import Clock
from contract.errors import InputError
from contract.schemas import FRAMES, TIME

_SLICE_NS: Final = 5_000_000  # frames that leave together: a tenth of a tick
_END_OF_STREAM: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Delivery:
    """How punctual the delivery was. ``late_p99_ms`` is our own lateness; ``held_ms`` is the longest that the detector
    let us wait by not reading, of which our own lateness holds nothing.
    """

    late_p99_ms: float
    held_ms: float


class Feed:
    """The frames of an Arrow file (of ``tenfold generate``), cut into slices of 5 ms.

    Raises ``InputError`` where the file holds something else, or nothing.
    """

    def __init__(self, path: Path) -> None:
        try:
            with pa.memory_map(str(path)) as file:
                table = pa.Table.from_batches(list(read_stream(file, FRAMES, str(path))), FRAMES)
        except OSError as error:
            raise InputError(f"{path}: cannot read: {error}") from None
        if not table.num_rows:
            raise InputError(f"{path}: holds no frame")
        self.frames = table.num_rows
        ts = table.column("ts").cast(pa.int64()).to_numpy()
        self._offsets: I64 = ts - ts[0]
        self.seconds = float(self._offsets[-1]) / 1e9
        edges = np.flatnonzero(np.diff(self._offsets // _SLICE_NS)) + 1
        bounds = np.concatenate((np.zeros(1, np.int64), edges, np.array([self.frames])))
        self._slices = [
            (low, high, table.slice(low, high - low).combine_chunks().to_batches()[0])
            for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        ]

    def messages(self, start_ns: int) -> Iterator[tuple[int, memoryview]]:
        """Finished Arrow messages with the moment at which each is due (epoch ns) when second 0 is ``start_ns``."""
        yield start_ns, memoryview(FRAMES.serialize())
        moved = pa.array(self._offsets + start_ns).cast(TIME)
        for low, high, batch in self._slices:
            columns = [moved.slice(low, high - low), *batch.columns[1:]]
            message = pa.RecordBatch.from_arrays(columns, schema=FRAMES).serialize()
            yield start_ns + int(self._offsets[high - 1]), memoryview(message)


def deliver(messages: Iterator[tuple[int, memoryview]], peer: socket.socket, clock: Clock) -> Delivery:
    """Send each message when it is due, then the end of the stream. Raises ``OSError`` where the peer goes away.

    A message is made while the one before it is on its way or its moment has not come.
    """
    lateness: list[int] = []
    free = held = 0
    for due, message in messages:
        wait = due - clock.now_ns()
        if wait > 0:
            time.sleep(wait / 1e9)
        begun = clock.now_ns()
        lateness.append(max(0, begun - max(due, free)))
        peer.sendall(message)
        free = clock.now_ns()
        held = max(held, free - begun)
    peer.sendall(_END_OF_STREAM)
    peer.shutdown(socket.SHUT_WR)
    return Delivery(float(np.percentile(lateness, 99)) / 1e6, held / 1e6)
