"""Bombs: how long each takes to be refused, and how much memory, against 100 ms and 64 MiB.

    python -m benchmarks.bombs

Each goes off in a fork of a process that has read an honest input of its kind; memory is the rise of ``ru_maxrss``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.faults.bombs import BOMBS, set_off

LIMIT_MS, LIMIT_MIB = 100.0, 64.0
TURNS = 3


def main() -> int:
    """Print the best of three of each; 1 where one is above a limit."""
    over = 0
    print(f"{'bomb':58} {'wall ms':>8} {'CPU ms':>8} {'MiB':>6}   of {LIMIT_MS:.0f} ms and {LIMIT_MIB:.0f} MiB")
    for name in BOMBS:
        with tempfile.TemporaryDirectory(prefix="tenfold-bombs-") as folder:
            rows = [set_off(name, Path(folder)) for _ in range(TURNS)]
        if any(row["said"] is None for row in rows):
            print(f"{name:58} went off")
            over += 1
            continue
        wall, cpu, mib = (min(row[key] for row in rows) for key in ("ms", "cpu_ms", "mib"))
        bad = wall > LIMIT_MS or mib > LIMIT_MIB
        over += bad
        share = f"{wall / LIMIT_MS:5.2f} {mib / LIMIT_MIB:5.2f}"
        print(f"{name:58} {wall:8.1f} {cpu:8.1f} {mib:6.1f}   {share}{'  ABOVE' if bad else ''}")
    print(f"{len(BOMBS)} bombs, {over} above a limit (best of {TURNS})")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
