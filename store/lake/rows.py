"""Rows as an archive has them: plain columns that any engine reads, an hour of traffic a file.

Iceberg has no unsigned numbers and no nanoseconds, so numbers are widened and times are in microseconds (UTC).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contract.errors import InputError
from contract.schemas import TIME
from store.formats.base import ALERTS, DETECTIONS, FLOWS, Origin, Rows
from store.formats.tables import tabular
from store.layout import KINDS

KIND_OF: Final = {FLOWS: "flows", DETECTIONS: "verdicts"}  # what the store calls them; alerts are no rows there
TIMES: Final = {FLOWS: "last", DETECTIONS: "decided", ALERTS: "first_seen"}  # an hour of it is one partition
RUN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_MICROSECONDS: Final = pa.timestamp("us", "UTC")
_HOUR_US: Final = 3_600_000_000
_WIDER: Final = {
    pa.uint8(): pa.int32(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64(), pa.uint64(): pa.int64(),
}  # fmt: skip
_NAME: Final = re.compile(
    r"(?P<what>[a-z]+)/date=(?P<date>\d{4}-\d\d-\d\d)/hour=(?P<hour>\d\d)/"
    r"(?P<run>[A-Za-z0-9_-]+)\.(?P<first>\d{12})-(?P<end>\d{12})\.parquet"
)


class Name(NamedTuple):
    """What the name of a file says: rows ``first`` until ``end`` of a run (of alerts: commits), of one hour.

    ``hour`` counts from the epoch.
    """

    what: str
    hour: int
    run: str
    first: int
    end: int

    def __str__(self) -> str:
        return f"{self.folder}/{self.run}.{self.first:012d}-{self.end:012d}.parquet"

    @property
    def folder(self) -> str:
        """The partition."""
        moment = datetime.fromtimestamp(self.hour * 3600, UTC)
        return f"{self.what}/date={moment:%Y-%m-%d}/hour={moment:%H}"

    @classmethod
    def read(cls, text: str) -> Name | None:
        """From a file's name; None where that is no name of ours."""
        found = _NAME.fullmatch(text)
        if found is None:
            return None
        moment = datetime.fromisoformat(f"{found['date']}T{found['hour']}:00:00+00:00")
        return cls(found["what"], int(moment.timestamp()) // 3600, found["run"], int(found["first"]), int(found["end"]))


def check_run(name: str) -> str:
    """The name under which a run's rows stand. Raises ``InputError`` where it cannot be that of a file everywhere."""
    if not RUN.fullmatch(name):
        raise InputError(f"{name!r} cannot name rows in an archive: letters, digits, '_' and '-'; give another --label")
    return name


def archived(rows: Rows, what: str, origin: Origin, numbers: np.ndarray[Any, np.dtype[np.int64]]) -> pa.Table:
    """Rows as an archive keeps them: ``run``, ``row``, ``test`` (generated traffic), then as ``tabular`` has them."""
    table = tabular(rows, what)
    if isinstance(rows, list):
        committed = np.array([one["committed_ns"] for one in rows], np.int64)
        table = table.append_column("committed", pa.array(committed).cast(TIME))
    count = table.num_rows
    columns: dict[str, Any] = {
        "run": pa.array([origin.run], pa.string()).take(pa.array(np.zeros(count, np.int32))),
        "row": pa.array(numbers),
        "test": pa.array(np.full(count, origin.test)),
    }
    for name in table.schema.names:
        column = table.column(name)
        if pa.types.is_timestamp(column.type):
            column = pc.cast(column, _MICROSECONDS, safe=False)
        columns[name] = column.cast(_WIDER[column.type]) if column.type in _WIDER else column
    return pa.table(columns)


def schema_of(what: str) -> pa.Schema:
    """The columns of a table."""
    none: Rows = [] if what == ALERTS else KINDS[KIND_OF[what]].schema.append(pa.field("committed", TIME)).empty_table()
    return archived(none, what, Origin(), np.zeros(0, np.int64)).schema


def by_hour(table: pa.Table, what: str) -> Iterator[tuple[int, pa.Table]]:
    """A table split by the hour of its time, in the order in which its rows were."""
    hours = np.asarray(table.column(TIMES[what]).cast(pa.int64())) // _HOUR_US
    for hour in np.unique(hours).tolist():
        within = hours == hour
        yield hour, table if within.all() else table.filter(pa.array(within))


def encoded(table: pa.Table) -> pa.Buffer:
    """A table as the bytes of a Parquet file (zstd, a checksum in every page)."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", compression_level=3, write_page_checksum=True)
    return sink.getvalue()


def decoded(data: pa.Buffer) -> pa.Table:
    """The table in the bytes of a file of ours. Raises ``ArrowException`` or ``OSError`` where it is damaged."""
    return pq.read_table(pa.BufferReader(data), page_checksum_verification=True)
