"""How far the stream of a detector has been told, for whoever keeps frames until they need not be sent again."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.frontier import Frontier
from detector.pipeline import Detector

_MOST_FED: Final = 65_536
_NEVER: Final = int(np.iinfo(np.int64).max)
_MOST_RANGES: Final = 256
_LOOK_S: Final = 1.0
_SHARE: Final = 0.02  # of its time that a detector with very many flows spends on looking at them ...
_SELDOM: Final = 10  # ... but at the latest after so many times ``look_s``


class Told:
    """Follows a detector that is fed one stream, from its first frame on.

    ``look_s``: how often it looks at most which flows are open, for the ``whole`` of a frontier.
    """

    def __init__(self, stream: str, detector: Detector, look_s: float = _LOOK_S) -> None:
        self._stream, self._detector, self._look_s = stream, detector, look_s
        self._next_look = 0.0
        self._fed: deque[tuple[int, int]] = deque(maxlen=_MOST_FED)  # frames so far, the newest time among them
        self._whole = 0

    def frontier(self, frames: int) -> Frontier:
        """The frontier of what came out, after so many frames: to be asked for when the outputs have been taken."""
        newest, until = self._detector.newest, self._detector.told_until
        if newest is not None and (not self._fed or self._fed[-1][0] != frames) and frames != self._whole:
            self._fed.append((frames, newest))
        late = ranges(self._detector.late_untold())
        if self._fed and self._fed[0][1] < until and (began := time.monotonic()) >= self._next_look:
            closed = self._detector.open_since()
            while self._fed and self._fed[0][1] < closed and (not late or self._fed[0][0] <= late[0][0]):
                self._whole = self._fed.popleft()[0]
            now = time.monotonic()
            self._next_look = now + min(max(self._look_s, (now - began) / _SHARE), _SELDOM * self._look_s)
        return Frontier(self._stream, frames, until, late, self._whole)

    def all(self, frames: int) -> Frontier:
        """The stream has ended: so many frames, and all of them are told."""
        return Frontier(self._stream, frames, _NEVER, (), frames)


def ranges(numbers: npt.NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    """Rising numbers as ranges; where there are very many, the nearest are one."""
    if not len(numbers):
        return ()
    gaps = np.diff(numbers)
    wide = np.flatnonzero(gaps > 1)
    if len(wide) >= _MOST_RANGES:
        wide = np.sort(wide[np.argsort(gaps[wide], kind="stable")[-_MOST_RANGES + 1 :]])
    firsts, lasts = numbers[np.concatenate(([0], wide + 1))], numbers[np.concatenate((wide, [len(numbers) - 1]))]
    return tuple(zip(firsts.tolist(), (lasts + 1).tolist(), strict=True))
