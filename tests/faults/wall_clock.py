"""Runs a program under a wall clock that steps, stands still or repeats a second, with every process that it starts.

``python tests/faults/wall_clock.py KIND -m MODULE [ARGS...]``: nothing is changed on the machine. What Python asks of
the wall clock (``time.time``, ``time_ns``, ``clock_gettime`` of it, ``datetime.now``) is answered by the kind, which is
a function of the clock since boot, so that all processes see the same steps at the same moments.
"""

from __future__ import annotations

import datetime as dt
import os
import runpy
import stat
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOUR_NS = 3_600_000_000_000
ROOT = Path(__file__).parents[2]
_wall, _since = time.time_ns, time.monotonic_ns


def _turn(every_s: float) -> int:
    return int(_since() // (every_s * 1e9))


def _wild() -> int:
    """Every 0.7 s something else: right, an hour on, frozen at the hour's end, an hour back."""
    turn = _turn(0.7) % 4
    if turn == 2:
        return _wall() // HOUR_NS * HOUR_NS
    return _wall() + (0, HOUR_NS, 0, -HOUR_NS)[turn]


KINDS: dict[str, Callable[[], int]] = {
    "forward": lambda: _wall() + HOUR_NS * (_turn(2.0) % 2),
    "back": lambda: _wall() - HOUR_NS * (_turn(2.0) % 2),
    "frozen": lambda: _wall() // HOUR_NS * HOUR_NS,
    "leap": lambda: _wall() - 1_000_000_000 * (_turn(1.0) % 2),  # each second once more
    "wild": _wild,
}


def install(now_ns: Callable[[], int]) -> None:
    """Answer every question of this process for the wall clock by that function."""
    real, real_ns = time.clock_gettime, time.clock_gettime_ns
    time.time_ns = now_ns
    time.time = lambda: now_ns() / 1e9
    time.clock_gettime = lambda which: now_ns() / 1e9 if which == time.CLOCK_REALTIME else real(which)
    time.clock_gettime_ns = lambda which: now_ns() if which == time.CLOCK_REALTIME else real_ns(which)

    class Datetime(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls.fromtimestamp(now_ns() / 1e9, tz)

    dt.datetime = Datetime  # type: ignore[misc]


def wrapper(folder: Path, kind: str) -> Path:
    """A program that stands for Python: it puts this one before whatever is run."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" {kind} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def main() -> None:
    """Become the module, and let its children go through here as well."""
    kind, flag, module, *rest = sys.argv[1:]
    if flag != "-m":
        os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
    install(KINDS[kind])
    sys.path[0] = str(ROOT)
    sys.argv = [module, *rest]
    with tempfile.TemporaryDirectory() as folder:
        sys.executable = str(wrapper(Path(folder), kind))
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
