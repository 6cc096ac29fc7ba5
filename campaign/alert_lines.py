"""The lines of a file that anybody may have written: bounded, numbered, decompressed, in groups."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from contract.errors import InputError

LONGEST_LINE: Final = 1 << 20
_HOPELESS: Final = 16 << 20  # bytes of a line: that is not one line too long, but something else
_MOST_EMPTY: Final = 10_000
_INFLATES: Final = 250  # times the compressed size, beyond
_SMALL: Final = 4 << 20
_STEP: Final = 2048  # lines of a group
_STEP_BYTES: Final = 8 << 20
Line = tuple[int, bytes, bool]  # its number, its bytes, whether a line feed ended it


def opened(path: Path) -> BinaryIO:
    """A file of alerts, decompressed where it ends in .gz."""
    return cast(BinaryIO, _Inflated(path)) if path.suffix == ".gz" else path.open("rb")


class _Inflated(gzip.GzipFile):
    """A compressed file that may inflate like a log, and no more: text of lines is a tenth to a hundredth."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._most = _INFLATES * path.stat().st_size + _SMALL

    def readline(self, size: int | None = -1) -> bytes:
        """As that of any file. Raises ``InputError`` once too much has come out."""
        line: bytes = super().readline(-1 if size is None else size)
        if self.tell() > self._most:
            raise InputError(f"inflates to more than {_INFLATES} times its size: no log does; decompress it first")
        return line


def groups_of(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """Lines in groups that are bounded in number and bytes; one that may be cut off is a group of its own."""
    group: list[Line] = []
    size = 0
    for one in lines:
        if not one[2] and group:
            yield group
            group, size = [], 0
        group.append(one)
        size += len(one[1])
        if len(group) == _STEP or size > _STEP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def lines_of(file: BinaryIO, longest: int = LONGEST_LINE) -> Iterator[Line]:
    """Number, bytes and whether a line feed ended it, of each line that is not empty; of too long ones the beginning.

    Never more than ``longest`` and a little are in memory. A zero byte, which a file that was cut by copytruncate under
    a writer begins with, is passed over.
    """
    number = empty = 0
    while line := file.readline(longest + 2):
        number += 1
        whole = line.endswith(b"\n")
        if not whole and len(line) > longest:
            skipped = len(line)
            while (rest := file.readline(longest)) and not rest.endswith(b"\n"):
                skipped += len(rest)
                if skipped > _HOPELESS:
                    raise InputError(f"line {number} is longer than {_HOPELESS >> 20} MiB: this is no log of lines")
            whole = True  # not cut off: too long
        line = line.rstrip(b"\r\n").lstrip(b"\0")
        if line:
            empty = 0
            yield number, line, whole
        elif (empty := empty + 1) > _MOST_EMPTY:
            raise InputError(f"line {number}: more than {_MOST_EMPTY:,} empty lines in a row: no log has these")
