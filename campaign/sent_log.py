"""Which batches were sent to a detector, and where in its stream: so that after a kill what it told is not sent again.

A file beside the spool: the stream's name, then a line a batch (name, number of its first frame, frames), written
before the batch is sent. It is not synced: a kill takes nothing of it; after a power cut a batch may be sent again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

from contract.files import TEMPORARY

SENT_LOG: Final = "sent.log"


class Place(NamedTuple):
    """Where a batch lay in a stream."""

    first: int
    frames: int


class SentLog:
    """The log of one stream after the other. Raises ``OSError`` where the disk does not serve."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SENT_LOG

    def read(self) -> tuple[str, dict[str, Place]]:
        """The last stream that was begun, '' if none was, and where its batches lay. Half a line does not count."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return "", {}
        stream, *lines = data[: data.rfind(b"\n") + 1].decode(errors="replace").splitlines() or [""]
        found = [parts for line in lines if len(parts := line.split()) == 3 and (parts[1] + parts[2]).isdecimal()]
        return stream, {name: Place(int(first), int(frames)) for name, first, frames in found}

    def begin(self, stream: str) -> None:
        """A new stream: what was sent in the one before is settled."""
        fresh = self._path.with_name(self._path.name + TEMPORARY)
        fresh.write_text(f"{stream}\n", encoding="ascii")
        fresh.replace(self._path)

    def add(self, name: str, place: Place) -> None:
        """A batch is about to be sent."""
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            os.write(handle, f"{name} {place.first} {place.frames}\n".encode())
        finally:
            os.close(handle)
