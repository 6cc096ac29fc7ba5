"""JSON lines from columns: the text of each record is joined in Arrow, never key by key in Python.

A record is a list of pieces. A text stands in every record as it is; a column of strings has its own piece for each
row, and an empty one where the row is null. ``numbers``, ``quoted``, ``instants`` and ``distinct`` make such columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

Piece: TypeAlias = str | pa.Array
_MICROSECONDS: Final = pa.timestamp("us")


def lines(pieces: Sequence[Piece]) -> bytes:
    """The records, each with a line end. At least one piece must be a column."""
    joined = _joined([*pieces, "\n"])
    if not len(joined):
        return b""
    offsets = np.frombuffer(joined.buffers()[1], np.int32 if pa.types.is_string(joined.type) else np.int64)
    first, last = int(offsets[joined.offset]), int(offsets[joined.offset + len(joined)])
    data: bytes = joined.buffers()[2][first:last].to_pybytes()
    return data


def _joined(pieces: Sequence[Piece]) -> pa.Array:
    # A record may have more than 2 GiB in all: offsets of 64 bits.
    parts = [piece if isinstance(piece, str) else piece.cast(pa.large_string()) for piece in pieces]
    parts = [pa.scalar(part, pa.large_string()) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(
        *parts, pa.scalar("", pa.large_string()), null_handling="replace", null_replacement=""
    )


def column(table: pa.Table, name: str) -> pa.Array:
    """A column as one array."""
    found = table.column(name).combine_chunks()
    if isinstance(found, pa.ChunkedArray):
        return found.chunk(0) if found.num_chunks else pa.array([], found.type)
    return found


def plain(table: pa.Table, name: str) -> npt.NDArray[Any]:
    """A column of numbers as numpy has it; of times as epoch nanoseconds."""
    found = column(table, name)
    return np.asarray(found.cast(pa.int64()) if pa.types.is_timestamp(found.type) else found)


def numbers(values: pa.Array | npt.NDArray[Any], key: str = "", there: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Numbers as text behind ``key``; null where not ``there``."""
    array = values if isinstance(values, pa.Array) else pa.array(values)
    return where(prefixed(key, array.cast(pa.string())), there)


def quoted(values: pa.Array, key: str = "", there: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Text that needs no escapes (addresses, base64), in quotes behind ``key``; null where not ``there``."""
    return where(pc.binary_join_element_wise(f'{key}"', values, '"', ""), there)


def prefixed(key: str, values: pa.Array) -> pa.Array:
    """Text behind ``key``."""
    return pc.binary_join_element_wise(key, values, "") if key else values


def where(values: pa.Array, there: npt.NDArray[np.bool_] | None) -> pa.Array:
    """Null where not ``there``."""
    return values if there is None else pc.if_else(pa.array(there), values, pa.scalar(None, values.type))


def instants(nanoseconds: npt.NDArray[np.int64], zone: str) -> pa.Array:
    """Epoch nanoseconds as ISO 8601 in UTC with microseconds; ``zone`` is what stands behind."""
    micro = pa.array(nanoseconds // 1000).cast(_MICROSECONDS)
    text = pc.binary_replace_slice(micro.cast(pa.string()), start=10, stop=11, replacement="T")
    return pc.binary_join_element_wise(text, zone, "")


def distinct(codes: npt.NDArray[np.integer], made: Callable[[int], str | None]) -> pa.Array:
    """A text for each code, made once for each that occurs."""
    found, places = np.unique(codes, return_inverse=True)
    words = pa.array([made(int(code)) for code in found], pa.string())
    return words.take(pa.array(places.ravel()))


def json_text(document: Any) -> str:  # noqa: ANN401 - any JSON value
    """A document as JSON text."""
    return orjson.dumps(document).decode()


def json_lines(documents: Sequence[Any]) -> bytes:
    """Documents, each on a line of its own."""
    return b"".join([orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE) for document in documents])
