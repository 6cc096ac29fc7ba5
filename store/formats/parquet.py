"""Parquet, compressed with zstd."""

from __future__ import annotations

from typing import IO, Final

import pyarrow.parquet as pq

from store.formats.base import Format, Origin, Rows, Writer
from store.formats.tables import tabular


class _Parquet:
    def __init__(self, sink: IO[bytes], what: str, origin: Origin) -> None:
        self._sink, self._what, self._origin = sink, what, origin
        self._writer: pq.ParquetWriter | None = None

    def write(self, rows: Rows) -> None:
        table = tabular(rows, self._what)
        if self._writer is None:
            of = {"tenfold.what": self._what, "tenfold.run": self._origin.run}
            schema = table.schema.with_metadata(of)
            self._writer = pq.ParquetWriter(self._sink, schema, compression="zstd")
        self._writer.write_table(table.cast(self._writer.schema))

    def close(self) -> None:
        """Write the foot."""
        if self._writer is not None:
            self._writer.close()


def _open(sink: IO[bytes], what: str, origin: Origin) -> Writer:
    return _Parquet(sink, what, origin)


FORMAT: Final = Format("parquet", "Parquet, zstd", "application/vnd.apache.parquet", ".parquet", opener=_open)
