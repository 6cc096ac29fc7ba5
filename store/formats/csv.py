"""Comma-separated values (RFC 4180) with a head line; lists of an alert stand in one field, with spaces between."""

from __future__ import annotations

from typing import IO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from store.formats.base import Format, Origin, Rows, Writer
from store.formats.tables import tabular


class _Csv:
    def __init__(self, sink: IO[bytes], what: str) -> None:
        self._sink, self._what, self._begun = sink, what, False

    def write(self, rows: Rows) -> None:
        table = tabular(rows, self._what)
        flat = [_flat(column, name) for name, column in zip(table.schema.names, table.columns, strict=True)]
        options = pacsv.WriteOptions(include_header=not self._begun)
        self._begun = True
        pacsv.write_csv(pa.table(flat, table.schema.names), self._sink, options)

    def close(self) -> None:
        """Nothing is due."""


def _flat(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    if pa.types.is_list(column.type):
        return pc.binary_join(column.cast(pa.list_(pa.string())), "; " if name == "evidence" else " ")
    return column


def _open(sink: IO[bytes], what: str, _: Origin) -> Writer:
    return _Csv(sink, what)


FORMAT: Final = Format("csv", "comma-separated values with a head line", "text/csv", ".csv", opener=_open)
