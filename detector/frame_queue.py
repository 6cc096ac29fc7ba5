"""The bounded queue between threads that read frames and the detector, which takes them in large pieces."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from typing import Final

import pyarrow as pa

from contract.errors import InputError
from contract.ledger import Ledger

_JOINED_FRAMES: Final = 4096  # of batches that are handed on in one piece,
_JOINED_BYTES: Final = 2 << 20  # and their bytes: a copy of more would be made in memory fresh from the system
_MOST_BYTES: Final = 1 << 28  # that wait: batches may be of any size
_MOST_WAITING: Final = 1 << 20  # frames
_LEAST_WAITING: Final = 1 << 13  # frames that may wait however slowly they are worked off
_WAITING_S: Final = 4.0  # what waits is work for so long at most: soon after a flood it is itself again
_MEMORY_S: Final = 2.0
_LONGEST_S: Final = 1.0  # for which one piece of work counts: a disk that stood still is no pace
_APART_S: Final = 0.012  # between two pieces, while little waits: each costs half a millisecond whatever it holds
_MOST_NOTES: Final = 100
_WAIT_S: Final = 0.05


class Pace:
    """How many frames a second are worked off, while there are any; over the last seconds of work."""

    def __init__(self) -> None:
        self._frames = self._seconds = 0.0

    def note(self, frames: int, seconds: float) -> None:
        """So many frames took so long."""
        seconds = min(seconds, _LONGEST_S)
        kept = math.exp(-seconds / _MEMORY_S)
        self._frames, self._seconds = kept * self._frames + frames, kept * self._seconds + seconds

    def most_waiting(self) -> int:
        """How many frames may wait."""
        if not self._seconds:
            return _MOST_WAITING
        return int(min(max(_WAITING_S * self._frames / self._seconds, _LEAST_WAITING), _MOST_WAITING))


class FrameQueue:
    """What every inbox is to the detector. A full queue (batches or bytes) holds the reader back.

    ``received`` counts frames that were read and ``handed`` those handed on; ``held_back`` how often a reader found it
    full; ``error`` is why reading ended early. ``complete_ns`` is the time (epoch ns) of which all older frames were
    handed on, None where the source does not know.
    """

    def __init__(self, most_batches: int, most_bytes: int = _MOST_BYTES) -> None:
        self.received = 0
        self.handed = 0
        self.held_back = 0
        self.complete_ns: int | None = None
        self.notes: list[str] = []
        self.error: InputError | None = None
        self._stop = threading.Event()
        self._most = most_batches, most_bytes
        self._waiting: deque[tuple[pa.RecordBatch, int]] = deque()  # and its bytes: Arrow takes long to count them
        self._bytes = 0
        self._hands, self._in_hand = 0, 0  # batches that wait for room in the hand of a reading thread, their frames
        self._ended = False
        self._turn = threading.Condition()
        self._left_out = 0
        self._promised: int | None = None
        self._pace, self._at_work = Pace(), (0, 0.0)  # frames that were handed on last, and when

    def take(self, timeout_s: float) -> tuple[pa.RecordBatch | None, bool]:
        """What has come, joined to one batch (None if nothing came in time), and whether nothing more will come."""
        batches: list[pa.RecordBatch] = []
        frames, joined, (handed, since) = 0, 0, self._at_work
        with self._turn:
            if handed:
                self._pace.note(handed, time.monotonic() - since)
            little = self._bytes < _JOINED_BYTES and self._frames_waiting() < _JOINED_FRAMES and not self._ended
        early = since + _APART_S - time.monotonic()
        if handed and little and early > 0.0:
            time.sleep(min(early, timeout_s))
        with self._turn:
            self._turn.wait_for(self._has_news, timeout_s)
            while self._waiting and (not batches or self._fits(frames, joined)):
                batch, size = self._waiting.popleft()
                self._bytes, joined = self._bytes - size, joined + size
                batches.append(batch)
                frames += batch.num_rows
            over = self._ended and not self._waiting
            if not self._waiting:
                self.complete_ns = self._promised
            self.handed += frames
            self._turn.notify_all()
        self._at_work = frames, time.monotonic()
        if not batches:
            return None, over
        return (batches[0] if len(batches) == 1 else pa.concat_batches(batches)), over

    def _fits(self, frames: int, size: int) -> bool:
        """Whether the next batch may be joined to so many frames and bytes."""
        batch, more = self._waiting[0]
        return frames + batch.num_rows <= _JOINED_FRAMES and size + more <= _JOINED_BYTES

    def _has_news(self) -> bool:
        return bool(self._waiting) or self._ended or self._promised != self.complete_ns

    @property
    def backlog(self) -> int:
        """Frames that wait in the queue."""
        return max(self.received - self.handed, 0)

    def stop(self) -> None:
        """Read nothing more; what was received can still be taken."""
        self._stop.set()

    def close(self) -> None:
        """Stop, and let go of where the frames come from."""
        self.stop()

    def ledger(self) -> Ledger:
        """What became of frames up to the detector: the stage ``receive``. What is in flight is counted there."""
        ledger = Ledger()
        receive = ledger.stage("receive")
        with self._turn:
            receive.offered, receive.delivered = self.received, self.handed
            receive.in_flight = self._in_hand + sum(batch.num_rows for batch, _ in self._waiting)
        return ledger

    def status(self) -> dict[str, dict[str, int]]:
        """What else the status file says of this source."""
        return {}

    def put(self, batch: pa.RecordBatch) -> None:
        """A reading thread hands over a batch."""
        batches, most_bytes = self._most
        size = batch.nbytes
        with self._turn:
            self.received += batch.num_rows
            self._hands, self._in_hand = self._hands + 1, self._in_hand + batch.num_rows
            full = False
            while len(self._waiting) >= batches or (self._waiting and self._crowded(size, most_bytes, batch.num_rows)):
                self.held_back += not full
                full = True
                if not self._turn.wait(_WAIT_S):
                    self.waiting()
            self._waiting.append((batch, size))
            self._hands, self._in_hand = self._hands - 1, self._in_hand - batch.num_rows
            self._bytes += size
            self._turn.notify_all()

    def _crowded(self, size: int, most_bytes: int, frames: int) -> bool:
        return self._bytes + size > most_bytes or self._frames_waiting() + frames > self._pace.most_waiting()

    def _frames_waiting(self) -> int:
        return self.received - self._in_hand - self.handed

    def complete(self, until_ns: int) -> None:
        """A reading thread says that it has put all frames from before ``until_ns``."""
        with self._turn:
            self._promised = until_ns
            self._turn.notify_all()

    def waiting(self) -> None:
        """A reading thread waits for room; called every now and then."""

    def note(self, line: str) -> None:
        """Keep what a user should know; beyond 100 lines, only how many more there were."""
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(line)
            return
        self._left_out += 1
        self.notes[-1] = f"and {self._left_out + 1:,} notes more"

    def end(self) -> None:
        """Nothing more will be put."""
        with self._turn:
            self._ended = True
            self._turn.notify_all()
