"""What frames come from: the protocol of all sources, and Arrow batches out of found records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.jit import lean_kernel
from contract.ledger import Stage
from contract.schemas import FRAMES, TIME
from detector.packet import Bytes

BATCH_FRAMES: Final = 65_536
BATCH_BYTES: Final = 1 << 26


class Source(Protocol):
    """Frames from somewhere, in batches of bounded size."""

    ledger_stage: Stage  # frames found (offered), passed on (delivered), lost and why
    notes: list[str]  # what a user should know, e.g. where a capture is cut off; complete when the batches are read

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The frames as FRAMES batches, in the order of the source. Raises ``InputError`` where they are damaged."""
        ...


class Records(NamedTuple):
    """Frames found in a file."""

    start: npt.NDArray[np.int64]  # (n,) where the bytes of the frame begin
    length: npt.NDArray[np.int64]  # (n,) how many were captured
    wire_len: npt.NDArray[np.uint32]  # (n,)
    ts: npt.NDArray[np.int64]  # (n,) epoch ns
    link: npt.NDArray[np.uint16]  # (n,)


def new_records(count: int = BATCH_FRAMES) -> Records:
    """Room for that many records."""
    return Records(
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.uint32),
        np.zeros(count, np.int64),
        np.zeros(count, np.uint16),
    )


def to_batch(data: Bytes, records: Records, count: int) -> pa.RecordBatch:
    """The first ``count`` records as a FRAMES batch; their bytes are copied once, out of ``data``."""
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum(records.length[:count], out=offsets[1:])
    frames = np.empty(int(offsets[-1]), np.uint8)
    _gather(data, records.start[:count], offsets, frames)
    columns = [
        pa.Array.from_buffers(TIME, count, [None, pa.py_buffer(records.ts[:count].copy())]),
        pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(frames)]),
        pa.array(records.wire_len[:count].copy()),
        pa.array(records.link[:count].copy()),
    ]
    return pa.record_batch(columns, schema=FRAMES)


@lean_kernel
def _gather(data: Bytes, start: npt.NDArray[np.int64], offsets: npt.NDArray[np.int32], frames: Bytes) -> None:
    for n in range(len(start)):
        # Slices: an index into the whole array, which might be negative, would keep the loop from being vectorised.
        target = frames[np.int64(offsets[n]) : np.int64(offsets[n + 1])]
        source = data[start[n] : start[n] + len(target)]
        for i in range(len(target)):
            target[i] = source[i]
