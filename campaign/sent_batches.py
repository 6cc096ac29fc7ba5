"""Batches that were sent to a detector and whose files are kept until it has told of them."""

from __future__ import annotations

from collections import deque
from typing import Final

from campaign.spool import Batch

_MOST_AHEAD: Final = 512  # batches that the detector has not taken yet
_MOST_BYTES: Final = 256 << 20  # of batches that it took, and has not told all of


class SentBatches:
    """In the order in which they were sent. ``taken``: up to which frame the detector has taken them."""

    def __init__(self) -> None:
        self.taken = 0
        self._batches: deque[tuple[int, Batch]] = deque()
        self._bytes = 0

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
        """The first, if it may go: of what was sent, everything before frame ``told`` is told.

        Where nothing is told for long, since the time of what is sent stands still, those that were taken may go, too.
        """
        if not self._batches:
            return None
        end, batch = self._batches[0]
        return batch if end <= told or (self._bytes > _MOST_BYTES and end <= self.taken) else None

    def forget_first(self) -> None:
        """The first has gone."""
        self._bytes -= self._batches.popleft()[1].bytes

    def clear(self) -> None:
        """There is another detector, to which nothing was sent."""
        self._batches.clear()
        self._bytes = self.taken = 0
