"""One clock for all processes of a campaign: wall time read once, then carried on by the monotonic clock.

A step of the wall clock during a run therefore changes no pacing and no latency.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """Epoch nanoseconds that never step. ``CLOCK_MONOTONIC`` is the same for every process of a machine."""

    epoch_ns: int
    monotonic_ns: int

    @classmethod
    def start(cls) -> Clock:
        """Anchor a clock now; hand the anchor to other processes with ``anchor`` and ``from_anchor``."""
        return cls(time.time_ns(), time.monotonic_ns())

    @classmethod
    def from_anchor(cls, anchor: str) -> Clock:
        """The clock of another process, from its ``anchor`` text."""
        epoch, _, monotonic = anchor.partition(":")
        return cls(int(epoch), int(monotonic))

    @property
    def anchor(self) -> str:
        """Text that ``from_anchor`` reads."""
        return f"{self.epoch_ns}:{self.monotonic_ns}"

    def now_ns(self) -> int:
        """Nanoseconds since the epoch."""
        return self.epoch_ns + time.monotonic_ns() - self.monotonic_ns

    def sleep_until(self, epoch_ns: int) -> None:
        """Sleep until that instant; returns at once when it has passed."""
        left = epoch_ns - self.now_ns()
        if left > 0:
            time.sleep(left / 1e9)


def iso(epoch_ns: int) -> str:
    """Epoch nanoseconds as ISO 8601 in UTC with microseconds."""
    seconds, rest = divmod(epoch_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000, tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "Z"
