"""What was sent, in a few bytes: so that whoever makes a campaign's frames again can show that they are the same.

A fingerprint is a SHA-256 over three others: of all frames' times (int64 ns, little endian), of their lengths (int32)
and of their bytes. It does not depend on how the frames are cut into batches.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from generator.ring import Record
from generator.sinks.records import columns

FORMAT: Final = "tenfold-frames/1"
_MARKS: Final = 16_384  # more than the messages that a maker is ahead of the clock


class Frames(NamedTuple):
    """Frames as arrays: times (int64 ns), where each begins in ``data`` (int32, one more), bytes."""

    times: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int32]
    data: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, batch: pa.RecordBatch) -> Frames:
        """A FRAMES batch, without a copy."""
        times, data, offsets, _ = columns(batch)
        return cls(times, offsets, data)


class Fingerprint:
    """Of the frames added so far; ``frames`` is how many."""

    def __init__(self) -> None:
        self.frames = 0
        self._sums = [hashlib.sha256() for _ in range(3)]

    def add(self, frames: Frames, low: int = 0, high: int | None = None) -> None:
        """Take in the frames ``low`` to ``high``, which follow those before."""
        high = len(frames.times) if high is None else high
        if low >= high:
            return
        offsets = frames.offsets[low : high + 1]
        times, lengths, data = self._sums
        times.update(frames.times[low:high].data)
        lengths.update(np.diff(offsets).data)
        data.update(frames.data[offsets[0] : offsets[-1]].data)
        self.frames += high - low

    def digest(self) -> bytes:
        """The fingerprint, 32 bytes."""
        return hashlib.sha256(b"".join(each.digest() for each in self._sums)).digest()


class Seal:
    """The fingerprints behind each of a maker's last messages: which of them left is known only afterwards."""

    def __init__(self) -> None:
        self._print = Fingerprint()
        self._marks: deque[tuple[int, int, bytes]] = deque([(0, 0, self._print.digest())], maxlen=_MARKS)
        self._frames = Frames(np.zeros(0, np.int64), np.zeros(1, np.int32), np.zeros(0, np.uint8))
        self._at = 0

    def begin(self, batch: pa.RecordBatch) -> None:
        """The messages to come hold the frames of this batch."""
        self._frames, self._at = Frames.of(batch), 0

    def message(self, record: Record) -> None:
        """One message with the next ``record.frames`` frames."""
        begin, self._at = self._at, self._at + record.frames
        self._print.add(self._frames, begin, self._at)
        self._marks.append((record.upto, self._print.frames, self._print.digest()))

    def document(self, upto_ns: int) -> dict[str, Any]:
        """What left before that moment: ``frames`` and ``sha256`` are None where no message ends there."""
        whole = {"format": FORMAT, "upto_ns": upto_ns, "frames": None, "sha256": None}
        before = [mark for mark in self._marks if mark[0] <= upto_ns]
        if not before or (before[-1] is not self._marks[-1] and before[-1][0] != upto_ns):
            return whole
        return whole | {"frames": before[-1][1], "sha256": before[-1][2].hex()}
