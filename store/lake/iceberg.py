"""An archive as Iceberg tables ``flows``, ``detections``, ``alerts``, which engines find by their catalog.

A chunk is one commit of the catalog: its files join the table and the position of the run, a property of the table,
moves, both or neither. So nothing is there twice, whatever was killed when, and however often files were merged since.
Files that a killed try left belong to no table; tending removes them when they are old.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.transforms import HourTransform

from contract.errors import InputError, LackingError
from store.lake import iceberg_tending
from store.lake.base import Chunk, Holding, Position, Tended
from store.lake.catalog import faults
from store.lake.files import holding
from store.lake.place import Place
from store.lake.rows import TIMES, encoded, schema_of

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

_TRIES: Final = 8
_POSITION: Final = "tenfold.position."
_STORE: Final = "tenfold.store."
# The catalog keeps so many old versions of its own description; without this, one more file for each commit.
_PROPERTIES: Final = {
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "commit.manifest-merge.enabled": "true",
    # A commit whose answer was lost must not be made again: whether it was is seen from the position.
    "commit.retry.num-retries": "0",
}


class IcebergLake:
    """See ``store.lake.base.Lake``. Data files lie in ``place``; the catalog says which of them are the table."""

    def __init__(self, place: Place, catalog: Catalog, namespace: str) -> None:
        self.place = place
        self._catalog, self._namespace = catalog, namespace
        self._tables: dict[str, Table] = {}
        place.check()

    def position(self, what: str, run: str, store: int | None) -> Position:
        """What the properties of the table say. A try leaves nothing that counts."""
        properties = self.table(what).properties
        known = properties.get(_STORE + run)
        if None not in (store, known) and int(known or 0) != store:
            raise InputError(f"{self.place.url}: holds rows of another run that is called {run}; give a --label")
        return Position(int(properties.get(_POSITION + run, 0)))

    def put(self, chunk: Chunk, store: int) -> int:
        """Write the files, then have the catalog take all of them and the position in one commit."""
        written, paths = 0, []
        for name, table in chunk.parts:
            data = encoded(table)
            self.place.write(str(name), data)
            paths.append(f"{self.place.url}/{name}")
            written += data.size
        for _ in range(_TRIES):
            with faults(self.place.url):
                self.table(chunk.what).refresh()
                if self.position(chunk.what, chunk.run, store).done >= chunk.end:
                    return written  # the commit before was taken, and only its answer was lost
                try:
                    with self.table(chunk.what).transaction() as transaction:
                        transaction.set_properties(
                            {_POSITION + chunk.run: str(chunk.end), _STORE + chunk.run: str(store)}
                        )
                        if paths:
                            transaction.add_files(paths)
                except (CommitFailedException, CommitStateUnknownException):
                    continue  # another one was quicker, or the answer was lost: what is there now decides
                return written
        raise LackingError(
            f"{self.place.url}: the catalog took no commit in {_TRIES} tries; others commit all the time"
        )

    def tend(self, whats: tuple[str, ...], keep_before: int | None, target_bytes: int) -> Tended:
        """Each step is one commit; files that no snapshot has any more go a day later."""
        tended = Tended()
        for what in whats:
            with faults(self.place.url):
                table = self.table(what)
                table.refresh()
                iceberg_tending.tend(self.place, table, what, keep_before, target_bytes, tended)
        return tended

    def holds(self, whats: tuple[str, ...]) -> dict[str, Holding]:
        """What the current snapshots have."""
        found = {}
        for what in whats:
            with faults(self.place.url):
                if not self._catalog.table_exists((self._namespace, what)):
                    found[what] = Holding()
                    continue
                table = self.table(what)
                table.refresh()
                files = iceberg_tending.current_files(table)
            named = [(iceberg_tending.named(self.place, path), size) for path, size in files.items()]
            found[what] = holding([(name, size) for name, size in named if name is not None])
            found[what].files, found[what].bytes = len(files), sum(files.values())
        return found

    def table(self, what: str) -> Table:
        """The table of a kind, made where there is none."""
        if what not in self._tables:
            with faults(self.place.url):
                self._tables[what] = self._opened(what)
        return self._tables[what]

    def _opened(self, what: str) -> Table:
        identifier = (self._namespace, what)
        try:
            return self._catalog.load_table(identifier)
        except NoSuchTableError:
            pass
        with contextlib.suppress(NamespaceAlreadyExistsError):
            self._catalog.create_namespace(self._namespace)
        try:
            begun = self._catalog.create_table_transaction(
                identifier, schema_of(what), location=f"{self.place.url}/{what}", properties=dict(_PROPERTIES)
            )
            with begun.update_spec() as change:  # an hour of traffic a partition, as the folders have it
                change.add_field(TIMES[what], HourTransform(), "hour")
            begun.commit_transaction()
        except TableAlreadyExistsError:
            pass  # another process made it meanwhile
        return self._catalog.load_table(identifier)
