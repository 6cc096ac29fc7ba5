"""What an archive is to whoever fills and tends it, whatever its form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import pyarrow as pa

from store.lake.rows import Name


class Position(NamedTuple):
    """How far a run is archived: rows (of alerts: commits) before ``done``.

    ``begun`` is how far a try went that did not end, None where all ended: it must be gone through again, just so far.
    """

    done: int
    begun: int | None = None


@dataclass(frozen=True)
class Chunk:
    """Rows ``first`` until ``end`` of one kind of one run, as files."""

    what: str
    run: str
    first: int
    end: int
    parts: tuple[tuple[Name, pa.Table], ...]


@dataclass
class Tended:
    """What tending did."""

    files_removed: int = 0
    bytes_removed: int = 0
    files_merged: int = 0
    files_made: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass
class Holding:
    """What an archive holds of one kind. ``doubled`` are files whose rows are in another file as well."""

    files: int = 0
    bytes: int = 0
    runs: set[str] = field(default_factory=set)
    first_hour: int | None = None
    last_hour: int | None = None
    doubled: list[str] = field(default_factory=list)


class Lake(Protocol):
    """An archive. A run may be filled by one process at a time; tended is by one process at a time."""

    def position(self, what: str, run: str, store: int | None) -> Position:
        """How far a run is; ``store``, where given, tells it from another one of that name (``InputError``)."""

    def put(self, chunk: Chunk, store: int) -> int:
        """Add a chunk, all or nothing, and once however often it is put; bytes written. Raises ``LackingError``."""

    def tend(self, whats: tuple[str, ...], keep_before: int | None, target_bytes: int) -> Tended:
        """Remove the hours before ``keep_before`` (hours since the epoch); merge files that are smaller than half of
        ``target_bytes``, where that is not 0.
        """

    def holds(self, whats: tuple[str, ...]) -> dict[str, Holding]:
        """What is there, by kind."""
