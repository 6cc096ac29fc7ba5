"""A file that grows line by line, as Suricata's ``eve.json``: rotated by size or time, reopened when moved away.

A reader never sees half a line: lines are appended whole, and what a kill or a full disk left of one is cut off.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from contract.config_key import Key
from contract.errors import InputError
from store.formats.base import Origin
from store.outputs.base import Batch, Kind, UnavailableError

_CHUNK: Final = 1 << 16
_TAIL: Final = 1 << 20
_MIB: Final = 1 << 20
_ROTATED: Final = re.compile(r"\.\d{8}-\d{6}(-\d+)?$")


class EveFile:
    """The file at ``path``. See ``store.outputs.base.Target``."""

    def __init__(self, path: Path, rotate_bytes: int, rotate_s: float, keep: int) -> None:
        self._path, self._rotate_bytes, self._rotate_s, self._keep = path, rotate_bytes, rotate_s, keep
        self._handle: int | None = None
        self._again = threading.Event()
        self._done: tuple[str, int] = ("", 0)  # a batch of which so many lines were written before the disk refused

    def deliver(self, batch: Batch) -> None:
        """Append the lines; on the way to disk when it returns."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _turn(self._path.parent):
                handle = self._opened()
                size = sum(map(len, batch.lines)) + len(batch.lines)
                if self._is_due(handle, size):
                    handle = self._rotated()
                self._append(handle, batch)
        except OSError as error:
            self.close()
            raise UnavailableError(f"{self._path}: {error.strerror or error}") from None

    def reopen(self) -> None:
        """Open anew before the next batch."""
        self._again.set()

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _opened(self) -> int:
        """The file as its name now says: it may have been moved away, removed, or replaced."""
        if self._handle is not None:
            asked = self._again.is_set()
            self._again.clear()
            try:
                now, ours = self._path.stat(), os.fstat(self._handle)
                moved = (now.st_dev, now.st_ino) != (ours.st_dev, ours.st_ino)
            except FileNotFoundError:
                moved = True
            if moved or asked:
                self.close()
        if self._handle is None:
            self._handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            _mend(self._handle)
        return self._handle

    def _is_due(self, handle: int, more: int) -> bool:
        status = os.fstat(handle)
        if not status.st_size:
            return False
        if self._rotate_bytes and status.st_size + more > self._rotate_bytes:
            return True
        # Spans are counted from the epoch: a restart changes nothing of when they end.
        return bool(self._rotate_s) and status.st_mtime // self._rotate_s != time.time() // self._rotate_s

    def _rotated(self) -> int:
        """Move the file away under the time, remove the oldest, begin a new one."""
        self.close()
        stem = f"{self._path.name}.{datetime.now(UTC):%Y%m%d-%H%M%S}"
        target, number = self._path.with_name(stem), 0
        while target.exists():
            number += 1
            target = self._path.with_name(f"{stem}-{number}")
        self._path.rename(target)
        others = [one for one in self._path.parent.glob(f"{self._path.name}.*") if _is_rotated(one, self._path)]
        others.sort(key=lambda one: (one.stat().st_mtime_ns, one.name))
        for old in others[: max(0, len(others) - self._keep)]:
            old.unlink(missing_ok=True)
        return self._opened()

    def _append(self, handle: int, batch: Batch) -> None:
        done = self._done[1] if self._done[0] == batch.id else 0
        while done < len(batch.lines):
            chunk, upto = b"", done
            while upto < len(batch.lines) and (not chunk or len(chunk) + len(batch.lines[upto]) < _CHUNK):
                chunk += batch.lines[upto] + b"\n"
                upto += 1
            before = os.fstat(handle).st_size
            written = 0
            try:
                while written < len(chunk):
                    written += os.write(handle, chunk[written:])
            except OSError:
                os.ftruncate(handle, before)
                self._done = (batch.id, done)
                raise
            done = upto
        self._done = ("", 0)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One at a time: a campaign and what sensors post may have followers of their own for one and the same file."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _mend(handle: int) -> None:
    """Cut off what a kill left of a line."""
    size = os.fstat(handle).st_size
    start = max(0, size - _TAIL)
    tail = os.pread(handle, size - start, start)
    if tail and not tail.endswith(b"\n"):
        os.ftruncate(handle, start + tail.rfind(b"\n") + 1 if b"\n" in tail else start)


def _is_rotated(path: Path, of: Path) -> bool:
    return bool(_ROTATED.fullmatch(path.name.removeprefix(of.name)))


def _check(values: Mapping[str, Any]) -> None:
    path = Path(values["path"])
    if path.is_dir() or str(values["path"]).endswith("/"):
        raise InputError(f"path: {path} is a folder; name a file")


def _make(values: Mapping[str, Any], _: Origin, folder: Path) -> EveFile:
    return EveFile(folder / values["path"], values["rotate_mb"] * _MIB, values["rotate_s"], values["keep"])


KIND: Final = Kind(
    "eve_file",
    "A file that grows line by line, as Suricata's eve.json. It is reopened when it was moved away, and on SIGHUP.",
    (
        Key("path", "text", "The file; not absolute: in the run folder.", needed=True, example="eve.json"),
        Key(
            "rotate_mb",
            "whole",
            "It is moved away under the time when it would grow beyond; 0: never.",
            256,
            0,
            1 << 20,
        ),
        Key("rotate_s", "number", "Likewise at multiples of so many seconds (UTC); 0: never.", 0.0, 0, 31_536_000),
        Key("keep", "whole", "So many of those that were moved away are kept.", 10, 0, 100_000),
    ),
    _check,
    _make,
    {"batch": 5000},
)
