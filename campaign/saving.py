"""Writing into a run folder without ending the run where the disk refuses: it is told, and the run is not valid.

Room for the last words (state, scorecard) is set aside at the start, and given back when it is needed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

ROOM: Final = 4 << 20


class Saver:
    """Writes what a run has to say. ``fault`` is why something of it could not be written, '' so far."""

    def __init__(self) -> None:
        self.fault = ""
        self._reserve: IO[bytes] | None = None

    def hold(self, folder: Path) -> None:
        """Set room aside on the disk of a folder, where there is enough: a file without a name, gone when we are."""
        try:
            self._reserve = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - ``release`` closes it
            os.posix_fallocate(self._reserve.fileno(), 0, ROOM)
        except OSError:
            self.release()

    def release(self) -> None:
        """Give the room back."""
        if self._reserve is not None:
            self._reserve.close()
            self._reserve = None

    def save(self, write: Callable[[], object]) -> None:
        """Write; where that fails, note why, give the room back and try once more."""
        try:
            write()
        except OSError as error:
            self.fault = self.fault or f"the run cannot be saved: {error.strerror or error}"
            self.release()
            with suppress(OSError):
                write()
