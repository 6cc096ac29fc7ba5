"""Batches of frames that sensors post: looked at when they come, and copied from their file to a detector's stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from campaign.spool import Batch
from contract.arrow_io import write_stream
from contract.errors import InputError
from contract.frontier import Frontier
from contract.schemas import FRAMES


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


def untold(path: Path, frontier: Frontier, first: int, frames: int) -> bytes | None:
    """What is to be sent again of a spooled batch whose ``frames`` were sent before, from number ``first`` on.

    A stream of the frames that are not told, b"" where there is none; None where all are to be sent, or the file is not
    what was sent then, because it was cut down to this before.
    """
    with spooled(path) as batches:
        rows = pa.Table.from_batches(batches, FRAMES)
        if rows.num_rows != frames:
            return None
        left = frontier.untold(first, rows.column("ts").cast(pa.int64()).to_numpy())
        if left.all():
            return None
        return write_stream(rows.filter(pa.array(left)).combine_chunks().to_batches(), FRAMES) if left.any() else b""


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
