"""Flow facts as a file that grows batch by batch: Parquet, Arrow or CSV, by the end of its name."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from contract.errors import InputError
from detector.flow_facts import FLOW_FACTS

KINDS: Final = (".parquet", ".arrow", ".csv")


class FactFile:
    """A file of FLOW_FACTS, or of what the schema says. It grows under another name and takes its own in ``finish``.

    Lists are text in CSV (``30;-46``). Raises ``InputError`` where the name ends otherwise or it cannot be written.
    """

    def __init__(self, path: Path, schema: pa.Schema = FLOW_FACTS) -> None:
        if path.suffix not in KINDS:
            raise InputError(f"{path}: flows are written to files that end in {', '.join(KINDS)}")
        self._path, self._part = path, path.with_name(f".{path.name}.{os.getpid()}.part")
        with self._told():
            if path.is_dir():
                raise InputError(f"{path}: cannot write: is a folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = _writer(self._part, path.suffix, schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        with self._told():
            self._writer.write_batch(_flat(batch) if self._path.suffix == ".csv" else batch)

    def finish(self) -> None:
        """Give the file its name."""
        with self._told():
            self._writer.close()
            self._part.replace(self._path)

    def abandon(self) -> None:
        """Leave nothing half-written behind; does nothing after ``finish``."""
        with contextlib.suppress(OSError):
            self._writer.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(f"{self._path}: cannot write: {error.strerror or error}") from None


def _writer(path: Path, kind: str, schema: pa.Schema) -> Any:  # noqa: ANN401 - three classes of pyarrow that share their methods
    if kind == ".parquet":
        return pq.ParquetWriter(path, schema)
    if kind == ".arrow":
        return pa.ipc.new_file(str(path), schema)
    return pc_csv.CSVWriter(str(path), _flat(schema.empty_table().combine_chunks()).schema)


def _flat(rows: pa.RecordBatch | pa.Table) -> pa.RecordBatch | pa.Table:
    """The same rows with lists as text."""
    columns = [
        pc.binary_join(column.cast(pa.list_(pa.string())), ";") if pa.types.is_list(column.type) else column
        for column in rows.columns
    ]
    return type(rows).from_arrays(columns, names=rows.schema.names)
