"""Frames in, ticks out: the loop of a detector and of a sensor alike.

Ticks follow the time of the traffic (``detector.event_order``) and are aligned to the epoch. One is worked off where it
held frames or where something is due.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.clock import Clock
from contract.schemas import FRAMES, check_schema
from detector.config import Config
from detector.event_order import BEFORE, EventOrder, Piece


class Ticking(ABC):
    """Who works in ticks says what is due, counts frames, and ends ticks."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        self.config = config
        self._clock = clock
        self._order = EventOrder(config.late_ns)
        self._tick = BEFORE  # number of the running tick
        self._tick_frames = 0

    def feed(self, batch: pa.RecordBatch) -> None:
        """Take FRAMES. Ticks that they complete are worked off at once."""
        check_schema(batch.schema, FRAMES, "detector")
        if batch.num_rows:
            self._offered(batch.num_rows)
            self._meter(self._order.put(batch))
            self._reach(self._order.watermark // self.config.tick_ns)

    def tick(self, now_ns: int | None = None) -> None:
        """What is older than ``now_ns`` has come, the source says: end the ticks that are over (live streams only).

        A frame that comes all the same counts as late. Without a time it is that of the clock less the allowance.
        """
        if now_ns is None and self._clock:
            now_ns = self._clock.now_ns() - self.config.late_ns
        if now_ns is None or self._order.newest == BEFORE:
            return
        self._order.promise(now_ns)
        self._meter(self._order.take())
        self._reach(self._order.watermark // self.config.tick_ns)

    @property
    def newest(self) -> int | None:
        """The newest time of the traffic (epoch ns), None before the first frame."""
        return None if self._order.newest == BEFORE else self._order.newest

    @property
    def watermark(self) -> int:
        """Up to when the traffic is known to be complete (epoch ns)."""
        return self._order.watermark

    @property
    def told_until(self) -> int:
        """Frames that count before this time (epoch ns) are in what came out, later ones are not yet."""
        return self._tick * self.config.tick_ns if self._tick != BEFORE else BEFORE

    def late_untold(self) -> npt.NDArray[np.int64]:
        """Numbers of frames that are older than ``told_until``, came late, and are not yet in what came out."""
        return self._order.late_since(self.told_until)

    @abstractmethod
    def _offered(self, frames: int) -> None:
        """So many frames came."""

    @abstractmethod
    def _next_due(self) -> int:
        """The tick at whose end something is due, whether or not a frame comes."""

    @abstractmethod
    def _count(self, batch: pa.RecordBatch, low: int, times: npt.NDArray[np.int64]) -> None:
        """Meter the frames from ``low`` on that count at these times, all of the running tick."""

    @abstractmethod
    def _end_tick(self, now: int, *, last: bool = False) -> None:
        """The running tick is over at ``now``; ``last``: none follows."""

    def _meter(self, pieces: list[Piece]) -> None:
        """Count frames that are in order, and end the ticks before them."""
        for batch, first, times in pieces:
            ticks = times // self.config.tick_ns
            low = 0
            while low < len(ticks):
                tick = int(ticks[low])
                if self._tick == BEFORE:
                    self._tick = tick
                self._reach(tick)
                if self._tick_frames >= self.config.tick_frames:
                    self._close_tick((tick + 1) * self.config.tick_ns)
                high = int(np.searchsorted(ticks, tick, side="right"))
                high = min(high, low + self.config.tick_frames - self._tick_frames)
                self._count(batch, first + low, times[low:high])
                self._tick_frames += high - low
                low = high

    def _reach(self, tick: int) -> None:
        """Go on to that tick: end the one with frames in it, and of the empty ones those in which something is due."""
        while BEFORE < self._tick < tick:
            if not self._tick_frames:
                self._tick = min(max(self._next_due(), self._tick), tick)
                if self._tick == tick:
                    return
            self._close_tick((self._tick + 1) * self.config.tick_ns)
            self._tick += 1

    def _close_tick(self, now: int, *, last: bool = False) -> None:
        self._tick_frames = 0
        self._end_tick(now, last=last)

    def _end(self) -> int:
        """When the running tick ends (ns), 0 before the first."""
        return (self._tick + 1) * self.config.tick_ns if self._tick != BEFORE else 0
