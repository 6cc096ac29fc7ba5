"""Flow batches of sensors as a source for the detector's process: names of files come over a socket, one a line.

The files lie in the spool of whoever took the batches in; it validated them before it kept them.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from contract.arrow_io import first_line
from contract.frontier import Frontier
from contract.ledger import Ledger
from detector.centre import Centre
from detector.config import Config
from detector.frame_queue import FrameQueue
from detector.inbox import Inbox
from detector.model import Model
from detector.outputs import Outputs
from detector.pipeline import Detector
from detector.remote_meter import RemoteMeter
from detector.stopwatch import Stopwatch

_UNREADABLE: Final = pa.record_batch([], schema=pa.schema([]))  # stands in the queue for a batch that is none
_ALL_LEFT: Final = pa.record_batch([], schema=pa.schema([]))  # and this for the empty line behind what was left
_NEVER: Final = (1 << 63) - 1


class FlowInbox(Inbox):
    """Listens on a Unix socket for names of files below ``spool``: ``named`` so far, ``batches`` handed on.

    An empty line says that all that an earlier detector left has been named.
    """

    def __init__(self, path: Path, spool: Path, *, once: bool) -> None:
        self._spool = spool
        self.named = 0
        self.batches = 0
        self.unreadable = 0
        self.centre: Centre | None = None
        super().__init__(path, once=once)

    def take(self, timeout_s: float) -> tuple[pa.RecordBatch | None, bool]:
        """One batch at a time, with its note in the metadata of its schema."""
        with self._turn:
            self._turn.wait_for(lambda: bool(self._waiting) or self._ended, timeout_s)
            batch, size = self._waiting.popleft() if self._waiting else (None, 0)
            if batch is not None:
                self._bytes -= size
                self.handed += batch.num_rows
                self.batches += batch.num_columns > 0
            self._turn.notify_all()
            return batch, self._ended and not self._waiting

    def ledger(self) -> Ledger:
        """Frames were received elsewhere: this ledger begins behind the sensors' meters, with their batches."""
        ledger = Ledger()
        named = ledger.stage("spool_files", "batches")
        with self._turn:
            waiting = sum(batch.num_columns > 0 for batch, _ in self._waiting)
            named.offered, named.delivered, named.in_flight = self.named, self.batches, waiting + self._hands
            named.drop("unreadable", self.unreadable)
        if self.centre:
            ledger.merge(self.centre.ledger())
        ledger.link("spool_files", "sensor_batches")
        return ledger

    def status(self) -> dict[str, Any]:
        """What became of batches and rows; ``batches`` tells the sender which files may go."""
        found = {"batches": self.batches + self.unreadable, "unreadable": self.unreadable}
        return {"sensing": found | (self.centre.status() if self.centre else {})}

    def _read(self, connection: socket.socket) -> None:
        self.streams += 1
        with connection.makefile("r", encoding="ascii") as lines:
            for line in lines:
                if self._stop.is_set():
                    return
                if line == "\n":
                    self.put(_ALL_LEFT)
                else:
                    self._read_file(self._spool / line.strip())

    def _read_file(self, path: Path) -> None:
        try:
            with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
                table = reader.read_all().combine_chunks()
        except (OSError, pa.ArrowException) as error:
            with self._turn:
                self.named += 1
                self.unreadable += 1
                self.put(_UNREADABLE)
            self.note(f"{path.name}: cannot read the batch: {first_line(error)}")
            return
        batches = table.to_batches()
        schema = table.schema
        empty = pa.record_batch([pa.array([], field.type) for field in schema], schema=schema)
        with self._turn:
            self.named += 1
            self.put(batches[0] if batches else empty)


class SensorPulse:
    """Moves batches from an inbox to a centre; see ``detector.serving.Pulse``."""

    def __init__(self, inbox: FrameQueue, centre: Centre) -> None:
        self.inbox, self.centre = inbox, centre

    def beat(self) -> tuple[Outputs, bool]:
        """Wait for a batch for at most a tick; what came out of the detector, and whether nothing more will come."""
        batch, over = self.inbox.take(self.centre.detector.config.tick_ns / 1e9)
        if batch is _UNREADABLE:
            self.centre.skip()
        elif batch is _ALL_LEFT:
            self.centre.begin()
        elif batch is not None:
            self.centre.take(batch)
        self.centre.work()
        return self.centre.detector.outputs(), over or (batch is None and self.centre.over)

    def finish(self) -> None:
        """Nothing more will come."""
        self.centre.finish()


class SensorsTold:
    """How far the stream of batches has been told; see ``detector.told.Told``."""

    def __init__(self, stream: str, centre: Centre) -> None:
        self._stream, self._centre = stream, centre

    def frontier(self, frames: int) -> Frontier:  # noqa: ARG002 - batches are counted here, not frames
        """The frontier of what came out."""
        return self._centre.frontier(self._stream)

    def all(self, frames: int) -> Frontier:
        """The stream has ended, and all of it is told where every sensor is done."""
        found = self.frontier(frames)
        return replace(found, until_ns=_NEVER, late=(), whole=found.frames) if self._centre.over else found


def sensing(
    inbox: FlowInbox,
    config: Config,
    model: Model,
    stopwatch: Stopwatch | None = None,
    known: Mapping[str, bool] | None = None,
) -> tuple[Detector, SensorPulse]:
    """A detector that is told of flows, and what drives it. ``known``: as ``Centre`` has it."""
    meter = RemoteMeter(config.capacity, config.idle_s, config.seed)
    detector = Detector(config, model, stopwatch=stopwatch, meter=meter)
    inbox.centre = Centre(detector, known=known)
    return detector, SensorPulse(inbox, inbox.centre)
