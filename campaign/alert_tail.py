"""A file of alerts that grows: its new lines as they come, through every kind of rotation.

* renamed (logrotate): what is still written to the old file is read, then the new one from its beginning;
* truncated, also by copytruncate: told by a size that shrank, or by bytes before our place that changed;
* a line without its line feed waits until that comes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Final

_CHUNK: Final = 1 << 20
_LONGEST: Final = 1 << 20
_MARK: Final = 64  # bytes before our place by which a file that was written anew is told


class Tail:
    """Follows one path. What lay in the file before is passed over, but for the lines of its header.

    ``whole`` reads it from its beginning: a file that appeared since we looked.
    """

    def __init__(self, path: Path, *, header_lines: int = 0, whole: bool = False) -> None:
        self.path = path
        self.rotations = self.truncations = 0
        self._file: BinaryIO | None = None
        self._place = 0
        self._mark = b""
        self._rest = b""
        self._head: list[bytes] = []
        if self._open() and not whole:
            self._pass_over(header_lines)

    def lines(self) -> list[bytes]:
        """The lines that have come to an end since the last call, without their line feeds."""
        found, self._head = self._head, []
        if self._file is None and not self._open():
            return found
        found += self._read()
        if self._moved():
            found += self._read()  # what came between
            if self._rest:
                found.append(self._rest)  # the old file gets no more
            self.rotations += 1
            self.close()
            if self._open():
                found += self._read()
        return [line for line in found if line]

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        self._file, self._place, self._mark, self._rest = None, 0, b"", b""

    @property
    def inode(self) -> int:
        """Of the file that is open, 0 where none is."""
        return os.fstat(self._file.fileno()).st_ino if self._file else 0

    def _open(self) -> bool:
        try:
            self._file = self.path.open("rb")
        except OSError:
            return False
        return True

    def _pass_over(self, header_lines: int) -> None:
        file = self._opened()
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST), b"")):
            if not (line.startswith(b"#") or number < header_lines):
                break
            self._head.append(line.rstrip(b"\r\n"))
        self._place = file.seek(0, os.SEEK_END)
        file.seek(max(0, self._place - _MARK))
        self._mark = file.read(min(_MARK, self._place))

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise ValueError("no file is open")
        return self._file

    def _read(self) -> list[bytes]:
        file, found = self._opened(), []
        if os.fstat(file.fileno()).st_size < self._place or not self._same():
            self.truncations += 1
            self._place, self._mark, self._rest = 0, b"", b""
        file.seek(self._place)
        while chunk := file.read(_CHUNK):
            self._place += len(chunk)
            self._mark = (self._mark + chunk)[-_MARK:]
            *whole, self._rest = (self._rest + chunk).split(b"\n")
            found += whole
            self._rest = self._rest[: 2 * _LONGEST]  # a line without end is not kept: it is told by its length
        return [line.rstrip(b"\r") for line in found]

    def _same(self) -> bool:
        """Whether the bytes before our place are those that we read."""
        file = self._opened()
        file.seek(self._place - len(self._mark))
        return file.read(len(self._mark)) == self._mark

    def _moved(self) -> bool:
        try:
            return self.path.stat().st_ino != self.inode
        except OSError:  # renamed, and not there again yet
            return False
