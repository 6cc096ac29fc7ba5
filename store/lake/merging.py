"""Small files of one run and one hour made one, so that nobody who looks meanwhile sees a row twice.

The merged file is written under a name that no reader takes for one of the archive, noted in
``_tenfold/tending.json``, the small ones are removed, and the merged one gets its name. A reader in between misses
those rows for a moment; whoever tends next finishes what a kill left. Where even that must not be, an Iceberg table
swaps files in one step.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Final, TypedDict

import orjson
import pyarrow as pa

from contract.errors import InputError, LackingError
from store.lake.base import Tended
from store.lake.place import File, Place
from store.lake.rows import Name, decoded, encoded

NOTE: Final = "_tenfold/tending.json"
_HIDDEN: Final = ".merged"
_HELD_NS: Final = 600_000_000_000  # whoever tends and is not heard of for so long has died


class _Note(TypedDict):
    by: str
    until_ns: int
    merging: dict[str, list[str]]


class Tending:
    """The right to tend a place, and the merge that is under way."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._by = uuid.uuid4().hex

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it. Raises ``LackingError`` where another process does."""
        note = self._note()
        if note["until_ns"] > time.time_ns() and note["by"] != self._by:
            raise LackingError(f"{self.place.url}: another process tends this archive; try again when it is done")
        self.save(note["merging"])
        if self._note()["by"] != self._by:
            raise LackingError(f"{self.place.url}: another process began to tend this archive")
        self.finish()
        try:
            yield
        finally:
            self.save(self._note()["merging"], held=False)

    def save(self, merging: dict[str, list[str]], *, held: bool = True) -> None:
        """Note what becomes of which files, and that we are still there."""
        until = time.time_ns() + _HELD_NS if held else 0
        document = {"by": self._by, "until_ns": until, "merging": merging}
        self.place.write(NOTE, pa.py_buffer(orjson.dumps(document)))

    def merge(self, names: list[Name]) -> None:
        """Make one file of several; they must follow each other."""
        into = str(names[0]._replace(end=names[-1].end))
        sources = [str(name) for name in names]
        tables = [read_table(self.place, name) for name in sources]
        self.place.write(into + _HIDDEN, encoded(pa.concat_tables(tables)))
        self.save({into: sources})
        self.finish()

    def finish(self) -> None:
        """Finish what was noted: then the merged file is there, whole."""
        merging = self._note()["merging"]
        for into, sources in merging.items():
            for name in sources:
                self.place.remove(name)
            hidden = into + _HIDDEN
            # Where it has its name already, only the last note was missing.
            if any(file.name == hidden for file in self.place.files(into.rpartition("/")[0])):
                self.place.rename(hidden, into)
        if merging:
            self.save({})

    def _note(self) -> _Note:
        data = self.place.read(NOTE)
        if data is None:
            return {"by": "", "until_ns": 0, "merging": {}}
        try:
            document = orjson.loads(data.to_pybytes())
            return {
                "by": str(document["by"]),
                "until_ns": int(document["until_ns"]),
                "merging": {
                    str(into): [str(name) for name in sources] for into, sources in document["merging"].items()
                },
            }
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(f"{self.place.url}/{NOTE}: damaged: {error}") from None


def merge_small(
    tending: Tending, named: list[tuple[Name, File]], done: dict[str, int], target_bytes: int, tended: Tended
) -> None:
    """Merge what is smaller than half of ``target_bytes``, run by run and hour by hour.

    ``done`` is how far each run is archived: what a try that did not end left behind is not touched, as it is written
    again under the same names.
    """

    def partition(one: tuple[Name, File]) -> tuple[str, int]:
        return one[0].run, one[0].hour

    for (run, _), group in groupby(sorted(named, key=lambda one: (*partition(one), one[0].first)), key=partition):
        ended = [one for one in group if one[0].end <= done.get(run, 0)]
        for batch in batches([(name, file.size) for name, file in ended], target_bytes):
            tending.merge(batch)
            tended.files_merged += len(batch)
            tended.files_made += 1


def batches(files: list[tuple[Name, int]], target_bytes: int) -> list[list[Name]]:
    """Small files that follow each other, together as long as they stay below the target; none of one file alone."""
    found: list[list[Name]] = [[]]
    total = 0
    for name, size in files:
        small = size * 2 < target_bytes
        if found[-1] and (total + size > target_bytes or not small):
            found.append([])
            total = 0
        if small:
            found[-1].append(name)
            total += size
    return [batch for batch in found if len(batch) > 1]


def read_table(place: Place, name: str) -> pa.Table:
    """The rows of one file. Raises ``LackingError`` where it is gone, ``InputError`` where it is damaged."""
    data = place.read(name)
    if data is None:
        raise LackingError(f"{place.url}/{name}: is gone while it is merged")
    try:
        return decoded(data)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{place.url}/{name}: damaged: {str(error).splitlines()[0]}") from None
