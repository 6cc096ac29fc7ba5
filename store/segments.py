"""One segment: the rows of one kind of one commit as an Arrow IPC file; or of many commits as a Parquet file.

Arrow IPC has no checksum, so the manifest keeps one of the whole file; Parquet carries one in every page.
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contract.arrow_io import check_batch, first_line
from contract.errors import InputError
from contract.files import sync_folder
from contract.schemas import NAME, TIME
from store.layout import KINDS, TEMPORARY

COMMIT: Final = pa.field("commit", pa.int64(), nullable=False)
_META: Final = b"tenfold.commit"


@dataclass(frozen=True)
class Segment:
    """A row of the manifest. ``path`` is relative to the store; ``families`` those that occur in it."""

    kind: str
    name: str
    level: int
    first_row: int
    rows: int
    min_ns: int
    max_ns: int
    commit_id: int
    checksum: int
    bytes: int
    families: tuple[str, ...] = ()
    id: int = 0

    def path(self, root: Path) -> Path:
        """Where its file lies."""
        return root / self.kind / self.name

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Segment:
        """From the columns of ``SEGMENT_COLUMNS``."""
        values = dict(zip(SEGMENT_COLUMNS.split(","), row, strict=True))
        return cls(**values | {"families": tuple(json.loads(values["families"]))})


SEGMENT_COLUMNS: Final = "kind,name,level,first_row,rows,min_ns,max_ns,commit_id,checksum,bytes,families,id"


@dataclass(frozen=True)
class CommitNote:
    """What a segment says about its commit, so that recovery can redo it whole.

    ``parts`` are the kinds that the commit wrote, ``key`` the caller's own name of it, ``alerts`` documents.
    """

    commit_id: int
    parts: tuple[str, ...]
    written_ns: int
    key: str | None = None
    alerts: tuple[dict[str, Any], ...] = field(default_factory=tuple)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """``alerts`` as JSON, made once: every part of a commit carries them, and so does the database."""
        return tuple(json.dumps(alert) for alert in self.alerts)

    def to_bytes(self) -> bytes:
        """As schema metadata."""
        document = {"id": self.commit_id, "parts": self.parts, "written_ns": self.written_ns, "key": self.key}
        return f'{json.dumps(document)[:-1]}, "alerts": [{", ".join(self.texts)}]}}'.encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> CommitNote:
        """Raises ``ValueError``, ``KeyError`` or ``TypeError`` where it is something else."""
        document = json.loads(text)
        return cls(
            int(document["id"]),
            tuple(document["parts"]),
            int(document["written_ns"]),
            document["key"],
            tuple(document["alerts"]),
        )


def encode(batch: pa.RecordBatch, note: CommitNote) -> pa.Buffer:
    """The bytes of a segment."""
    metadata = {**(batch.schema.metadata or {}), _META: note.to_bytes()}
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema.with_metadata(metadata)) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def describe(batch: pa.RecordBatch, kind: str, commit_id: int, first_row: int, data: pa.Buffer, name: str) -> Segment:
    """The row of the manifest for a batch and its encoded bytes."""
    times = batch.column(KINDS[kind].time)
    low, high = 0, 0
    if len(times):
        values = np.asarray(times.cast(pa.int64()))
        low, high = int(values.min()), int(values.max())
    return Segment(
        kind=kind,
        name=name,
        level=0,
        first_row=first_row,
        rows=batch.num_rows,
        min_ns=low,
        max_ns=high,
        commit_id=commit_id,
        checksum=zlib.crc32(data),
        bytes=data.size,
        families=families_of(batch),
    )


def families_of(rows: pa.RecordBatch | pa.Table) -> tuple[str, ...]:
    """The families that occur in a batch of verdicts, sorted; none for flows."""
    if "family" not in rows.schema.names:
        return ()
    return tuple(sorted(pc.unique(rows.column("family").cast(pa.string())).to_pylist()))


def write_synced(path: Path, data: pa.Buffer) -> None:
    """Write a file under a temporary name and sync it; ``publish`` gives it its own name."""
    with path.with_name(path.name + TEMPORARY).open("wb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        os.fsync(file.fileno())


def publish(path: Path) -> None:
    """Rename a synced temporary file to its own name, and sync the folder."""
    path.with_name(path.name + TEMPORARY).rename(path)
    sync_folder(path.parent)


def read(root: Path, segment: Segment) -> pa.Table:
    """The rows of a segment in the schema of its kind, with a column ``commit`` behind.

    Raises ``FileNotFoundError`` where compaction has taken the file away, ``InputError`` where it is damaged.
    """
    return read_noted(root, segment)[0]


def read_noted(root: Path, segment: Segment) -> tuple[pa.Table, CommitNote | None]:
    """As ``read``, and what the segment says of its commit, None where it holds many. Raises as ``read`` does."""
    path = segment.path(root)
    try:
        if segment.level == 0:
            batch, note = read_arrow(path, segment.kind, segment.checksum)
            commits = pa.array(np.full(batch.num_rows, segment.commit_id, np.int64))
            return pa.Table.from_batches([batch]).append_column(COMMIT, commits), note
        return read_parquet(path, segment.kind), None
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path}: damaged segment: {first_line(error)}") from None


def group_ends(root: Path, segment: Segment) -> list[int]:
    """Where each row group of a compacted segment ends, in rows from its begin. Raises as ``read`` does."""
    path = segment.path(root)
    try:
        found = pq.read_metadata(path)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path}: damaged segment: {first_line(error)}") from None
    return list(accumulate(found.row_group(group).num_rows for group in range(found.num_row_groups)))


def read_group(root: Path, segment: Segment, group: int) -> pa.Table:
    """One row group of a compacted segment, with ``commit``. Raises as ``read`` does."""
    path = segment.path(root)
    schema = KINDS[segment.kind].schema
    names = ["family"] if "family" in schema.names else None
    try:
        with pq.ParquetFile(path, read_dictionary=names, page_checksum_verification=True) as file:
            return conform(file.read_row_group(group), _with_commit(schema))
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path}: damaged segment: {first_line(error)}") from None


def read_arrow(path: Path, kind: str, checksum: int | None) -> tuple[pa.RecordBatch, CommitNote]:
    """The batch of an Arrow segment and what it says about its commit.

    Raises ``InputError`` where the bytes differ from ``checksum`` or are no sound segment.
    """
    data = path.read_bytes()
    if checksum is not None and zlib.crc32(data) != checksum:
        raise InputError(f"{path}: damaged segment: its checksum differs from the manifest's")
    try:
        with pa.ipc.open_file(data) as reader:
            if reader.num_record_batches != 1:
                raise InputError(f"{path}: damaged segment: {reader.num_record_batches} batches instead of one")
            note = CommitNote.from_bytes((reader.schema.metadata or {}).get(_META, b""))
            batch = check_batch(reader.get_batch(0), KINDS[kind].schema, str(path))
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged segment: {first_line(error)}") from None
    return batch.replace_schema_metadata(KINDS[kind].schema.metadata), note


def read_parquet(path: Path, kind: str) -> pa.Table:
    """The rows of a compacted segment, with ``commit``."""
    schema = KINDS[kind].schema
    names = ["family"] if "family" in schema.names else None
    table = pq.read_table(path, read_dictionary=names, page_checksum_verification=True, partitioning=None)
    return conform(table, _with_commit(schema))


def _with_commit(schema: pa.Schema) -> pa.Schema:
    return pa.schema([*schema, COMMIT], metadata=schema.metadata)


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of ``schema`` in its types (Parquet gives dictionaries wider indices and drops 'not null')."""
    columns = []
    for wanted in schema:
        column = table.column(wanted.name)
        if column.type != wanted.type:
            column = _encoded(column) if wanted.type == NAME else column.cast(wanted.type)
        columns.append(column)
    return pa.table(columns, schema=schema)


def _encoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    chunks = []
    for chunk in column.chunks:
        words = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        chunks.append(pa.DictionaryArray.from_arrays(words.indices.cast(NAME.index_type), words.dictionary))
    return pa.chunked_array(chunks, NAME)


def times(values: np.ndarray[Any, np.dtype[np.int64]]) -> pa.Array:
    """Epoch nanoseconds as a column of time."""
    return pa.array(values).cast(TIME)
