"""An archive of plain Parquet files: ``WHAT/date=.../hour=.../RUN.FIRST-END.parquet``, and a journal of each run.

A chunk of rows becomes a file for each hour. The journal says beforehand how far the chunk goes, so a try that was
killed is gone through again with the same rows into files of the same names. What begins with ``_`` is left alone by
whoever reads such folders.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import orjson
import pyarrow as pa

from contract.errors import InputError
from store.lake.base import Chunk, Holding, Position, Tended
from store.lake.merging import Tending, merge_small
from store.lake.place import File, Place
from store.lake.rows import Name, encoded

JOURNALS: Final = "_tenfold"
_FORMAT: Final = "tenfold-archive/1"


class FilesLake:
    """See ``store.lake.base.Lake``."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._journals: dict[str, dict[str, Any]] = {}
        place.check()

    def position(self, what: str, run: str, store: int | None) -> Position:
        """How far the journal says that a run is."""
        journal = self.journal(run)
        if None not in (store, journal["store"]) and journal["store"] != store:
            raise InputError(f"{self.place.url}: holds rows of another run that is called {run}; give a --label")
        pending = journal["pending"].get(what)
        return Position(int(journal["done"].get(what, 0)), None if pending is None else int(pending[1]))

    def put(self, chunk: Chunk, store: int) -> int:
        """Write down what is about to be done, do it, write down that it is done."""
        journal = self.journal(chunk.run)
        journal["store"] = store
        if chunk.parts:
            journal["pending"][chunk.what] = [chunk.first, chunk.end]
            self.save(chunk.run, journal)
        written = 0
        for name, table in chunk.parts:
            data = encoded(table)
            self.place.write(str(name), data)
            written += data.size
        journal["done"][chunk.what] = chunk.end
        journal["pending"].pop(chunk.what, None)
        self.save(chunk.run, journal)
        return written

    def journal(self, run: str) -> dict[str, Any]:
        """The journal of a run, a fresh one where there is none. Raises ``InputError`` where it is damaged."""
        if run not in self._journals:
            name = f"{JOURNALS}/{run}.json"
            data = self.place.read(name)
            fresh: dict[str, Any] = {"format": _FORMAT, "run": run, "store": None, "done": {}, "pending": {}}
            self._journals[run] = fresh if data is None else self._checked(name, data.to_pybytes())
        return self._journals[run]

    def save(self, run: str, journal: dict[str, Any]) -> None:
        """Replace the journal of a run."""
        self.place.write(f"{JOURNALS}/{run}.json", pa.py_buffer(orjson.dumps(journal, option=orjson.OPT_INDENT_2)))

    def forget(self) -> None:
        """Read journals anew: another process may have gone on with them."""
        self._journals.clear()

    def tend(self, whats: tuple[str, ...], keep_before: int | None, target_bytes: int) -> Tended:
        """Remove old hours, then merge small files of one run and one hour."""
        self.forget()
        tended = Tended()
        tending = Tending(self.place)
        with tending.held():
            for what in whats:
                kept: list[tuple[Name, File]] = []
                for name, file in self._named(what):
                    if keep_before is not None and name.hour < keep_before:
                        self.place.remove(file.name)
                        tended.files_removed += 1
                        tended.bytes_removed += file.size
                    else:
                        kept.append((name, file))
                if target_bytes:
                    done = {run: self.position(what, run, None).done for run in {name.run for name, _ in kept}}
                    merge_small(tending, kept, done, target_bytes, tended)
        return tended

    def holds(self, whats: tuple[str, ...]) -> dict[str, Holding]:
        """What the names of the files say."""
        found = {}
        for what in whats:
            named = self._named(what)
            found[what] = holding([(name, file.size) for name, file in named])
        return found

    def _named(self, what: str) -> list[tuple[Name, File]]:
        return [(name, file) for file in self.place.files(what) if (name := Name.read(file.name)) is not None]

    def _checked(self, name: str, data: bytes) -> dict[str, Any]:
        try:
            document = orjson.loads(data)
            if document["format"] != _FORMAT or not {"run", "store", "done", "pending"} <= document.keys():
                raise ValueError("another format")
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{self.place.url}/{name}: not the journal of an archive: {error}") from None
        found: dict[str, Any] = document
        return found


def holding(named: list[tuple[Name, int]]) -> Holding:
    """The sum of files, and those of them whose rows another file of the same hour and run has as well."""
    found = Holding(len(named), sum(size for _, size in named), {name.run for name, _ in named})
    if named:
        hours = [name.hour for name, _ in named]
        found.first_hour, found.last_hour = min(hours), max(hours)
    ordered = sorted((name.run, name.hour, name.first, name.end, str(name)) for name, _ in named)
    for before, after in pairwise(ordered):
        if before[:2] == after[:2] and after[2] < before[3]:
            found.doubled.append(after[4])
    return found
