"""The desk where sensors hand in Arrow batches: checked wholly, kept durably, only then acknowledged."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from api.metrics import Metrics
from api.problems import ProblemError
from api.runs import LIVE
from api.settings import Settings
from campaign.ingest import Ingest, check_frames
from contract.arrow_io import read_stream
from contract.errors import InputError, LackingError
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

    def document(self) -> dict[str, object]:
        """The receipt as a JSON object."""
        return {
            "batch": self.batch,
            "frames": self.frames,
            "bytes": self.bytes,
            "duplicate": self.duplicate,
            "run": LIVE,
        }


class IngestDesk:
    """Takes one body at a time per request thread."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self.queue = Ingest(settings.runs / LIVE, config=settings.config)

    def check(self) -> str:
        """Raise ``LackingError`` where posted batches do not get to their detector."""
        if self.queue.fault:
            raise LackingError(self.queue.fault)
        return f"{self.queue.backlog} bytes wait" if self.queue.begun else "no batch was posted yet"

    def refuse_when_full(self) -> None:
        """Raise 429 while too much waits for the detector."""
        waiting = self.queue.backlog
        if waiting > self._settings.max_backlog:
            self._metrics.batches.labels("busy").inc()
            detail = f"{waiting:,} bytes wait for the detector; send this batch again after {_RETRY_S} s"
            raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, headers={"Retry-After": str(_RETRY_S)})

    def take(self, data: bytes, batch_id: str | None) -> Receipt:
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

    def close(self) -> None:
        """Hand over what waits and end the detector."""
        self.queue.close()
