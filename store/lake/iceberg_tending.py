"""Retention and merging of an Iceberg table, each in one commit, and the removal of files that no snapshot has."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import parquet_files_to_data_files

from contract.errors import LackingError
from store.lake.base import Tended
from store.lake.merging import read_table
from store.lake.place import Place
from store.lake.rows import TIMES, Name, encoded

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table

GRACE: Final = timedelta(days=1)  # so long a reader may hold an old snapshot, and a writer a file it has not committed
_HOUR: Final = 3600
_TRIES: Final = 8


def current_files(table: Table) -> dict[str, int]:
    """The data files of the current snapshot: path and bytes."""
    return {task.file.file_path: task.file.file_size_in_bytes for task in table.scan().plan_files()}


def named(place: Place, path: str) -> Name | None:
    """What a file's name says, where it is one of a chunk."""
    return Name.read(path.removeprefix(f"{place.url}/"))


def tend(
    place: Place, table: Table, what: str, keep_before: int | None, target_bytes: int, tended: Tended,
    grace: timedelta = GRACE,
) -> None:  # fmt: skip
    """Do what ``Lake.tend`` says to one table. Raises ``LackingError`` where others commit all the time."""
    if keep_before is not None:
        _forget(table, what, keep_before, tended)
    if target_bytes:
        for hour in sorted({_hour(task.file) for task in table.scan().plan_files()}):
            while _merge_hour(place, table, what, hour, target_bytes, tended):
                pass  # what was made is no longer small, or the only small one
    before = datetime.now(UTC) - grace
    table.maintenance.expire_snapshots().older_than(before.replace(tzinfo=None)).commit()
    table.refresh()
    _sweep(place, table, what, before, tended)


def _forget(table: Table, what: str, keep_before: int, tended: Tended) -> None:
    old = [task.file for task in table.scan().plan_files() if _hour(task.file) < keep_before]
    if not old:
        return
    # Whole partitions: no file is rewritten.
    moment = datetime.fromtimestamp(keep_before * _HOUR, UTC).isoformat()
    for _ in range(_TRIES):
        try:
            table.delete(f"{TIMES[what]} < '{moment}'")
        except CommitFailedException:
            table.refresh()
        else:
            tended.notes.append(
                f"{what}: {len(old):,} files left the table; they are removed when no snapshot has them"
            )
            return
    raise LackingError(f"{table.location()}: the catalog took no commit in {_TRIES} tries")


def _merge_hour(place: Place, table: Table, what: str, hour: int, target_bytes: int, tended: Tended) -> bool:
    """Merge small files of one hour; False where there are not two."""
    for _ in range(_TRIES):
        files = [task.file for task in table.scan().plan_files() if _hour(task.file) == hour]
        small = [one for one in files if one.file_size_in_bytes * 2 < target_bytes]
        batch, total = [], 0
        for one in sorted(small, key=lambda one: one.file_path):
            if total + one.file_size_in_bytes > target_bytes:
                break
            batch.append(one)
            total += one.file_size_in_bytes
        if len(batch) < 2:
            return False
        try:
            _replace(place, table, what, hour, batch)
        except CommitFailedException:
            table.refresh()
        else:
            tended.files_merged += len(batch)
            tended.files_made += 1
            return True
    return False


def _replace(place: Place, table: Table, what: str, hour: int, batch: list[DataFile]) -> None:
    """Swap files for one that holds their rows, in one snapshot."""
    made = f"{Name(what, hour, '', 0, 0).folder}/merged-{uuid.uuid4().hex}.parquet"
    rows = [read_table(place, one.file_path.removeprefix(f"{place.url}/")) for one in batch]
    place.write(made, encoded(pa.concat_tables(rows)))
    with table.transaction() as transaction, transaction.update_snapshot().overwrite() as change:
        for one in batch:
            change.delete_data_file(one)
        for data_file in parquet_files_to_data_files(
            table.io, transaction.table_metadata, iter([f"{place.url}/{made}"])
        ):
            change.append_data_file(data_file)


def _hour(file: DataFile) -> int:
    return int(file.partition[0])


def _sweep(place: Place, table: Table, what: str, before: datetime, tended: Tended) -> None:
    """Remove data files that no snapshot has and that are old enough that no writer is about to commit them."""
    known = {
        entry.data_file.file_path
        for snapshot in table.snapshots()
        for manifest in snapshot.manifests(table.io)
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
    }
    limit = int(before.timestamp() * 1_000_000_000)
    for file in place.files(what):
        if file.name.endswith(".parquet") and f"{place.url}/{file.name}" not in known and file.written_ns < limit:
            place.remove(file.name)
            tended.files_removed += 1
            tended.bytes_removed += file.size
