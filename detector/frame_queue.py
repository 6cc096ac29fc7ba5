"""The bounded queue between a thread that reads frames and the detector, which takes them in large pieces."""

from __future__ import annotations

import queue
import threading
import time
from typing import Final

import pyarrow as pa

from contract.errors import InputError
from contract.ledger import Ledger

_MOST_FRAMES: Final = 65_536  # of batches that are handed on in one piece
_WAIT_S: Final = 0.05


class FrameQueue:
    """What every inbox is to the detector. A full queue holds the reader back.

    ``received`` counts frames that were read and ``handed`` those handed on; ``error`` is why reading ended early.
    """

    def __init__(self, most_batches: int) -> None:
        self.received = 0
        self.handed = 0
        self.notes: list[str] = []
        self.error: InputError | None = None
        self._stop = threading.Event()
        self._queue: queue.Queue[pa.RecordBatch | None] = queue.Queue(most_batches)

    def take(self, timeout_s: float) -> tuple[pa.RecordBatch | None, bool]:
        """What has come, joined to one batch (None if nothing came in time), and whether nothing more will come."""
        batches: list[pa.RecordBatch] = []
        frames, over = 0, False
        deadline = time.monotonic() + timeout_s
        while frames < _MOST_FRAMES:
            try:
                wait = 0.0 if batches else max(deadline - time.monotonic(), 0.0)
                batch = self._queue.get(timeout=wait) if wait else self._queue.get_nowait()
            except queue.Empty:
                break
            if batch is None:
                over = True
                break
            batches.append(batch)
            frames += batch.num_rows
        self.handed += frames
        if not batches:
            return None, over
        return (batches[0] if len(batches) == 1 else pa.concat_batches(batches)), over

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
        """What became of frames up to the detector: the stage ``receive``."""
        ledger = Ledger()
        receive = ledger.stage("receive")
        receive.offered = max(self.received, self.handed)
        receive.delivered = self.handed
        receive.in_flight = receive.offered - receive.delivered
        return ledger

    def status(self) -> dict[str, dict[str, int]]:
        """What else the status file says of this source."""
        return {}

    def put(self, batch: pa.RecordBatch) -> None:
        """The reading thread hands over a batch."""
        self.received += batch.num_rows
        while True:
            try:
                self._queue.put(batch, timeout=_WAIT_S)
            except queue.Full:
                self.waiting()
            else:
                return

    def waiting(self) -> None:
        """The reading thread waits for room; called every now and then."""

    def end(self) -> None:
        """The reading thread has nothing more."""
        self._queue.put(None)
