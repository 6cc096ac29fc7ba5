"""Which batches were kept, by name: so that one that is sent again counts once, also after a restart.

The names of the last ``KEPT`` batches are known, at least; a name that comes back later than that is a new batch.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from contract.errors import LackingError

KEPT: Final = 200_000
JOURNAL: Final = "batches.log"
_BEFORE: Final = "batches.before.log"


class Journal:
    """A file with a line a batch: name, how much it holds, bytes. The caller sees to one thread at a time.

    Raises ``LackingError`` where the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self._before = folder / JOURNAL, folder / _BEFORE
        self.counts: dict[str, int] = {}
        try:
            self._older = _read(self._before)
            self.counts = _read(self._path)
        except OSError as error:
            raise LackingError(f"{folder}: cannot keep batches here: {error.strerror}") from None
        self._unsynced = False

    def __contains__(self, name: str) -> bool:
        return name in self.counts or name in self._older

    def count_of(self, name: str) -> int:
        """What was noted of a batch, 0 where nothing was."""
        return self.counts.get(name, self._older.get(name, 0))

    def add(self, name: str, count: int, size: int) -> None:
        """Note a batch that is kept. It is on disk for certain only after ``sync``. Raises ``OSError``."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{name} {count} {size}\n")
        self.counts[name] = count
        self._unsynced = True
        if len(self.counts) >= KEPT:
            self.sync()
            self._path.replace(self._before)
            self._older, self.counts = self.counts, {}

    def know(self, name: str) -> None:
        """A batch is there of which nothing was noted."""
        self.counts.setdefault(name, 0)

    def sync(self) -> None:
        """Make what was noted last: before the batches themselves go. Raises ``OSError``."""
        if self._unsynced:
            with self._path.open("rb") as file:
                os.fsync(file.fileno())
            self._unsynced = False


def _read(path: Path) -> dict[str, int]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {parts[0]: int(parts[1]) for line in lines if len(parts := line.split()) == 3 and parts[1].isdecimal()}
