"""Threads that share the rows of a tick between them: kernels run without the GIL, and no row knows of another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

_WORTH: Final = 256  # rows that are worth waking a thread for


class Hands:
    """So many threads, this one among them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count - 1, "hand") if count > 1 else None

    def share(self, rows: int, work: Callable[[int, int, int], None]) -> None:
        """Call ``work(hand, low, high)`` for ranges that make up ``rows``, at once; an error in one is raised here."""
        hands = min(self.count, max(rows // _WORTH, 1))
        if self._pool is None or hands == 1:
            work(0, 0, rows)
            return
        ends = [rows * hand // hands for hand in range(hands + 1)]
        jobs = [self._pool.submit(work, hand, ends[hand], ends[hand + 1]) for hand in range(1, hands)]
        work(0, 0, ends[1])
        for job in jobs:
            job.result()

    def close(self) -> None:
        """Let the threads go."""
        if self._pool:
            self._pool.shutdown()
