"""Which batches were kept, by name: so that one that is sent again counts once, also after a restart.

The names of the last ``KEPT`` batches are known, at least; a name that comes back later than that is a new batch.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from contract.errors import LackingError
from contract.files import sync_folder

KEPT: Final = 200_000
JOURNAL: Final = "batches.log"
_BEFORE: Final = "batches.before.log"


class Journal:
    """A file with a line a batch: name, how much it holds, bytes. The caller sees to one thread at a time.

    A line counts when it is whole, line feed and all: what a kill or a full disk left of one is cut off.

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
        self._unsynced = self._unnamed = False

    def __contains__(self, name: str) -> bool:
        return name in self.counts or name in self._older

    def count_of(self, name: str) -> int:
        """What was noted of a batch, 0 where nothing was."""
        return self.counts.get(name, self._older.get(name, 0))

    def add(self, name: str, count: int, size: int) -> None:
        """Note a batch that is kept. It is on disk for certain only after ``sync``. Raises ``OSError``."""
        self._unnamed |= not self.counts
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._append(handle, f"{name} {count} {size}\n".encode())
        finally:
            os.close(handle)
        self.counts[name] = count
        self._unsynced = True
        if len(self.counts) >= KEPT:
            self._turn_over()

    def _append(self, handle: int, line: bytes) -> None:
        """All of a line, or nothing of it."""
        before = os.fstat(handle).st_size
        try:
            done = 0
            while done < len(line):
                done += os.write(handle, line[done:])
        except OSError:
            os.ftruncate(handle, before)
            raise

    def _turn_over(self) -> None:
        """Begin a new file; where the disk does not let us, this one grows a little more."""
        with suppress(OSError):
            self.sync()
            self._path.replace(self._before)
            self._older, self.counts = self.counts, {}

    def know(self, name: str, size: int) -> None:
        """A batch of that many bytes is there, of which nothing may have been noted. Raises ``OSError``."""
        if name not in self:
            self.add(name, 0, size)

    def sync(self) -> None:
        """Make what was noted last: before the batches themselves go. Raises ``OSError``."""
        if self._unsynced:
            with self._path.open("rb") as file:
                os.fsync(file.fileno())
            if self._unnamed:
                sync_folder(self._path.parent)
            self._unsynced = self._unnamed = False


def _read(path: Path) -> dict[str, int]:
    data = path.read_bytes() if path.exists() else b""
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)
    lines = data[:whole].decode(errors="replace").splitlines()
    return {parts[0]: int(parts[1]) for line in lines if len(parts := line.split()) == 3 and parts[1].isdecimal()}
