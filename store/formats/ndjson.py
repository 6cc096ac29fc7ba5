"""JSON lines: the columns of the tables (``store.formats.tables``) as they are called there."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa

from store.formats.base import WHATS, Format, Origin, Rows
from store.formats.columns import Piece, distinct, instants, json_lines, json_text, lines, numbers
from store.formats.tables import tabular


def encode(rows: Rows, origin: Origin, what: str) -> bytes:
    """Rows as JSON objects, one a line."""
    if isinstance(rows, list):
        return json_lines([row | {"run": origin.run} if origin.run else row for row in rows])
    if not rows.num_rows:
        return b""
    table = tabular(rows, what)
    pieces: list[Piece] = ["{"]
    for at, name in enumerate(table.schema.names):
        pieces += _pieces(table.column(name).combine_chunks(), f'{"," if at else ""}"{name}":')
    return lines([*pieces, f',"run":{json_text(origin.run)}}}' if origin.run else "}"])


def _pieces(column: pa.Array, key: str) -> list[Piece]:
    if pa.types.is_timestamp(column.type):
        return [f'{key}"', instants(np.asarray(column.cast(pa.int64())), "Z"), '"']
    if pa.types.is_string(column.type):
        words = column.dictionary_encode()
        return [key, distinct(np.asarray(words.indices), lambda code: json_text(words.dictionary[code].as_py()))]
    return [key, numbers(column)]


FORMAT: Final = Format(
    "ndjson",
    "JSON lines with the columns of the store",
    "application/x-ndjson",
    ".ndjson",
    {what: partial(encode, what=what) for what in WHATS},
)
