"""Batches that were sent to a detector and whose files are kept until the flows of their frames have ended.

Were the detector killed, the next one would get again what is in no flow yet. What is kept is bounded: beyond, the
oldest that the detector has taken go, and of flows that are open since then it would not get the beginning.
"""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import Final

from campaign.spool import Batch

_MOST_AHEAD: Final = 512  # batches that the detector has not taken yet
_MOST_BYTES: Final = 256 << 20  # of batches that it took, and has not told all of
_MOST_KEPT: Final = 8192  # ... and how many
_SHARE: Final = 16  # of a small disk, what is kept takes a sixteenth


class SentBatches:
    """In the order in which they were sent. ``taken``: up to which frame the detector has taken them."""

    def __init__(self) -> None:
        self.taken = 0
        self._batches: deque[tuple[int, Batch]] = deque()
        self._bytes = 0
        self._most_bytes = _MOST_BYTES

    def allow(self, folder: Path) -> None:
        """They lie in a folder: on a small disk fewer of them are kept. Raises ``OSError``."""
        disk = os.statvfs(folder)
        self._most_bytes = min(_MOST_BYTES, disk.f_frsize * disk.f_blocks // _SHARE)

    @property
    def all(self) -> list[Batch]:
        """The batches."""
        return [batch for _, batch in self._batches]

    @property
    def crowded(self) -> bool:
        """Whether the detector lags far behind what was sent."""
        ahead = len(self._batches) - _MOST_AHEAD
        return ahead >= 0 and self._batches[ahead][0] > self.taken

    def add(self, end: int, batch: Batch) -> None:
        """One more was sent; the frames of the stream are ``end`` with it."""
        self._batches.append((end, batch))
        self._bytes += batch.bytes

    def first_told(self, told: int) -> Batch | None:
        """The first, if it may go: everything before frame ``told`` of what was sent is in flows that are committed.

        Where there is too much, also if it was taken only: flows stay open for long, or time stands still.
        """
        if not self._batches:
            return None
        end, batch = self._batches[0]
        much = self._bytes > self._most_bytes or len(self._batches) > _MOST_KEPT
        return batch if end <= told or (much and end <= self.taken) else None

    def forget_first(self) -> None:
        """The first has gone."""
        self._bytes -= self._batches.popleft()[1].bytes

    def clear(self) -> None:
        """There is another detector, to which nothing was sent."""
        self._batches.clear()
        self._bytes = self.taken = 0
