"""Small disks: a file system in memory, mounted for a test."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(folder: Path, size_mib: int) -> Iterator[Path]:
    """A disk of so many MiB, mounted at a new folder; skips without root."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, *, leave: int = 0) -> Path:
    """Fill the disk of a folder but for so many bytes; the file that does."""
    path = folder / "filler"
    disk = os.statvfs(folder)
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        if leave:
            os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - leave)
        else:
            while file.write(bytes(1 << 16)):
                pass
    return path
