"""Frames made beforehand, cut into slices of a tenth of a second and given the time at which they are posted.

The file is an Arrow stream or file of FRAMES from ``tenfold generate``. Nothing is built per frame: a slice shares the
file's memory, only its column of times is new.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contract.addresses import to_text
from contract.arrow_io import write_stream
from contract.errors import InputError
from contract.schemas import FRAMES, TIME, check_schema

NS: Final = 1_000_000_000
ON_SIGHT: Final = "syn_flood"
_MAGIC: Final = b"ARROW1"


@dataclass(frozen=True)
class Slice:
    """One batch to post: its frames, when it is due (seconds from the start of the step), and whom it is from."""

    due_s: float
    batch: pa.RecordBatch
    offsets: npt.NDArray[np.int64]  # ns from the beginning of the slice
    source: str  # the source address with most attempts that can be told on sight, '' where it has none

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
    begin = int(times[0])
    probes = Probes(path)
    times = times - begin
    width = int(slice_s * NS)
    bounds = np.searchsorted(times, np.arange(0, times[-1] + width + 1, width))
    found = []
    for number, (low, high) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
        if high > low:
            rows = batch.slice(low, high - low)
            offsets = times[low:high] - number * width
            source = probes.busiest(begin + number * width, begin + (number + 1) * width)
            found.append(Slice((number + 1) * slice_s, rows, offsets, source))
    return found


class Probes:
    """Sources of attempts that can be told on sight, by when they leave: what a probe asks the service for.

    They come from the truth that ``tenfold generate`` writes beside the feed; without it nothing is probed.
    """

    def __init__(self, path: Path) -> None:
        truth = path.with_name(path.name + ".truth.parquet")
        self._times: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._sources: list[bytes] = []
        if not truth.is_file():
            return
        try:
            table = pq.read_table(truth, columns=["family", "intended", "src"])
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"{truth}: cannot read: {str(error).splitlines()[0]}") from None
        table = table.filter(pc.equal(table.column("family").cast(pa.string()), ON_SIGHT)).sort_by("intended")
        self._times = np.asarray(table.column("intended").cast(pa.int64())).astype(np.int64)
        self._sources = table.column("src").to_pylist()

    def busiest(self, low_ns: int, high_ns: int) -> str:
        """The source with most such attempts in ``low_ns <= t < high_ns``, the last of these; '' where there is none.

        A source of a single SYN is told only where the flood around it is dense, which it is not at 1x.
        """
        low, high = np.searchsorted(self._times, (low_ns, high_ns)).tolist()
        sources = self._sources[low:high]
        if not sources:
            return ""
        counts = Counter(sources)
        most = max(counts.values())
        return to_text(next(source for source in reversed(sources) if counts[source] == most))


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
