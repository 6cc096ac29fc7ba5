"""One output: reads the store behind its cursor, hands over, tries again, gives up, and notes how far it is.

The cursor moves when a batch was taken (or buried among the dead letters) and the state is on disk. A process that is
killed in between tells the last batch again: at least once, and each record carries its id.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from store.feed import Feed
from store.formats.base import Origin
from store.outputs.base import Batch, RefusedError, Target, UnavailableError
from store.outputs.pieces import Pieces
from store.outputs.state import State

POLL_S: Final = 0.1
_NOTED_S: Final = 1.0


class Follower:
    """Follows a store for one output until ``stop`` is set, and then until all is told or ``drain_s`` are over."""

    def __init__(
        self,
        feed: Feed,
        settings: Mapping[str, Any],
        origin: Origin,
        target: Target,
        state: State,
        stop: threading.Event,
        drain_s: float,
    ) -> None:
        self._feed, self._settings, self._target, self.state = feed, settings, target, state
        self._stop, self._drain_s = stop, drain_s
        self._pieces = Pieces(feed, settings, origin)
        self._deadline: float | None = None
        self._noted = 0.0

    def run(self) -> None:
        """Follow. What is not delivered at the end waits for the next follower of this store.

        Raises ``InputError`` where the store is damaged, ``LackingError`` where the state cannot be kept.
        """
        last_commit = -1
        while not self._over():
            head = self._feed.head()
            if head.commit != last_commit:
                last_commit = head.commit
                self._bound()
                while not self._over() and self._step():
                    self._bound()
            if self._stop.is_set() and self._feed.head().commit == last_commit:
                break
            self._stop.wait(POLL_S)
        self._measure()
        self.state.word = "ended"
        self.state.save()

    def _over(self) -> bool:
        """Whether it was asked to end and has had its time."""
        if not self._stop.is_set():
            return False
        if self._deadline is None:
            self._deadline = time.monotonic() + self._drain_s
        return time.monotonic() >= self._deadline

    def _step(self) -> bool:
        """One piece; False where there is none, or it could not be delivered before the end."""
        piece = self._pieces.next(self.state.cursor)
        if piece is None:
            return False
        if piece.batch is not None and not self._deliver(piece.batch):
            return False
        counts, told = self.state.counts, len(piece.batch.lines) if piece.batch else 0
        counts.changes += piece.changes
        counts.missing += piece.missing
        counts.not_wanted += piece.taken - piece.missing - told
        counts.in_hand = 0
        self.state.cursor = piece.cursor
        self._measure()
        self.state.save()
        return True

    def _bound(self) -> None:
        """Leave out the oldest where more waits than may."""
        waiting = self._pieces.waiting(self.state.cursor)
        for what, count in waiting.items():
            beyond = count - int(self._settings["most_waiting"])
            if beyond > 0:
                self.state.cursor = self._pieces.left_out(self.state.cursor, what, beyond)
                self.state.counts.left_out += beyond
                self.state.error = (
                    f"{beyond:,} {what} were left out: more than {self._settings['most_waiting']:,} waited"
                )

    def _measure(self) -> None:
        self.state.counts.held = self._pieces.held()
        self.state.counts.waiting = sum(self._pieces.waiting(self.state.cursor).values())

    def _deliver(self, batch: Batch) -> bool:
        """Hand over, again and again until it is taken, refused for good, or too old; False where we end before."""
        began, tries = time.monotonic(), 0
        while True:
            try:
                self._target.deliver(batch)
            except RefusedError as error:
                return self._refused(batch, str(error))
            except UnavailableError as error:
                if time.monotonic() - began >= self._settings["give_up_s"]:
                    self.state.bury(batch, str(error))
                    return True
                self._note_retry(str(error))
                if not self._pause(tries, error.after_s):
                    return False
                tries += 1
            else:
                self.state.note_delivered(len(batch.lines))
                return True

    def _refused(self, batch: Batch, reason: str) -> bool:
        """Find the records that are refused: the others of the batch may be fine."""
        if len(batch.lines) == 1:
            self.state.bury(batch, reason)
            return True
        first, second = batch.halves()
        return self._deliver(first) and self._deliver(second)

    def _note_retry(self, reason: str) -> None:
        self.state.counts.retried += 1
        self.state.word, self.state.error = "retrying", reason
        if time.monotonic() - self._noted >= _NOTED_S:
            self._noted = time.monotonic()
            self._measure()
            self.state.save()

    def _pause(self, tries: int, asked_s: float) -> bool:
        """Wait before another try: doubling, with jitter over half of it; False where the end comes first."""
        most = float(self._settings["retry_most_s"])
        pause = min(most, float(self._settings["retry_first_s"]) * 2.0 ** min(tries, 60))
        pause = max(pause * random.uniform(0.5, 1.0), min(asked_s, most))
        until = time.monotonic() + pause
        while not self._over():
            left = until - time.monotonic()
            if left <= 0:
                return True
            if self._stop.is_set():
                time.sleep(min(left, POLL_S))
            else:
                self._stop.wait(left)
        return False
