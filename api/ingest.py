"""The desk where sensors hand in Arrow batches: checked wholly, kept durably, only then acknowledged."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from api.metrics import Metrics
from api.problems import ProblemError
from api.room import refuse_without_room
from api.runs import LIVE, SENSORS
from api.settings import Settings
from campaign.flow_ingest import FlowIngest
from campaign.frame_batches import check_frames
from campaign.ingest import Ingest
from contract.arrow_io import read_stream
from contract.errors import FullError, InputError, LackingError
from contract.flow_batch import read_batch
from contract.ledger import Ledger, Stage
from contract.schemas import FRAMES

MEDIA_TYPE: Final = "application/vnd.apache.arrow.stream"
_RETRY_S: Final = 1


@dataclass(frozen=True)
class Receipt:
    """What the sensor is told."""

    batch: str
    frames: int
    bytes: int
    duplicate: bool
    flows: int | None = None  # of a batch of flows: its rows; ``frames`` are then those behind them

    def document(self) -> dict[str, object]:
        """The receipt as a JSON object."""
        return {
            "batch": self.batch,
            "frames": self.frames,
            **({} if self.flows is None else {"flows": self.flows}),
            "bytes": self.bytes,
            "duplicate": self.duplicate,
            "run": LIVE if self.flows is None else SENSORS,
        }


@dataclass
class Post:
    """One body that is being taken."""

    duplicate: bool = False


class IngestDesk:
    """Takes one body at a time per request thread; ``post`` counts what became of each."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self.queue = Ingest(settings.runs / LIVE, config=settings.config)
        self.flows = FlowIngest(settings.runs / SENSORS, config=settings.config)
        self._posts = {"": Stage("batches"), "flow_": Stage("batches")}  # by how the names of its stages begin
        self._open = dict.fromkeys(self._posts, 0)

    def go_on(self) -> None:
        """Hand over what an earlier process left, without making anybody wait."""
        for queue in (self.queue, self.flows):
            threading.Thread(target=queue.go_on, name="ingest-left", daemon=True).start()

    @contextmanager
    def post(self, queue: Ingest | None = None) -> Iterator[Post]:
        """Around the taking of one body: counts what became of it. For the event loop alone."""
        kind = "flow_" if queue is self.flows else ""
        stage = self._posts[kind]
        stage.offered += 1
        self._open[kind] += 1
        post, became = Post(), "broken_off"
        try:
            yield post
            became = "duplicate" if post.duplicate else ""
            stage.delivered += not post.duplicate
        except ProblemError as error:
            became = "busy" if error.status == HTTPStatus.TOO_MANY_REQUESTS else "refused"
            raise
        except LackingError:
            became = "not_kept"
            raise
        finally:
            self._open[kind] -= 1
            if became:
                stage.drop(became)

    def ledger(self) -> Ledger:
        """From the posts of sensors to what their detectors have counted."""
        ledger = Ledger()
        for kind, queue in (("", self.queue), ("flow_", self.flows)):
            stage = self._posts[kind]
            stage.in_flight = self._open[kind]
            ledger.stages[f"{kind}posts"] = stage
            ledger.merge(queue.ledger(kind))
        return ledger

    def check(self) -> str:
        """Raise ``LackingError`` where posted batches do not get to their detector."""
        for queue in (self.queue, self.flows):
            if queue.fault:
                raise LackingError(queue.fault)
        begun = self.queue.begun or self.flows.begun
        return f"{self.queue.backlog + self.flows.backlog} bytes wait" if begun else "no batch was posted yet"

    def refuse_when_full(self, queue: Ingest | None = None) -> None:
        """Raise 507 while the disk is nearly full, 429 while too much waits for the detector."""
        try:
            refuse_without_room(self._settings)
        except FullError:
            self._metrics.batches.labels("full").inc()
            raise
        waiting = (queue or self.queue).backlog
        if waiting > self._settings.max_backlog:
            self._metrics.batches.labels("busy").inc()
            detail = f"{waiting:,} bytes wait for the detector; send this batch again after {_RETRY_S} s"
            raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, headers={"Retry-After": str(_RETRY_S)})

    def take(self, data: bytes | bytearray, batch_id: str | None) -> Receipt:
        """Check and keep one batch. Raises 400 for anything that is not a sound, uncompressed stream of frames."""
        name = batch_id or secrets.token_hex(16)
        try:
            frames = check_frames(list(read_stream(data, FRAMES, "batch")), "batch")
        except InputError as error:
            self._metrics.batches.labels("refused").inc()
            raise ProblemError(HTTPStatus.BAD_REQUEST, "batch", str(error)) from None
        fresh = self.queue.offer(name, data, frames)
        self._metrics.batches.labels("accepted" if fresh else "duplicate").inc()
        if fresh:
            self._metrics.frames.inc(frames)
            self._metrics.bytes.inc(len(data))
        return Receipt(name, frames, len(data), not fresh)

    def take_flows(self, data: bytes | bytearray, batch_id: str | None) -> Receipt:
        """Check and keep one batch of flows. Raises 400 as ``take``, and where the id is not that of the note."""
        try:
            note, batches = read_batch(data, "batch")
            if batch_id is not None and batch_id != note.name:
                raise InputError(f"batch: the header Batch-Id must be {note.name}, as the note in the schema has it")
        except InputError as error:
            self._metrics.batches.labels("refused").inc()
            raise ProblemError(HTTPStatus.BAD_REQUEST, "batch", str(error)) from None
        rows = sum(batch.num_rows for batch in batches)
        fresh = self.flows.offer(note.name, data, rows)
        self._metrics.batches.labels("accepted" if fresh else "duplicate").inc()
        if fresh:
            self._metrics.flows.inc(rows)
            self._metrics.bytes.inc(len(data))
        return Receipt(note.name, note.frames, len(data), not fresh, rows)

    def close(self) -> None:
        """Hand over what waits and end the detectors."""
        self.queue.close()
        self.flows.close()
