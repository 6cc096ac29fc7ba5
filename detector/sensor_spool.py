"""What a sensor has to tell, on its own disk until the centre has it.

Bounded: where the centre is away for so long that the bound is reached, the oldest batches go, and are counted. What
an earlier run of the sensor left is sent first.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final, NamedTuple

from contract.errors import InputError, LackingError
from contract.files import TEMPORARY, write_synced
from contract.ledger import Ledger

SUFFIX: Final = ".arrows"
_DIGITS: Final = 12


class Waiting(NamedTuple):
    """One batch that waits."""

    path: Path
    name: str
    bytes: int


class SensorSpool:
    """A folder of batches in the order in which they were put. May be shared by threads.

    Raises ``InputError`` where the folder cannot be used.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most = folder, most_bytes
        self._turn = threading.Condition()
        self._waiting: list[Waiting] = []
        self._ended = False
        self.dropped = 0
        self._offered = self._gone = 0  # batches that were put, or left by an earlier run; that the centre has
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob(f"*{TEMPORARY}"):
                path.unlink()
            for path in sorted(folder.glob(f"*{SUFFIX}")):
                name = path.name[_DIGITS + 1 :].removesuffix(SUFFIX)
                self._waiting.append(Waiting(path, name, path.stat().st_size))
        except OSError as error:
            raise InputError(f"{folder}: cannot keep batches here: {error.strerror}") from None
        self.left = self._offered = len(self._waiting)  # by an earlier run
        self._number = 1 + max((int(w.path.name[:_DIGITS]) for w in self._waiting if _numbered(w.path)), default=0)

    @property
    def batches(self) -> int:
        """How many wait."""
        with self._turn:
            return len(self._waiting)

    def ledger(self) -> Ledger:
        """What became of batches: the stage ``spool``. What is in flight is on the disk, and goes with the next run."""
        ledger = Ledger()
        stage = ledger.stage("spool", "batches")
        with self._turn:
            stage.offered, stage.delivered, stage.in_flight = self._offered, self._gone, len(self._waiting)
            stage.drop("displaced", self.dropped)
        return ledger

    def put(self, name: str, data: bytes, *, patient: bool) -> bool:
        """Keep a batch durably; True where older ones had to go for it.

        ``patient``: wait for room instead. Raises ``LackingError`` where the disk does not take it.
        """
        with self._turn:
            if patient:
                self._turn.wait_for(lambda: self._ended or not self._waiting or self._size() + len(data) <= self._most)
            path = self._folder / f"{self._number:0{_DIGITS}d}-{name}{SUFFIX}"
            self._number += 1
        try:
            write_synced(path, data)
        except OSError as error:
            raise LackingError(f"{self._folder}: the batch cannot be kept: {error.strerror}") from None
        with self._turn:
            self._waiting.append(Waiting(path, name, len(data)))
            self._offered += 1
            gone = 0
            while self._size() > self._most and len(self._waiting) > 1:
                self._waiting.pop(0).path.unlink(missing_ok=True)
                gone += 1
            self.dropped += gone
            self._turn.notify_all()
            return gone > 0

    def next(self, timeout_s: float) -> Waiting | None:
        """The batch to send next; None where none comes in time."""
        with self._turn:
            self._turn.wait_for(lambda: bool(self._waiting) or self._ended, timeout_s)
            return self._waiting[0] if self._waiting else None

    def sent(self, batch: Waiting) -> None:
        """The centre has it."""
        with self._turn:
            if batch in self._waiting:
                self._waiting.remove(batch)
                self._gone += 1
            batch.path.unlink(missing_ok=True)
            self._turn.notify_all()

    def drain(self, timeout_s: float | None) -> bool:
        """Wait until nothing waits any more; False where it takes longer, or somebody ended it."""
        with self._turn:
            self._turn.wait_for(lambda: not self._waiting or self._ended, timeout_s)
            return not self._waiting

    def end(self) -> None:
        """Wake whoever waits: nothing more will be sent. What waits stays on disk."""
        with self._turn:
            self._ended = True
            self._turn.notify_all()

    def _size(self) -> int:
        return sum(waiting.bytes for waiting in self._waiting)


def _numbered(path: Path) -> bool:
    return path.name[:_DIGITS].isdecimal()
