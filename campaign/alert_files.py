"""Reading a detector's files: bounded lines, gzip, parts of a rotated log, lines that are cut off, repeated or damaged.

A line that cannot be read is refused with its file, its number and what to do; with ``damaged="skip"`` it is counted
and named instead. A last line without a line feed, unless it ends a JSON object, is one that is still being
written: it is left out and noted.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Final, cast

import numpy as np

from campaign.adapters import Adapter
from campaign.alert_record import AlertRow, BadLineError, CountRow, Reader, ReadSettings
from campaign.alert_table import I64, UNREAD, Alerts, Gathering, Many, ManyReader, Seen
from contract.errors import InputError

LONGEST_LINE: Final = 1 << 20
READ_TIMES: Final = ".read"  # beside a recorded file: when each of its lines could be read
_NAMED: Final = 5
_QUOTED: Final = 300  # characters of what is wrong with a line
_HOPELESS: Final = 16 << 20  # bytes of a line: that is not one line too long, but something else
_MOST_EMPTY: Final = 10_000
_INFLATES: Final = 250  # times the compressed size, beyond
_SMALL: Final = 4 << 20
_MOST_ROWS: Final = 50_000_000
_STEP: Final = 8192  # lines that are looked at together
_FEW: Final = 64  # lines that are sooner read one by one
_STEP_BYTES: Final = 8 << 20
Line = tuple[int, bytes, bool]  # its number, its bytes, whether a line feed ended it
ADVICE: Final = "mend or cut that line, or leave such lines out with --damaged skip"


@dataclass
class Read:
    """What a detector's files hold. ``notes`` is what a person should know of them."""

    alerts: Alerts
    seen: Seen
    counts: list[CountRow]
    files: list[str]
    lines: int = 0
    duplicates: int = 0
    damaged: int = 0
    notes: list[str] = field(default_factory=list)


def read_alerts(paths: list[Path], adapter: Adapter, settings: ReadSettings, *, damaged: str = "refuse") -> Read:
    """Read all files of one detector. Raises ``InputError`` as the module says, and where there is no such file."""
    files = files_of(paths, adapter)
    reading = _Reading(adapter, settings, damaged == "skip")
    for number, path in enumerate(files):
        reading.file(path, number)
    found = reading.found
    return Read(
        found.alerts(),
        found.seen(),
        found.counts,
        [str(path) for path in files],
        reading.lines,
        reading.duplicates,
        reading.damaged,
        reading.notes,
    )


def files_of(paths: list[Path], adapter: Adapter) -> list[Path]:
    """The files that are meant: of a folder those that the format knows by name. Raises ``InputError``."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted({one for pattern in adapter.files for one in path.glob(pattern) if one.is_file()})
            inside = [one for one in inside if not one.name.endswith(READ_TIMES)]
            if not inside:
                raise InputError(f"{path}: holds no file of {adapter.title}: looked for {', '.join(adapter.files[:8])}")
            found += inside
        elif path.exists() and not path.is_file():
            raise InputError(f"{path}: not a regular file; what is no file is read live, by tenfold run --alerts")
        else:
            found.append(path)
    return found


class _Reading:
    def __init__(self, adapter: Adapter, settings: ReadSettings, skip: bool) -> None:  # noqa: FBT001 - of this module
        self._adapter, self._settings, self._skip = adapter, settings, skip
        self.found = Gathering()
        self._known: set[int] = set()
        self.lines = self.duplicates = self.damaged = 0
        self.notes: list[str] = []

    def file(self, path: Path, number: int) -> None:
        try:
            reader = self._adapter.reader(replace(self._settings, file_name=path.name))
            read_at = _read_times(path)
            with opened(path) as file:
                for group in _groups(lines_of(file)):
                    if not self._many(reader, group, number, read_at):
                        for at, line, whole in group:
                            when = int(read_at[at - 1]) if at <= len(read_at) else UNREAD
                            self._line(reader, line, whole, (path, number, at, when))
        except FileNotFoundError:
            raise InputError(f"{path}: no such file of alerts") from None
        except InputError as error:
            raise InputError(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{path}: cannot read: {getattr(error, 'strerror', None) or error}") from None

    def _many(self, reader: Reader, group: list[Line], number: int, read_at: I64) -> bool:
        """Take lines of one file at once; False where one of them must be looked at alone."""
        if not isinstance(reader, ManyReader) or len(group) < _FEW or not group[-1][2]:
            return False
        lines = [line for _, line, _ in group]
        found = reader.take_many(lines) if max(map(len, lines)) <= LONGEST_LINE else None
        if found is None:
            return False
        self.lines += len(lines)
        self._check_size()
        fresh = []
        for row, line in enumerate(found.alerts.line.tolist()):
            mark = hash(lines[line])
            if mark not in self._known:
                self._known.add(mark)
                fresh.append(row)
        self.duplicates += len(found.alerts) - len(fresh)
        at = np.array([at for at, _, _ in group], np.int64)[found.alerts.line[fresh]]
        read = np.full(len(at), UNREAD, np.int64)
        there = at <= len(read_at)
        read[there] = read_at[at[there] - 1]
        columns = {name: values[fresh] for name, values in vars(found.alerts).items() if name != "kinds"}
        columns |= {"line": at, "read": read, "file": np.full(len(at), number, np.int32)}
        self.found.extend(Many(Alerts(**columns, kinds=found.alerts.kinds), found.seen, found.counts))
        return True

    def _check_size(self) -> None:
        if self.lines > _MOST_ROWS:
            raise InputError(f"more than {_MOST_ROWS:,} lines in all; judge a shorter stretch")

    def _line(self, reader: Reader, line: bytes, whole: bool, place: tuple[Path, int, int, int]) -> None:  # noqa: FBT001
        path, number, at, read = place
        self.lines += 1
        if not whole and not line.endswith(b"}"):
            self.notes.append(f"{path.name}: line {at}, the last, has no line feed: taken for cut off and left out")
            return
        try:
            if len(line) > LONGEST_LINE:
                raise BadLineError(f"longer than {LONGEST_LINE:,} bytes")
            rows = reader.take(line)
        except BadLineError as error:
            if not whole:
                self.notes.append(f"{path.name}: line {at}, the last, is cut off and left out")
                return
            if not self._skip:
                advice = ADVICE if self.lines > 1 else f"is it {self._adapter.title}? (--format)"
                raise InputError(f"{path}: line {at}: {_short(error)}; {advice}") from None
            self.damaged += 1
            if self.damaged <= _NAMED:
                self.notes.append(f"{path.name}: line {at} is left out: {_short(error)}")
            return
        if rows and isinstance(rows[0], AlertRow):
            mark = hash(line)
            if mark in self._known:
                self.duplicates += 1
                return
            self._known.add(mark)
        self._check_size()
        for row in rows:
            self.found.add(row, read, number, at)


def _short(error: BadLineError) -> str:
    """Its words; of a value that was quoted whole, the beginning and the end."""
    words = str(error)
    return words if len(words) <= _QUOTED else f"{words[: _QUOTED // 2]}...{words[-_QUOTED // 2 :]}"


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


def _read_times(path: Path) -> I64:
    beside = path.with_name(path.name + READ_TIMES)
    try:
        return np.fromfile(beside, np.int64) if beside.is_file() else np.zeros(0, np.int64)
    except OSError as error:
        raise InputError(f"{beside}: cannot read: {error.strerror}") from None


def _groups(lines: Iterator[Line]) -> Iterator[list[Line]]:
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
