"""A share of one processor for a process, kept by the kernel (a control group's quota): what it can hold is then so
little that one sender on the same machine can offer a hundred times of it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_PERIOD_US: Final = 50_000
_PATIENCE_S: Final = 30.0


@contextmanager
def held_to(share: float, *pids: int) -> Iterator[None]:
    """Let processes have so much of a processor, together; 0: all they can get. Raises ``OSError`` where one may not.

    The group is made for this and removed at the end, when the processes are back where they were or have ended.
    """
    if not share:
        yield
        return
    above, files = _group_of(max(round(share * _PERIOD_US), 1000))
    group = above / f"tenfold-share-{os.getpid()}-{time.monotonic_ns()}"
    group.mkdir()
    try:
        for name, text in files.items():
            (group / name).write_text(text)
        for pid in pids:
            (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        for pid in pids:
            with suppress(OSError):  # it has ended
                (above / "cgroup.procs").write_text(str(pid))
        _remove(group)


def _remove(group: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            group.rmdir()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _group_of(quota_us: int) -> tuple[Path, dict[str, str]]:
    """The control group that this process is in, of the hierarchy that has quotas, and the files that set one."""
    places = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    old = Path("/sys/fs/cgroup/cpu")
    if "cpu" in places and (old / "cgroup.procs").exists():
        files = {"cpu.cfs_period_us": str(_PERIOD_US), "cpu.cfs_quota_us": str(quota_us)}
        return old / places["cpu"].lstrip("/"), files
    files = {"cpu.max": f"{quota_us} {_PERIOD_US}"}  # where its parent hands the controller on
    return Path("/sys/fs/cgroup") / places.get("", "/").lstrip("/"), files
