"""When each tick of a live stream had come in, was metered and was classified: one row a tick, as an Arrow file.

With the times of commits, which the store keeps, this tells where the time between a frame and its verdict went. Three
readings of the clock a tick; rows go to the file every few seconds, so that a long run needs no more memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa

from contract.clock import Clock
from contract.errors import InputError
from detector.stopwatch import Stopwatch

TICKS: Final = pa.schema(
    [
        pa.field("decided", pa.int64(), nullable=False),  # event time: the end of the tick, as in VERDICTS
        pa.field("received", pa.int64(), nullable=False),  # its last frame was taken from the source, or it was over
        pa.field("metered", pa.int64(), nullable=False),
        pa.field("classified", pa.int64(), nullable=False),  # its verdicts and alerts go to the store
    ],
    metadata={b"tenfold.schema": b"ticks/1"},
)
METERING: Final = "meter"
_TOGETHER: Final = 100  # rows that are written at once: five seconds of ticks


class TickTimes(Stopwatch):
    """A stopwatch that also writes down when each tick came and went, epoch ns by the campaign's clock.

    Raises ``InputError`` where the file cannot be written.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._path = path
        self._rows: list[tuple[int, int, int, int]] = []
        self._received = self._metered = 0
        try:
            self._file = path.open("wb")
            self._writer = pa.ipc.new_stream(self._file, TICKS)
        except OSError as error:
            raise InputError(f"{path}: cannot write: {error.strerror}") from None

    def received(self) -> None:
        """Frames, or word of the time, have come: what they complete is worked off now."""
        self._received = self._clock.now_ns()

    def lap(self, stage: str) -> None:
        """As of every stopwatch."""
        super().lap(stage)
        if stage == METERING:
            self._metered = self._clock.now_ns()

    def end_tick(self, decided: int) -> None:
        """As of every stopwatch; ``decided`` is the end of the tick in the time of the traffic (epoch ns)."""
        super().end_tick(decided)
        self._rows.append((decided, self._received, self._metered, self._clock.now_ns()))
        if len(self._rows) >= _TOGETHER:
            self._flush()

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        columns = [pa.array(column, pa.int64()) for column in zip(*rows, strict=True)]
        try:
            self._writer.write_batch(pa.record_batch(columns, schema=TICKS))
            self._file.flush()
        except OSError as error:
            raise InputError(f"{self._path}: cannot write: {error.strerror}") from None

    def close(self) -> None:
        """Write the rest and end the file."""
        if self._rows:
            self._flush()
        self._writer.close()
        self._file.close()
