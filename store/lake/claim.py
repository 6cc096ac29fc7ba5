"""One process at a time fills the archive of a run: two would copy the same rows in chunks of other sizes."""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contract.errors import InputError


@contextmanager
def claimed(run: Path, to: str, label: str) -> Iterator[None]:
    """Hold the archive of a run folder while the ``with`` block lasts; the claim goes when the process does.

    In a folder where nothing can be written nothing is claimed. Raises ``InputError`` where another process holds it.
    """
    path = run / f"archive-{zlib.crc32(f'{to} {label}'.encode()):08x}.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise InputError(f"{run}: another process archives it to {to} already") from None
    try:
        yield
    finally:
        os.close(handle)
