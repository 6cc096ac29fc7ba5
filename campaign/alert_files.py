"""Reading a detector's files: bounded lines, gzip, parts of a rotated log, lines that are cut off, repeated or damaged.

A line that cannot be read is refused with its file, its number and what to do; with ``damaged="skip"`` it is counted
and named instead. A last line without a line feed, unless it ends a JSON object, is one that is still being
written: it is left out and noted.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from campaign.adapters import Adapter
from campaign.alert_lines import LONGEST_LINE, Line, groups_of, lines_of, opened
from campaign.alert_record import AlertRow, BadLineError, CountRow, Reader, ReadSettings
from campaign.alert_table import I64, UNREAD, Alerts, Gathering, Many, ManyReader, Seen
from contract.errors import InputError

READ_TIMES: Final = ".read"  # beside a recorded file: when each of its lines could be read
_NAMED: Final = 5
_QUOTED: Final = 300  # characters of what is wrong with a line
_MOST_ROWS: Final = 50_000_000
_FEW: Final = 64  # lines that are sooner read one by one
_PART: Final = 512  # of a group with an unusual line: lines that are tried together once more
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
                for group in groups_of(lines_of(file)):
                    self._group(reader, group, (path, number), read_at)
        except FileNotFoundError:
            raise InputError(f"{path}: no such file of alerts") from None
        except InputError as error:
            raise InputError(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{path}: cannot read: {getattr(error, 'strerror', None) or error}") from None

    def _group(self, reader: Reader, group: list[Line], place: tuple[Path, int], read_at: I64) -> None:
        """Take lines of one file, together where that can be; where it cannot, in parts, and then one by one."""
        if self._many(reader, group, place[1], read_at):
            return
        if len(group) > _PART:
            for begin in range(0, len(group), _PART):
                self._group(reader, group[begin : begin + _PART], place, read_at)
            return
        for at, line, whole in group:
            when = int(read_at[at - 1]) if at <= len(read_at) else UNREAD
            self._line(reader, line, whole, (*place, at, when))

    def _many(self, reader: Reader, group: list[Line], number: int, read_at: I64) -> bool:
        """Take lines of one file at once; False where one of them must be looked at alone."""
        if not isinstance(reader, ManyReader) or len(group) < _FEW or not group[-1][2]:
            return False
        lines = [line for _, line, _ in group]
        try:
            found = reader.take_many(lines) if max(map(len, lines)) <= LONGEST_LINE else None
        except ValueError:  # one by one, the reader says where, and why
            return False
        if found is None:
            return False
        self.lines += len(lines)
        self._check_size()
        fresh = self._fresh(lines, found.alerts.line)
        at = np.array([at for at, _, _ in group], np.int64)[found.alerts.line[fresh]]
        read = np.full(len(at), UNREAD, np.int64)
        there = at <= len(read_at)
        read[there] = read_at[at[there] - 1]
        columns = {name: values[fresh] for name, values in vars(found.alerts).items() if name != "kinds"}
        columns |= {"line": at, "read": read, "file": np.full(len(at), number, np.int32)}
        self.found.extend(Many(Alerts(**columns, kinds=found.alerts.kinds), found.seen, found.counts))
        return True

    def _fresh(self, lines: list[bytes], of_rows: I64) -> npt.NDArray[np.bool_]:
        """Which rows are of lines that did not come before."""
        told = np.unique(of_rows)
        new = np.zeros(len(lines), np.bool_)
        for line in told.tolist():
            mark = hash(lines[line])
            if mark not in self._known:
                self._known.add(mark)
                new[line] = True
        self.duplicates += len(told) - int(new.sum())
        fresh: npt.NDArray[np.bool_] = new[of_rows]
        return fresh

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


def _read_times(path: Path) -> I64:
    beside = path.with_name(path.name + READ_TIMES)
    try:
        return np.fromfile(beside, np.int64) if beside.is_file() else np.zeros(0, np.int64)
    except OSError as error:
        raise InputError(f"{beside}: cannot read: {error.strerror}") from None
