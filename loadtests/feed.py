"""Frames made beforehand, cut into slices of a tenth of a second and given the time at which they are posted.

The file is an Arrow stream or file of FRAMES from ``tenfold generate``. Nothing is built per frame: a slice shares the
file's memory, only its column of times is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import to_text
from contract.arrow_io import write_stream
from contract.errors import InputError
from contract.schemas import FRAMES, TIME, check_schema

NS: Final = 1_000_000_000
_MAPPED: Final = bytes(10) + b"\xff\xff"
_MAGIC: Final = b"ARROW1"


@dataclass(frozen=True)
class Slice:
    """One batch to post: its frames, when it is due (seconds from the start of the step), and whom it is from."""

    due_s: float
    batch: pa.RecordBatch
    offsets: npt.NDArray[np.int64]  # ns from the beginning of the slice
    source: str  # the source address of its last IPv4 frame that opens a conversation, '' where it has none

    def stamped(self, now_ns: int, span_ns: int) -> bytes:
        """The slice as an Arrow stream whose last frame is at about ``now_ns``."""
        times = pa.array(self.offsets + (now_ns - span_ns)).cast(TIME)
        return write_stream([self.batch.set_column(0, FRAMES.field(0), times)], FRAMES)


def read_slices(path: Path, slice_s: float) -> list[Slice]:
    """Every slice of a feed, in order. Raises ``InputError`` where it is not there or is something else."""
    table = _read(path)
    if not table.num_rows:
        raise InputError(f"{path}: the feed holds no frame")
    batch = table.combine_chunks().to_batches()[0]
    times = np.asarray(batch.column("ts").cast(pa.int64())).astype(np.int64)
    times = times - times[0]
    width = int(slice_s * NS)
    bounds = np.searchsorted(times, np.arange(0, times[-1] + width + 1, width))
    found = []
    for number, (low, high) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
        if high > low:
            rows = batch.slice(low, high - low)
            offsets = times[low:high] - number * width
            found.append(Slice((number + 1) * slice_s, rows, offsets, probe_source(rows)))
    return found


def probe_source(batch: pa.RecordBatch) -> str:
    """The source of the last TCP SYN over IPv4 and Ethernet in a batch: what a probe asks the service for.

    A spoofed source of a flood or a scanner's probe is an attempt that can be told on sight.
    """
    frames = batch.column("frame")
    for at in range(len(frames) - 1, max(-1, len(frames) - 200), -1):
        frame = frames[at].as_py()
        if len(frame) >= 54 and frame[12:14] == b"\x08\x00" and frame[23] == 6 and frame[47] == 0x02:
            return to_text(_MAPPED + frame[26:30])
    return ""


def _read(path: Path) -> pa.Table:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source) if magic == _MAGIC else pa.ipc.open_stream(source)
            table = reader.read_all()
    except FileNotFoundError:
        raise InputError(f"{path}: no such feed; `tenfold generate ... --out {path.name}` makes one") from None
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot read the feed: {str(error).splitlines()[0]}") from None
    check_schema(table.schema, FRAMES, str(path))
    return table
