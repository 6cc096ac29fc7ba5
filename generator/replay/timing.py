"""When the frames of a capture leave: at its own pace, faster, at packets a second, or at a rate of attempts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from contract.errors import InputError
from generator.replay.octets import I64
from generator.workload import TOKYO_RATE

NS: Final = 1_000_000_000
_LONGEST_S: Final = 7 * 86_400.0
_MOST_LOOPS: Final = 1_000_000


@dataclass(frozen=True)
class Pace:
    """What a user asks for. At most one of ``speed``, ``pps`` and ``multiplier``; all ``None`` is the own pace.

    ``loops`` of 0 repeats until ``duration_s``. Raises ``InputError`` where a number makes no sense.
    """

    speed: float | None = None
    pps: float | None = None
    multiplier: float | None = None
    loops: int = 1
    duration_s: float | None = None

    def __post_init__(self) -> None:
        named = {"--speed": self.speed, "--pps": self.pps, "--multiplier": self.multiplier}
        given = [name for name, value in named.items() if value is not None]
        if len(given) > 1:
            raise InputError(f"{' and '.join(given)} exclude each other: each sets the pace")
        limits = {"--speed": 1e9, "--pps": 1e8, "--multiplier": 1e5}
        for name, value in named.items():
            if value is not None and not (math.isfinite(value) and 1e-6 <= value <= limits[name]):
                raise InputError(f"{name} {value:g} is not between 0.000001 and {limits[name]:g}")
        if not 0 <= self.loops <= _MOST_LOOPS:
            raise InputError(f"--loop {self.loops} is not between 0 and {_MOST_LOOPS:,}")
        if self.duration_s is not None and not (math.isfinite(self.duration_s) and 0 < self.duration_s <= _LONGEST_S):
            raise InputError(f"--duration {self.duration_s:g} is not between 0 s and 7 days")
        if self.loops == 0 and self.duration_s is None:
            raise InputError("--loop 0 repeats until --duration: say how long")


@dataclass(frozen=True)
class Timetable:
    """The times of a capture's frames on the campaign's clock.

    ``begin_ns`` is that of its first frame, ``frames`` how many there are. With ``pps`` a frame's number gives its
    time, else ``factor`` (ns of the replay for one of the capture) does. A round of the loop takes ``period_ns``.
    """

    begin_ns: int
    frames: int
    start_ns: int = 0
    factor: float = 1.0
    pps: float | None = None
    period_ns: int = 0
    rounds: int = 1
    stop_ns: int = 0  # frames from then on are left out

    def offsets(self, ts: I64, numbers: I64) -> I64:
        """Nanoseconds from the start of a round for the capture's times ``ts``; ``numbers`` count its frames."""
        if self.pps is not None:
            paced: I64 = np.floor(numbers * (NS / self.pps)).astype(np.int64)
            return paced
        scaled: I64 = np.floor((ts - self.begin_ns) * self.factor).astype(np.int64)
        return scaled

    def begin_of(self, turn: int) -> int:
        """When a round begins."""
        return self.start_ns + turn * self.period_ns

    @property
    def seconds(self) -> float:
        """How long the replay lasts."""
        return (self.stop_ns - self.start_ns) / NS

    def moved(self, start_ns: int) -> Timetable:
        """The same, with another second 0."""
        return replace(self, start_ns=start_ns, stop_ns=self.stop_ns + start_ns - self.start_ns)


def make_timetable(pace: Pace, begin_ns: int, end_ns: int, frames: int, starts: I64, start_ns: int) -> Timetable:
    """The times that a pace asks for. ``starts`` are those of the attempts (or flows) that ``multiplier`` counts.

    Raises ``InputError`` where a capture is too short to have a rate, or the replay would last more than 7 days.
    """
    span = end_ns - begin_ns
    factor = 1.0 / (pace.speed or 1.0)
    if pace.multiplier is not None:
        factor = _at_multiplier(pace.multiplier, starts)
    gap = max(span / max(frames - 1, 1), 1.0)  # from the last frame of a round to the first of the next
    by_time = max(math.ceil((span + gap) * factor), 1)
    period = by_time if pace.pps is None else math.ceil(frames * NS / pace.pps)
    rounds = pace.loops or math.ceil((pace.duration_s or 0.0) * NS / period)
    total = rounds * period
    if pace.duration_s is not None:
        total = min(total, math.ceil(pace.duration_s * NS))
        rounds = min(rounds, math.ceil(total / period))
    if total > _LONGEST_S * NS:
        raise InputError(
            f"the replay would last {total / NS / 86_400:.1f} days, and 7 are the most: --speed, --duration"
        )
    if rounds > _MOST_LOOPS:
        raise InputError(f"{rounds:,} rounds of {period / NS:g} s are more than {_MOST_LOOPS:,}: a shorter --duration")
    return Timetable(begin_ns, frames, start_ns, factor, pace.pps, period, rounds, start_ns + total)


def _at_multiplier(multiplier: float, starts: I64) -> float:
    """The factor that lets attempts begin at that rate, on average from the first of them to the last."""
    span = int(starts.max() - starts.min()) if len(starts) else 0
    if span == 0:
        raise InputError(f"--multiplier needs attempts that begin at different times; the capture has {len(starts)}")
    return (len(starts) - 1) / (multiplier * TOKYO_RATE) * NS / span
