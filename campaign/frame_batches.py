"""Batches of frames that sensors post: looked at when they come, and copied from their file to a detector's stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contract.errors import InputError


def copy_frames(path: Path, writer: pa.RecordBatchWriter, sink: Any) -> int:  # noqa: ANN401 - a buffered socket file
    """Send the frames in a file of our spool; how many there were."""
    frames = 0
    # Validated before it was spooled; what lies in our own spool is ours.
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
        for rows in reader:
            if rows.num_rows:
                writer.write_batch(rows)
                frames += rows.num_rows
    sink.flush()
    return frames


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
