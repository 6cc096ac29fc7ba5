"""How far a stream of frames has been told: what need not be sent again when whoever took it has died.

A detector tells (verdicts, flows, alerts) tick by tick. At any moment some of the frames that it took are in what it
has told, and some are not yet: those that count in the running tick or later. A store keeps the frontier as the key of
each commit, so rows and frontier are durable together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

_TEXT: Final = re.compile(r"(\S+) (\d+) (-?\d+) (-|\d+-\d+(?:,\d+-\d+)*)(?:\s|$)")


@dataclass(frozen=True)
class Frontier:
    """Of the first ``frames`` of ``stream``, those older than ``until_ns`` are told, but for those of ``late``.

    ``late`` are ranges (first, behind the last) of frames that came too late for their own time. ``whole``: everything
    before that frame is told.
    """

    stream: str
    frames: int
    until_ns: int
    late: tuple[tuple[int, int], ...] = ()
    whole: int = 0

    def untold(self, first: int, ts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which of the frames from number ``first`` on, with those times (n,), are not told."""
        return self._untold(first + np.arange(len(ts)), ts)

    def untold_of(self, batch: int, ts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Of a stream of batches that are numbered, not frames: which rows of this one, with those times, are not."""
        return self._untold(np.full(len(ts), batch), ts)

    def _untold(self, number: npt.NDArray[np.int64], ts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        found = (number >= self.frames) | (ts >= self.until_ns)
        for low, high in self.late:
            found |= (number >= low) & (number < high)
        return found

    def __str__(self) -> str:
        late = ",".join(f"{low}-{high}" for low, high in self.late)
        return f"{self.stream} {self.frames} {self.until_ns} {late or '-'}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What ``str`` made, and whatever follows it; None for other text."""
        found = _TEXT.match(text)
        if not found:
            return None
        stream, frames, until, late = found.groups()
        ranges = (one.split("-") for one in late.split(",") if late != "-")
        return cls(stream, int(frames), int(until), tuple((int(low), int(high)) for low, high in ranges))
