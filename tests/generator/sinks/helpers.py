"""FRAMES batches of given frames, and a disk that is full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from contract.schemas import FRAMES

# (time in ns, frame, bytes of it that were not captured)
ROWS = st.lists(st.tuples(st.integers(0, 2**62), st.binary(max_size=70), st.integers(0, 1500)), max_size=12)
FEW = [(1_784_970_000_123_456_789, b"odd", 0), (1_784_970_000_123_456_790, b"", 60), (2**40, bytes(range(64)), 1)]


def batch(rows: list[tuple[int, bytes, int]]) -> pa.RecordBatch:
    times, frames = [row[0] for row in rows], [row[1] for row in rows]
    lengths = [len(frame) + cut for _, frame, cut in rows]
    columns = [times, frames, lengths, [1] * len(rows)]
    return pa.record_batch([pa.array(c, field.type) for c, field in zip(columns, FRAMES, strict=True)], schema=FRAMES)


def fill_the_disk(pending: Any) -> None:
    """Whatever is written from now on meets a full disk."""
    pending.file.close()
    pending.file = Path("/dev/full").open("wb")  # noqa: SIM115 - the sink closes it
