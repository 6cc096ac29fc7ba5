"""A disk that loses power: what a recording of file calls may have left behind, by the rules that programs may rely on.

What was written since the last fsync of its file may be there, be missing, or be there in part (sectors of 512 bytes).
What was created, renamed or removed since the last fsync of its folder may have happened or not; a rename is whole.
Nothing else is promised: not that an fsync of a file makes its name last, not that calls reach the disk in their order.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.faults.calls import Call

SECTOR: Final = 512
_SHARED: Final = "-shm"  # SQLite's index of the log: memory, made anew


@dataclass
class _Write:
    offset: int
    data: bytes = b""
    cut: bool = False  # the file ends at ``offset``


@dataclass
class _File:
    content: bytearray = field(default_factory=bytearray)  # as processes see it
    lasting: bytearray = field(default_factory=bytearray)
    pending: list[_Write] = field(default_factory=list)


@dataclass(frozen=True)
class _Naming:
    """A change of a folder: a name is given (``file`` None: to a folder), taken away, or both in one step."""

    taken: str = ""
    given: str = ""
    file: _File | None = None


class Disk:
    """The files of one folder, after the calls that ``take`` was given; ``folder`` says what was there before."""

    def __init__(self, folder: Path | None = None) -> None:
        self._names: dict[str, _File | None] = {".": None}  # as processes see it; None is a folder
        self._pending: dict[str, list[_Naming]] = {}
        for path in sorted(folder.rglob("*")) if folder and folder.is_dir() else ():
            if path.name.endswith(_SHARED):
                continue
            data = b"" if path.is_dir() else path.read_bytes()
            self._names[str(path.relative_to(folder))] = (
                None if path.is_dir() else _File(bytearray(data), bytearray(data))
            )
        self._lasting = dict(self._names)

    def take(self, call: Call) -> None:
        """A call was made and did what it was to do."""
        if call.kind == "said" or call.path.endswith(_SHARED) or call.path == "..":
            return
        if call.kind == "mkdir":
            if call.path not in self._names:
                self._name(_Naming(given=call.path))
        elif call.kind == "open":
            self._open(call)
        elif call.kind == "rename":
            self._name(_Naming(call.path, call.target, self._names[call.path]))
        elif call.kind == "unlink":
            if call.path in self._names:
                self._name(_Naming(taken=call.path))
        elif call.kind == "fsync":
            self._sync(call.path)
        elif (file := self._names.get(call.path)) is not None:
            if call.kind == "truncate" and call.size >= 0:
                _apply(file.content, _Write(call.size, cut=True))
                file.pending.append(_Write(call.size, cut=True))
            elif call.kind == "write":
                write = _Write(call.offset if call.offset >= 0 else len(file.content), call.data)
                _apply(file.content, write)
                file.pending.append(write)

    def lose_power(self, target: Path, chance: random.Random) -> None:
        """Write into a folder what may be found after the power came back."""
        ordered = chance.random() < 0.3  # some systems keep the order of what they lose
        names = dict(self._lasting)
        for changes in self._pending.values():
            for change in _survivors(changes, chance, ordered=ordered):
                _rename(names, change)
        target.mkdir(parents=True, exist_ok=True)
        for name, file in sorted(names.items()):
            if any(str(above) not in names for above in Path(name).parents):
                continue
            if file is None:
                (target / name).mkdir(exist_ok=True)
                continue
            content = bytearray(file.lasting)
            for write in _survivors(file.pending, chance, ordered=ordered):
                _apply(content, _torn(write, chance))
            (target / name).write_bytes(content)

    def _open(self, call: Call) -> None:
        if call.path not in self._names:
            if call.creates:
                self._name(_Naming(given=call.path, file=_File()))
        elif call.size and (file := self._names[call.path]) is not None:
            file.content.clear()
            file.pending.append(_Write(0, cut=True))

    def _name(self, change: _Naming) -> None:
        _rename(self._names, change)
        self._pending.setdefault(_above(change.given or change.taken), []).append(change)

    def _sync(self, path: str) -> None:
        file = self._names.get(path)
        if file is not None:
            file.lasting = bytearray(file.content)
            file.pending.clear()
        else:
            for change in self._pending.pop(path, []):
                _rename(self._lasting, change)


def _above(path: str) -> str:
    return os.path.dirname(path) or "."  # noqa: PTH120 - of a name, not of a file


def _rename(names: dict[str, _File | None], change: _Naming) -> None:
    if change.taken:
        names.pop(change.taken, None)
    if change.given:
        names[change.given] = change.file


def _apply(content: bytearray, write: _Write) -> None:
    if write.offset > len(content):
        content.extend(bytes(write.offset - len(content)))
    if write.cut:
        del content[write.offset :]
    else:
        content[write.offset : write.offset + len(write.data)] = write.data


def _survivors(items: list[Any], chance: random.Random, *, ordered: bool) -> Iterable[Any]:
    if ordered:
        return items[: chance.randint(0, len(items))]
    share = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
    return [item for item in items if chance.random() < share]


def _torn(write: _Write, chance: random.Random) -> _Write:
    """The write, or now and then its begin or its end only."""
    if write.cut or len(write.data) < SECTOR or chance.random() < 0.7:
        return write
    at = SECTOR * chance.randint(1, -(-len(write.data) // SECTOR))
    if chance.random() < 0.5:
        return _Write(write.offset, write.data[:at])
    return _Write(write.offset + at, write.data[at:])
