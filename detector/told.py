"""How far the stream of a detector has been told, for whoever keeps frames until they need not be sent again."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.frontier import Frontier
from detector.ticking import Ticking

_MOST_FED: Final = 65_536
_NEVER: Final = int(np.iinfo(np.int64).max)
_MOST_RANGES: Final = 256


class Told:
    """Follows a detector that is fed one stream, from its first frame on."""

    def __init__(self, stream: str, detector: Ticking) -> None:
        self._stream, self._detector = stream, detector
        self._fed: deque[tuple[int, int]] = deque(maxlen=_MOST_FED)  # frames so far, the newest time among them
        self._whole = 0

    def frontier(self, frames: int) -> Frontier:
        """The frontier of what came out, after so many frames: to be asked for when the outputs have been taken."""
        newest, until = self._detector.newest, self._detector.told_until
        if newest is not None and (not self._fed or self._fed[-1][0] != frames) and frames != self._whole:
            self._fed.append((frames, newest))
        late = ranges(self._detector.late_untold())
        while self._fed and self._fed[0][1] < until and (not late or self._fed[0][0] <= late[0][0]):
            self._whole = self._fed.popleft()[0]
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
