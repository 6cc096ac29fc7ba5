"""Frames from an interface, as they come: the blocks of a packet ring, one batch each, in the campaign's clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from contract.clock import Clock
from contract.ledger import Stage
from detector.capture.live_blocks import STATUS, TO_KERNEL, TO_USER, block_batch, new_found
from detector.capture.live_socket import RETIRE_MS, Ring

KERNEL: Final = "kernel"
FOREIGN: Final = "foreign"
_COUNT_NS: Final = 50_000_000
_SHIFT_NS: Final = 20_000_000
_PATIENCE_S: Final = 0.1
_MOST_DROPS: Final = 1 << 16
_QUIET_S: Final = 10 * RETIRE_MS / 1000  # after it was shut, a ring that gives nothing for so long is empty


class LiveSource:
    """The frames of an open ring; ``stop`` ends it in order: what the ring holds by then is still read.

    Times are the kernel's, told in ``clock``. With ``lab``, frames from outside the lab's ranges are counted as
    ``foreign`` and left out. ``ledger_stage``: offered is what the kernel had for us, dropped ``kernel`` what the ring
    had no room for. ``drops`` holds (time, frames dropped so far), one entry each time that there were more
    (65,536 at most: then the older half loses every other one).
    """

    def __init__(self, ring: Ring, clock: Clock, *, lab: bool = False) -> None:
        self.ledger_stage = Stage()
        self.notes: list[str] = []
        self.drops: list[tuple[int, int]] = []
        self._ring, self._clock, self._lab = ring, clock, lab
        self._memory = np.frombuffer(ring.memory, np.uint8)
        status = np.frombuffer(ring.memory, np.uint32)
        self._status = status[STATUS // 4 :: ring.block_bytes // 4]
        self._found = new_found(ring.block_bytes)
        self._block = 0
        self.idle_ns = 0  # when the ring held nothing, as the last ``read`` found it; 0 where that found something
        self._stop = threading.Event()
        self._shift = self._counted = self._shifted = 0
        self._shut = False

    @property
    def foreign(self) -> int:
        """Frames that were left out as foreign."""
        return int(self._found.counts[0])

    def start(self) -> None:
        """Load the kernels, then let frames in: from now on they must be read. Raises ``LackingError``."""
        self.load()
        self._ring.start()

    def load(self) -> None:
        """Load the kernels, which takes seconds the first time."""
        block_batch(self._memory, 0, self._ring.block_bytes, self._found, 0, self._ring.link, lab=self._lab)

    def stop(self) -> None:
        """Let nothing more in, from any thread."""
        self._stop.set()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """One FRAMES batch a block, until ``stop``. Raises ``InputError`` where the interface goes away."""
        while True:
            batch, over = self.read(_PATIENCE_S)
            if batch is not None:
                yield batch
            if over:
                return

    def read(self, seconds: float) -> tuple[pa.RecordBatch | None, bool]:
        """The frames of the next block, None where none was ready in time, and whether that was the last.

        Raises ``InputError`` where the interface goes away.
        """
        if self._stop.is_set() and not self._shut:
            self._shut = True
            self._ring.shut()
        limit = time.monotonic() + (_QUIET_S if self._shut else seconds)
        # Polling is a system call: what the kernel wrote before it set the status is seen after it.
        ready = self._ring.wait(0) and self._ready()
        while not ready and (left := limit - time.monotonic()) > 0 and (self._shut or not self._stop.is_set()):
            self._ring.wait(min(left, _PATIENCE_S))
            ready = self._ready()
        now = self._clock.now_ns()
        ready = ready or self._ready()
        self.idle_ns = 0 if ready else now
        if not ready or self._clock.now_ns() - self._counted > _COUNT_NS:
            self.count()
        if not ready:
            if self._shut:
                self._end()
            return None, self._shut
        return self._take(), False

    def _ready(self) -> bool:
        return bool(self._status[self._block] & TO_USER)

    def _take(self) -> pa.RecordBatch | None:
        begin = self._block * self._ring.block_bytes
        end = begin + self._ring.block_bytes
        foreign = self.foreign
        batch = block_batch(self._memory, begin, end, self._found, self._shift_ns(), self._ring.link, lab=self._lab)
        self._status[self._block] = TO_KERNEL
        self._block = (self._block + 1) % self._ring.blocks
        self.ledger_stage.delivered += batch.num_rows
        self.ledger_stage.drop(FOREIGN, self.foreign - foreign)
        return batch if batch.num_rows else None

    def _shift_ns(self) -> int:
        """What to add to the kernel's wall time to get the campaign's: the wall clock may have been set since."""
        now = time.monotonic_ns()
        if now - self._shifted > _SHIFT_NS:
            self._shifted = now
            best = 1 << 62
            for _ in range(5):
                before, wall, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
                if after - before < best:
                    best = after - before
                    self._shift = self._clock.epoch_ns - self._clock.monotonic_ns + (before + after) // 2 - wall
        return self._shift

    def count(self) -> None:
        """Take over the kernel's counts, from the thread that reads."""
        now = self._clock.now_ns()
        self._counted = now
        self._ring.count()
        stage = self.ledger_stage
        if self._ring.drops > stage.dropped.get(KERNEL, 0):
            stage.dropped[KERNEL] = self._ring.drops
            self.drops.append((now, self._ring.drops))
            if len(self.drops) > _MOST_DROPS:  # the older half, half as fine
                del self.drops[: _MOST_DROPS // 2 : 2]
        stage.offered = self._ring.packets
        read = stage.delivered + sum(stage.dropped.values())
        stage.in_flight = max(stage.offered - read, 0)

    def _end(self) -> None:
        """Nothing is under way any more: what the kernel counted and we have not read is nowhere explained."""
        self.count()
        self.ledger_stage.in_flight = 0
        where = self._ring.options.interface
        if self._found.counts[1]:
            self.notes.append(
                f"{where}: {int(self._found.counts[1]):,} frames are several joined into one by the kernel; "
                f"`ethtool -K {where} gro off lro off` shows them as they were on the wire"
            )
        if self._ring.drops:
            self.notes.append(
                f"{where}: the kernel dropped {self._ring.drops:,} of {self._ring.packets:,} frames: the ring was full"
            )
