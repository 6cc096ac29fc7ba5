"""Frames from an interface for the service: a thread reads the packet ring into the queue.

When the queue is full the thread waits, frames stay in the kernel's ring, and what that cannot hold the kernel drops
and counts: memory stays bounded, and nothing goes unseen.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.clock import Clock
from contract.errors import InputError
from contract.ledger import Ledger, Stage
from contract.times_file import TimesFile
from detector.capture.live import FOREIGN, KERNEL, LiveSource
from detector.capture.live_socket import Ring
from detector.frame_queue import FrameQueue

_MOST_BATCHES: Final = 128
_PATIENCE_S: Final = 0.1


class LiveInbox(FrameQueue):
    """Reads an open ring, from ``start`` on. ``received_times`` is a file for the receive time of every frame.

    Raises ``InputError`` where that file cannot be written, ``LackingError`` where the kernel refuses to capture.
    """

    def __init__(self, ring: Ring, clock: Clock, *, lab: bool, received_times: Path | None = None) -> None:
        super().__init__(_MOST_BATCHES)
        self._ring = ring
        self._source = LiveSource(ring, clock, lab=lab)
        self._times = ReceivedFile(received_times) if received_times else None
        self._source.start()
        self._thread = threading.Thread(target=self._run, name="ring", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let nothing more in; what the ring holds by now is still read."""
        super().stop()
        self._source.stop()

    def close(self) -> None:
        """Stop, and give the ring back."""
        self.stop()
        self._thread.join(5.0)
        self._ring.close()

    def ledger(self) -> Ledger:
        """The stage ``capture`` (what the kernel had for us) before ``receive``."""
        received, source = super().ledger(), self._source.ledger_stage
        stage = Stage(delivered=received.stages["receive"].offered, dropped=Counter(source.dropped))
        known = stage.delivered + sum(stage.dropped.values())
        if self._thread.is_alive():  # it reads on, while we count
            stage.offered = max(source.offered, known)
            stage.in_flight = stage.offered - known
        else:
            stage.offered = source.offered
        ledger = Ledger({"capture": stage})
        ledger.merge(received)
        ledger.link("capture", "receive")
        return ledger

    def status(self) -> dict[str, dict[str, int]]:
        """``capture``: frames received, dropped by the kernel, and left out as foreign."""
        stage = self._source.ledger_stage
        dropped = stage.dropped
        counts = {"received": stage.delivered, "kernel_dropped": dropped[KERNEL], "foreign": dropped[FOREIGN]}
        return {"capture": counts}

    def waiting(self) -> None:
        """Meanwhile the ring may run over: note when it did."""
        self._source.count()

    def _run(self) -> None:
        over = False
        try:
            while not over:
                batch, over = self._source.read(_PATIENCE_S)
                if batch is not None:
                    if self._times:
                        self._times.append(batch.column("ts").cast(pa.int64()).to_numpy())
                    self.put(batch)
        except InputError as error:
            self.error = error
            self.notes.append(str(error))
        except OSError as error:
            self.error = InputError(f"the receive times cannot be written: {error.strerror}")
            self.notes.append(str(self.error))
        finally:
            if self._times:
                with contextlib.suppress(OSError):  # the certificate misses what could not be written
                    self._times.close(self._source.drops)
            self.notes += self._source.notes
            self.end()


class ReceivedFile:
    """The receive time of every frame, and beside it what was dropped by when (``drops_of``).

    Raises ``InputError`` where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._times = TimesFile(path)

    def append(self, times: npt.NDArray[np.int64]) -> None:
        """Add times (ns)."""
        self._times.append(times)

    def close(self, drops: list[tuple[int, int]]) -> None:
        """The last time is in; write the drops: rows of (time, how many so far)."""
        self._times.close()
        np.save(drops_of(self._path), np.array(drops, np.int64).reshape(-1, 2))


def drops_of(path: Path) -> Path:
    """Where the drops of a file of receive times lie."""
    return path.with_suffix(".drops.npy")
