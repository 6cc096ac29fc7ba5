from __future__ import annotations

import numpy as np

from detector.config import Config
from detector.ticking import Ticking
from tests.detector.streams import START, batch, tcp

MS = 1_000_000
FRAME = tcp("198.18.0.1", "198.18.0.2", 1, 2)


class Noted(Ticking):
    """Writes down what it is told to do."""

    def __init__(self, config: Config, due: int = 1 << 60) -> None:
        super().__init__(config)
        self.ticks: list[tuple[int, int, bool]] = []
        self._counted, self._due, self.offered = 0, due, 0

    def _offered(self, frames: int) -> None:
        self.offered += frames

    def _next_due(self) -> int:
        return self._due

    def _count(self, batch, low, times: np.ndarray) -> None:
        self._counted += len(times)

    def _end_tick(self, now: int, *, last: bool = False) -> None:
        self.ticks.append(((now - START) // MS, self._counted, last))
        self._counted = 0


def test_a_tick_ends_when_no_frame_of_it_can_come_any_more():
    noted = Noted(Config(late_ns=10 * MS))
    noted.feed(batch([(1 * MS, FRAME), (49 * MS, FRAME), (55 * MS, FRAME)]))
    assert noted.ticks == []
    noted.feed(batch([(61 * MS, FRAME)]))
    assert noted.ticks == [(50, 2, False)]
    assert noted.newest == START + 61 * MS
    noted.tick(START + 100 * MS)
    assert noted.ticks == [(50, 2, False), (100, 2, False)]
    assert noted.offered == 4


def test_of_empty_ticks_only_those_in_which_something_is_due():
    due = (START + 350 * MS) // (50 * MS)
    noted = Noted(Config(late_ns=0), due)
    noted.feed(batch([(0, FRAME)]))
    noted.tick(START + 390 * MS)
    assert [at for at, _, _ in noted.ticks] == [50]
    noted.tick(START + 401 * MS)
    assert [at for at, _, _ in noted.ticks] == [50, 400]


def test_a_tick_with_too_many_frames_ends_early():
    noted = Noted(Config(late_ns=0, tick_frames=2))
    noted.feed(batch([(n, FRAME) for n in range(5)]))
    noted.tick(START + 60 * MS)
    assert noted.ticks == [(50, 2, False), (50, 2, False), (50, 1, False)]
