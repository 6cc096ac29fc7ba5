"""Batches of frames that sensors post: looked at when they come, and copied from their file to a detector's stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from campaign.spool import Batch
from contract.errors import InputError


def send_frames(
    batch: Batch,
    writer: pa.RecordBatchWriter,
    sink: Any,  # noqa: ANN401 - a buffered socket file
    note: Callable[[Batch, int], None],
) -> int:
    """Send the frames of a spooled batch to a detector; how many they are, which ``note`` is told before."""
    with spooled(batch.path) as pieces:
        frames = sum(int(rows.num_rows) for rows in pieces)
        note(batch, frames)
        for rows in pieces:
            writer.write_batch(rows)
        sink.flush()
    return frames


@contextmanager
def spooled(path: Path) -> Iterator[list[pa.RecordBatch]]:
    """The frames in a file of our spool, as they lie there."""
    # Validated before it was spooled; what lies in our own spool is ours.
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        yield [rows for rows in reader if rows.num_rows]


def check_frames(batches: list[pa.RecordBatch], where: str) -> int:
    """How many frames batches hold. Raises ``InputError`` where a length on the wire is less than what was captured."""
    total = 0
    for batch in batches:
        captured = pc.binary_length(batch.column("frame"))
        short = pc.less(batch.column("wire_len"), captured.cast(pa.uint32()))
        if pc.any(short).as_py():
            raise InputError(f"{where}: a frame is longer than its wire_len")
        total += batch.num_rows
    return total
