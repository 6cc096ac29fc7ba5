"""Reading traces of arrivals: CSV, NDJSON or Parquet, each row the second of an event or a second and a count.

* CSV: one column (seconds) or two (second, count), with or without a header line; comma, semicolon or tab.
* NDJSON: a number a line, or an object with ``second`` and maybe ``count``.
* Parquet: a column ``second`` (or ``time``, ``ts``; a timestamp counts from the first row) and maybe ``count``.

A trace is somebody else's file: size, rows and every value are checked, and what is wrong is one line.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from contract.errors import InputError
from contract.files import read_bytes, read_text
from generator.curves import Curve
from generator.points import MOST_VALUES

Float64 = npt.NDArray[np.float64]
_MAX_BYTES: Final = 16 << 20
_SECONDS: Final = ("second", "seconds", "time", "ts")
_LATEST: Final = 604_800.0
_MOST_COUNT: Final = 1e9


@dataclass(frozen=True)
class Trace:
    """Seconds of events in order, or (``counts`` given) the beginning of each bin and the events in it."""

    seconds: Float64
    counts: Float64 | None = None

    def spec(self) -> dict[str, Any]:
        """As an arrival model."""
        if self.counts is None:
            return {"model": "trace", "seconds": self.seconds.tolist()}
        return {"model": "trace", "counts": self._filled().tolist(), "bin": self._width()}

    def curve(self) -> Curve:
        """As a rate curve of steps: events a second in each bin (of one second, for events)."""
        filled, width = self._filled(), self._width()
        edges = np.arange(len(filled) + 1) * width
        rates = filled / width
        points = np.column_stack([edges[:-1], rates, edges[1:], rates]).reshape(-1, 2)
        return tuple((float(second), float(rate)) for second, rate in points)

    def _width(self) -> float:
        if self.counts is None or len(self.seconds) < 2:
            return 1.0
        return float(np.diff(self.seconds).min())

    def _filled(self) -> Float64:
        """The counts of every bin, zeros where the file has none."""
        counts = np.ones(len(self.seconds)) if self.counts is None else self.counts
        at = np.floor((self.seconds - self.seconds[0] * (self.counts is not None)) / self._width() + 1e-6)
        if at[-1] >= MOST_VALUES:
            raise InputError(f"a trace of more than {MOST_VALUES:,} bins is refused")
        return np.asarray(np.bincount(at.astype(np.int64), weights=counts), np.float64)


def read_trace(path: Path) -> Trace:
    """Read a trace. Raises ``InputError`` with one line."""
    if path.suffix == ".parquet":
        rows, counts = _parquet(path)
    elif path.suffix in (".ndjson", ".jsonl"):
        rows, counts = _ndjson(_text(path), path)
    elif path.suffix in (".csv", ".txt", ".tsv"):
        rows, counts = _csv(_text(path), path)
    else:
        raise InputError(f"{path}: a trace is a .csv, .ndjson or .parquet file")
    return _checked(rows, counts, path)


def _checked(seconds: Float64, counts: Float64 | None, path: Path) -> Trace:
    if not len(seconds):
        raise InputError(f"{path}: no row in this trace")
    if len(seconds) > MOST_VALUES:
        raise InputError(f"{path}: {len(seconds):,} rows are more than the {MOST_VALUES:,} of a trace")
    bad = ~(np.isfinite(seconds) & (seconds >= 0) & (seconds <= _LATEST))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(f"{path}: row {row + 1}: second {seconds[row]:g} is not from 0 to {_LATEST:g}")
    falls = np.flatnonzero(np.diff(seconds) < 0)
    if len(falls):
        raise InputError(
            f"{path}: row {falls[0] + 2}: second {seconds[falls[0] + 1]:g} lies before that of the row above"
        )
    if counts is not None:
        bad = ~(np.isfinite(counts) & (counts >= 0) & (counts <= _MOST_COUNT))
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise InputError(f"{path}: row {row + 1}: a count of {counts[row]:g} is not from 0 to {_MOST_COUNT:g}")
        if (np.diff(seconds) < 0.001).any():
            raise InputError(f"{path}: bins of counts must lie at least a millisecond apart")
        if not counts.any():
            raise InputError(f"{path}: every count is 0")
    return Trace(seconds, counts)


def _text(path: Path) -> str:
    """Raises ``InputError`` for more lines than any trace has, before they are taken apart."""
    text = read_text(path, "trace", _MAX_BYTES)
    if text.count("\n") > 2 * MOST_VALUES:
        raise InputError(f"{path}: more than {2 * MOST_VALUES:,} lines, and a trace has {MOST_VALUES:,} rows at most")
    return text


def _csv(text: str, path: Path) -> tuple[Float64, Float64 | None]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if lines and not _number(_cells(lines[0])[0]):
        lines = lines[1:]
    rows: list[list[float]] = []
    for number, line in enumerate(lines[: MOST_VALUES + 1], 1):
        cells = _cells(line)
        if len(cells) > 2 or not all(map(_number, cells)) or (rows and len(cells) != len(rows[0])):
            raise InputError(f"{path}: row {number}: {line[:40]!r} is neither a second nor a second and a count")
        rows.append([float(cell) for cell in cells])
    return _columns(rows)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.replace(";", ",").replace("\t", ",").split(",")]


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _ndjson(text: str, path: Path) -> tuple[Float64, Float64 | None]:
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(f"{path}: line {number}: not JSON") from None
        cells = (
            [value.get("second"), *([value["count"]] if "count" in value else [])]
            if isinstance(value, dict)
            else [value]
        )
        plain = all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells)
        if not plain or (rows and len(cells) != len(rows[0])):
            raise InputError(f"{path}: line {number}: must be a number, or an object with second and maybe count")
        rows.append([_as_float(cell) for cell in cells])
        if len(rows) > MOST_VALUES:
            break
    return _columns(rows)


def _as_float(value: Any) -> float:  # noqa: ANN401 - a number of JSON, of any size
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _columns(rows: list[list[float]]) -> tuple[Float64, Float64 | None]:
    if not rows:
        return np.zeros(0), None
    table = np.array(rows, float)
    return table[:, 0], table[:, 1] if table.shape[1] == 2 else None


def _parquet(path: Path) -> tuple[Float64, Float64 | None]:
    data = read_bytes(path, "trace", _MAX_BYTES)
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        named = [name for name in _SECONDS if name in file.schema_arrow.names]
        if not named:
            raise InputError(f"{path}: has no column {' or '.join(_SECONDS)}")
        if file.metadata.num_rows > MOST_VALUES:
            raise InputError(f"{path}: {file.metadata.num_rows:,} rows are more than the {MOST_VALUES:,} of a trace")
        counted = "count" in file.schema_arrow.names
        table = file.read(columns=[named[0], *(["count"] if counted else [])])
        table.validate(full=True)
        seconds = _floats(table.column(named[0]))
        return seconds, _floats(table.column("count")) if counted else None
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not a Parquet file of numbers: {str(error).splitlines()[0][:120]}") from None


def _floats(column: Any) -> Float64:  # noqa: ANN401 - a chunked array of any type
    if pa.types.is_timestamp(column.type):
        ticks = column.cast(pa.timestamp("ns"), safe=False).cast(pa.int64())
        whole = np.asarray(ticks.to_numpy(zero_copy_only=False), float) if not ticks.null_count else np.full(1, np.nan)
        return np.asarray((whole - whole[:1]) / 1e9, np.float64)
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
