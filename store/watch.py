"""How far a store is, asked so cheaply that it can be asked before each answer: its own connection, one indexed row."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from store.layout import connect_reader, database_errors

_LAST: Final = "SELECT max(id) FROM commits"
_VERSION: Final = "PRAGMA data_version"  # another number whenever another connection has written


class CommitWatch:
    """The number of the last commit of one store. May be shared by threads.

    Apart from the connection of a ``StoreReader``, so that nobody waits here for somebody else's long query. Raises
    ``InputError`` where there is no store or it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._turn = threading.Lock()
        self._database = connect_reader(self._path)
        self._seen = (0, -1)

    def state(self) -> tuple[int, int]:
        """The number of the last commit (0 before the first), and one that changes with anything that is written.

        Takes some microseconds where nothing has changed.
        """
        with self._turn, database_errors(self._path):
            version = int(self._database.execute(_VERSION).fetchone()[0])
            if version != self._seen[1]:
                self._seen = (int(self._database.execute(_LAST).fetchone()[0] or 0), version)
            return self._seen

    def close(self) -> None:
        """Let go of the database."""
        with self._turn:
            self._database.close()
