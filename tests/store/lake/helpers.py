"""A small store over two hours, archives of it, and what is in them by other programs' reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from store.feed import Feed
from store.formats.base import Origin
from store.lake.archiver import Archiver
from store.lake.place import Place, open_place
from store.writer import StoreWriter
from tests.store.helpers import START, alert, flows, times, verdicts

HOUR = 3_600_000_000_000
COMMITS, EACH = 4, 50
ROWS = COMMITS * EACH


def commit(writer: StoreWriter, number: int, each: int = EACH) -> None:
    """One commit of flows and verdicts that lie in two hours, with an alert."""
    first = number * each
    moments = times(START + np.arange(first, first + each) % 2 * HOUR)
    seen = flows(each, first).set_column(8, flows(1).schema.field("last"), moments)
    told = verdicts(each, first)
    decided = told.schema.get_field_index("decided")
    writer.commit(seen, told.set_column(decided, told.schema.field("decided"), moments), [alert(number + 1)])


def make_store(path: Path, commits: int = COMMITS) -> Path:
    with StoreWriter(path) as writer:
        for number in range(commits):
            commit(writer, number)
    return path


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Mortal(Place):
    """A place whose process dies before the ``steps[0]``-th change from now on."""

    steps: list[int] = field(default_factory=lambda: [1 << 30])

    def _live(self) -> None:
        self.steps[0] -= 1
        if self.steps[0] < 0:
            raise Killed

    def write(self, name: str, data: pa.Buffer) -> None:
        self._live()
        super().write(name, data)

    def remove(self, name: str) -> None:
        self._live()
        super().remove(name)

    def rename(self, name: str, to: str) -> None:
        self._live()
        super().rename(name, to)


def mortal(folder: Path, steps: int) -> Mortal:
    found = open_place(str(folder))
    return Mortal(found.url, found.filesystem, found.root, found.objects, [steps])


def archive(store: Path, lake: Any, most_rows: int = 120, run: str = "r1", **options: Any) -> Archiver:
    with Feed(store) as feed:
        archiver = Archiver(feed, lake, Origin(run, test=True), most_rows=most_rows, **options)
        archiver.copy()
    return archiver


def numbers(folder: Path, what: str) -> list[int]:
    """The row numbers of a kind in plain files, as anybody finds them."""
    paths = folder.glob(f"{what}/*/*/*.parquet")
    return sorted(row for path in paths for row in pq.ParquetFile(path).read(["row"]).column(0).to_pylist())
