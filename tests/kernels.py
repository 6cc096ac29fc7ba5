"""Compile the kernels once before the suite, a process a room: else each test process that needs one compiles it.

Run ``python -m tests.kernels``. What is compiled is kept on disk, so it is quick where nothing has changed.
"""

from __future__ import annotations

import subprocess
import sys
import time


def generator() -> None:
    """Make a second of every family's traffic."""
    from generator import registry
    from generator.traffic import chunks
    from generator.workload import Share, Workload

    names = sorted(registry.names())
    for chunk in chunks(
        Workload(seed=1, duration_s=1.0, curve=((0.0, 200.0),), attacks=tuple(Share(n, 1.0) for n in names))
    ):
        assert chunk.frames.num_rows


def detector() -> None:
    """Let a few frames go all the way."""
    from detector.model import load_default
    from detector.warm import warm_up

    warm_up(load_default())


ROOMS = {"generator": generator, "detector": detector}


def main() -> int:
    """All rooms at once; the exit code of the first that failed."""
    if len(sys.argv) > 1:
        ROOMS[sys.argv[1]]()
        return 0
    begin = time.monotonic()
    children = [subprocess.Popen([sys.executable, "-m", "tests.kernels", room]) for room in ROOMS]
    code = max([child.wait() for child in children])
    sys.stderr.write(f"compiled in {time.monotonic() - begin:.0f} s\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
