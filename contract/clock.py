"""Clocks that a step of the wall clock does not touch: one for a campaign, one for what expires and is dated.

Wall time is read once. That of a campaign is carried on by the monotonic clock, which its processes share; that of a
service by the clock since boot, which goes on while the machine sleeps. A step, a leap second or a wall clock that
stands still changes no pacing, no latency and no expiry; what was set right is seen by who starts after it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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


class Calendar:
    """Time of day for what expires and what is dated: that of the wall clock when it was made, and never set again."""

    def __init__(self) -> None:
        self._epoch_ns, self._boot_ns = time.time_ns(), _since_boot_ns()

    def now_ns(self) -> int:
        """Nanoseconds since the epoch."""
        return self._epoch_ns + _since_boot_ns() - self._boot_ns

    def now(self) -> datetime:
        """The same as a date, in UTC."""
        return _EPOCH + timedelta(microseconds=self.now_ns() // 1000)


@cache
def calendar() -> Calendar:
    """The calendar of this process. It is set when it is first asked for: a service does so as it starts."""
    return Calendar()


def _since_boot_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def iso(epoch_ns: int) -> str:
    """Epoch nanoseconds as ISO 8601 in UTC with microseconds."""
    seconds, rest = divmod(epoch_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000, tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "Z"
