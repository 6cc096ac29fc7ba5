"""What a TCP receiver acknowledges, and when: every second segment, holes at once, with selective ACKs (RFC 2018)."""

from __future__ import annotations

from typing import Final, NamedTuple

MOST_BLOCKS: Final = 3  # that fit beside timestamps


class Ack(NamedTuple):
    """An ACK to be sent: ``number``, and the blocks beyond it that have arrived, the newest first."""

    number: int
    blocks: tuple[tuple[int, int], ...] = ()


class Receiver:
    """One direction's receiving end: ``at`` is the next number that it expects, one ACK answers ``every`` segments.

    ``waiting`` counts segments that arrived and are not acknowledged.
    """

    def __init__(self, at: int, every: int = 2) -> None:
        self.at = at
        self.every = every
        self.waiting = 0
        self._beyond: list[tuple[int, int]] = []  # disjoint, ascending
        self._newest: list[tuple[int, int]] = []

    def take(self, low: int, high: int) -> Ack | None:
        """A segment from ``low`` to ``high`` arrives; an ACK where one is due at once."""
        if low > self.at:
            self._add(low, high)
            self.waiting = 0
            return Ack(self.at, self._blocks())
        fills = bool(self._beyond) or high <= self.at
        self.at = max(self.at, high)
        while self._beyond and self._beyond[0][0] <= self.at:
            self.at = max(self.at, self._beyond.pop(0)[1])
        self.waiting += 1
        return self.flush() if fills or self.waiting >= self.every else None

    def flush(self) -> Ack | None:
        """The ACK that is still owed, if any."""
        if not self.waiting:
            return None
        self.waiting = 0
        return Ack(self.at, self._blocks())

    def _add(self, low: int, high: int) -> None:
        merged = [(low, high)]
        kept = []
        for first, last in self._beyond:
            if last < merged[0][0] or first > merged[0][1]:
                kept.append((first, last))
            else:
                merged[0] = (min(first, merged[0][0]), max(last, merged[0][1]))
        self._beyond = sorted([*kept, *merged])
        self._newest = [merged[0], *self._newest]

    def _blocks(self) -> tuple[tuple[int, int], ...]:
        listed: list[tuple[int, int]] = []
        for low, high in self._newest:
            block = next((b for b in self._beyond if b[0] <= low and high <= b[1]), None)
            if block and block not in listed:
                listed.append(block)
        return tuple(listed[:MOST_BLOCKS])
