"""Frames from an interface for the detector: a thread a ring reads it into the queue.

When the queue is full the thread waits, frames stay in the kernel's ring, and what that cannot hold the kernel drops
and counts: memory stays bounded, and nothing goes unseen.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
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
from detector.capture.live_merge import TimeMerge
from detector.capture.live_socket import BLOCK_BYTES, RETIRE_MS, Ring, start_rings
from detector.frame_queue import FrameQueue

_MOST_BATCHES: Final = 128
_PATIENCE_S: Final = 0.02
_HOLD_NS: Final = 4 * RETIRE_MS * 1_000_000  # a ring that has nothing has given all that is older


class LiveInbox(FrameQueue):
    """Reads open rings, from the start on; several as one, in the order of time (``TimeMerge``).

    ``received_times`` is a file for the receive time of every frame. Raises ``InputError`` where that file cannot be
    written, ``LackingError`` where the kernel refuses to capture.
    """

    def __init__(self, rings: Sequence[Ring], clock: Clock, *, lab: bool, received_times: Path | None = None) -> None:
        super().__init__(_MOST_BATCHES, _MOST_BATCHES * BLOCK_BYTES)
        self._rings, self._clock = rings, clock
        self._sources = [LiveSource(ring, clock, lab=lab) for ring in rings]
        self._merge = TimeMerge(len(rings), _HOLD_NS)
        self._order = threading.Lock()
        self._times = ReceivedFile(received_times) if received_times else None
        for source in self._sources:
            source.load()
        start_rings(rings)
        self._threads = [
            threading.Thread(target=self._run, args=(n,), name=f"ring {n}", daemon=True) for n in range(len(rings))
        ]
        self._reading = len(rings)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let nothing more in; what the rings hold by now is still read."""
        super().stop()
        for source in self._sources:
            source.stop()

    def close(self) -> None:
        """Stop, and give the rings back."""
        self.stop()
        for thread in self._threads:
            thread.join(5.0)
        for ring in self._rings:
            ring.close()

    def ledger(self) -> Ledger:
        """The stage ``capture`` (what the kernel had for us, all rings together) before ``receive``."""
        received = super().ledger()
        offered, dropped = self._counts()
        stage = Stage(delivered=received.stages["receive"].offered, dropped=dropped)
        known = stage.delivered + sum(stage.dropped.values())
        if self._reading:  # while we count
            stage.offered = max(offered, known)
            stage.in_flight = stage.offered - known
        else:
            stage.offered = offered
        ledger = Ledger({"capture": stage})
        ledger.merge(received)
        ledger.link("capture", "receive")
        return ledger

    def status(self) -> dict[str, dict[str, int]]:
        """``capture``: frames received, dropped by the kernel, left out as foreign, and told after later ones."""
        _, dropped = self._counts()
        counts = {"received": self.received, "kernel_dropped": dropped[KERNEL], "foreign": dropped[FOREIGN]}
        return {"capture": counts | {"late": self._merge.late, "held_back": self.held_back}}

    def waiting(self) -> None:
        """Meanwhile a ring may run over: note when it did. Only the thread of the one ring may ask its kernel."""
        if len(self._sources) == 1:
            self._sources[0].count()

    def _counts(self) -> tuple[int, Counter[str]]:
        dropped: Counter[str] = Counter()
        for source in self._sources:
            dropped.update(source.ledger_stage.dropped)
        return sum(source.ledger_stage.offered for source in self._sources), dropped

    def _run(self, number: int) -> None:
        source, over = self._sources[number], False
        patience = _PATIENCE_S if len(self._sources) == 1 else _HOLD_NS / 2e9
        try:
            while not over:
                batch, over = source.read(patience)
                self._pass_on(number, batch)
        except InputError as error:
            self._fail(error)
        except OSError as error:
            self._fail(InputError(f"the receive times cannot be written: {error.strerror}"))
        finally:
            self._finish(number)

    def _pass_on(self, number: int, batch: pa.RecordBatch | None) -> None:
        """What a ring gave, or that it gave nothing, may let others' frames go."""
        idle_ns = self._sources[number].idle_ns
        with self._order:
            if idle_ns:
                self._merge.quiet(number, idle_ns)
            if batch is not None and len(self._sources) > 1:
                self._merge.add(number, batch)
            self._hand_over(batch if len(self._sources) == 1 else self._merge.take())
            if idle_ns:
                self.complete(self._merge.until)

    def _hand_over(self, batch: pa.RecordBatch | None) -> None:
        if batch is None:
            return
        if self._times:
            self._times.append(batch.column("ts").cast(pa.int64()).to_numpy())
        self.put(batch)

    def _fail(self, error: InputError) -> None:
        with self._order:
            self.error = self.error or error
            self.note(str(error))
        self.stop()  # without one ring, what the others give is no whole

    def _finish(self, number: int) -> None:
        """A ring is read to its end; with the last one, everything is."""
        with self._order:
            for line in self._sources[number].notes:
                self.note(line)
            self._merge.end(number)
            self._reading -= 1
            with contextlib.suppress(OSError):  # the certificate misses what could not be written
                self._hand_over(self._merge.take())
                if self._times and not self._reading:
                    self._times.close(_together([source.drops for source in self._sources]))
            if not self._reading:
                self.end()


def _together(drops: Sequence[Sequence[tuple[int, int]]]) -> list[tuple[int, int]]:
    """What several rings dropped, by when, as one count: rows of (time, how many so far)."""
    steps = sorted(
        (when, total - before)
        for listed in drops
        for (when, total), (_, before) in zip(listed, [(0, 0), *listed], strict=False)
    )
    counts = accumulate(more for _, more in steps)
    return [(when, count) for (when, _), count in zip(steps, counts, strict=True)]


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
