"""The ring between whoever feeds frames and the engine that puts them onto the wire: plain memory, one writer each way.

The feeder appends frames and moves ``stop``; the engine takes the next frame when it is due, writes back when it really
left and moves ``next``. Both may be in a kernel, so nothing but arrays is shared.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
NEXT: Final = 0  # frames taken so far
STOP: Final = 1  # frames that may be taken so far
DEADLINE: Final = 2  # no frame leaves at or after this time
AGAIN: Final = 3  # how often the kernel had no room and was asked again
STATE: Final = 8  # numbers in the state
FRAMES: Final = 1 << 16
BYTES: Final = 1 << 24
LONGEST: Final = 9216  # of a frame
DESCRIPTOR: Final = np.dtype([("due", "<i8"), ("at", "<u4"), ("length", "<u4")])


class Memory(NamedTuple):
    """What is shared. Times are those of ``time.monotonic_ns``."""

    state: Int64  # STATE numbers
    descriptors: npt.NDArray[np.void]  # FRAMES times DESCRIPTOR; the engine turns ``due`` into when it left
    data: U8  # BYTES and the longest frame: one that begins before the end may run over it

    @classmethod
    def plain(cls) -> Memory:
        """Memory of this process alone."""
        return cls(np.zeros(STATE, np.int64), np.zeros(FRAMES, DESCRIPTOR), np.zeros(BYTES + LONGEST, np.uint8))


class Slots:
    """The feeder's side. ``fed`` and ``taken`` count frames from the beginning."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.fed = 0
        self._head = 0  # bytes fed
        self._tail = 0  # bytes that may be written over
        self._done = 0  # frames that may be written over
        self._pieces: deque[tuple[int, int]] = deque()  # frames and bytes up to the end of each feed

    @property
    def taken(self) -> int:
        """Frames that the engine put onto the wire."""
        return int(self.memory.state[NEXT])

    def fits(self, frames: int, size: int) -> bool:
        """There is room for so many frames and bytes."""
        return self.fed + frames - self._done <= FRAMES and self._head + size - self._tail <= BYTES

    def feed(self, offsets: Int32, data: U8, due: Int64) -> None:
        """Append frames ``data[offsets[i]:offsets[i + 1]]``, to leave at ``due``. They leave once ``allow`` says so.

        ``fits`` has said that there is room; no frame is longer than what ``data`` has beyond ``BYTES``.
        """
        n, size = len(due), int(offsets[-1]) - int(offsets[0])
        begins = self._head % BYTES + (offsets[:-1].astype(np.int64) - int(offsets[0]))
        whole = int(np.searchsorted(begins, BYTES, "left"))  # frames before the ring's end
        cut = int(offsets[whole])
        body, low = self.memory.data, self._head % BYTES
        body[low : low + cut - int(offsets[0])] = data[int(offsets[0]) : cut]
        if whole < n:
            over = int(begins[whole]) - BYTES
            body[over : over + int(offsets[-1]) - cut] = data[cut : int(offsets[-1])]
        slot = self.fed % FRAMES
        first = min(n, FRAMES - slot)
        lengths = np.diff(offsets)
        for own, ring in ((slice(0, first), slice(slot, slot + first)), (slice(first, n), slice(0, n - first))):
            part = self.memory.descriptors[ring]
            part["due"], part["at"], part["length"] = due[own], begins[own] % BYTES, lengths[own]
        self.fed += n
        self._head += size
        self._pieces.append((self.fed, self._head))

    def allow(self, upto: int) -> None:
        """The engine may take frames up to this number (never fewer than it has taken)."""
        self.memory.state[STOP] = upto

    def left(self, begin: int, end: int) -> Int64:
        """When frames ``begin`` to ``end``, which were taken and not yet forgotten, really left."""
        slots = np.arange(begin, end) % FRAMES
        return self.memory.descriptors["due"][slots]

    def forget(self, upto: int) -> None:
        """Their room may be used again: all pieces that end at or before frame ``upto``."""
        while self._pieces and self._pieces[0][0] <= upto:
            self._done, self._tail = self._pieces.popleft()
