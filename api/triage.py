"""What people decided about alerts: kept beside the run, so that whoever opens the page sees the same.

``triage.jsonl`` in the run folder: one line a decision, appended and synced before it is acknowledged; the last line
of an alert counts. The store is left alone: it has one writer, which is the detector.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from contract.clock import iso

FILE: Final = "triage.jsonl"
STATES: Final = ("new", "escalated", "archived")
_MOST_KEPT: Final = 64
_MAX_BYTES: Final = 64 << 20
_SPARE: Final = 2000  # lines that may be out of date before the file is written anew
Json = dict[str, Any]


@dataclass
class _Book:
    """The decisions of one run as far as the file was read."""

    size: int = 0
    inode: int = 0
    lines: int = 0
    marks: dict[str, Json] = field(default_factory=dict)


class Triage:
    """Decisions by run. May be shared by threads; other processes may append to the same files."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._books: dict[Path, _Book] = {}

    def of(self, folder: Path) -> dict[str, Json]:
        """Every alert of a run that somebody decided about: ``{alert_id: {state, note, at, by}}``."""
        with self._turn:
            return dict(self._read(folder).marks)

    def decide(
        self, folder: Path, alerts: Sequence[str], state: str, note: str | None, by: str, now_ns: int
    ) -> dict[str, Json]:
        """Give alerts a state; without a note the one that is there stays. Those alerts as they now are.

        Raises ``OSError`` where it cannot be kept.
        """
        with self._turn:
            marks = self._read(folder).marks
            fresh: dict[str, Json] = {}
            for alert in alerts:
                kept = str(marks.get(alert, {}).get("note", ""))
                fresh[alert] = {"state": state, "note": kept if note is None else note, "at": iso(now_ns), "by": by}
            lines = b"".join(orjson.dumps({"alert_id": alert, **mark}) + b"\n" for alert, mark in fresh.items())
            with (folder / FILE).open("ab") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            self._shorten(folder)
            return fresh

    def _read(self, folder: Path) -> _Book:
        path = folder / FILE
        try:
            found = path.stat()
        except OSError:
            self._books.pop(folder, None)
            return _Book()
        book = self._books.get(folder)
        if book is None or book.inode != found.st_ino or found.st_size < book.size:
            book = self._books[folder] = _Book(inode=found.st_ino)
            while len(self._books) > _MOST_KEPT:
                self._books.pop(next(iter(self._books)))
        if found.st_size > book.size and found.st_size <= _MAX_BYTES:
            with path.open("rb") as file:
                file.seek(book.size)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]  # the last line may be half written
            book.size += len(whole)
            for line in whole.splitlines():
                self._take(book, line)
        return book

    @staticmethod
    def _take(book: _Book, line: bytes) -> None:
        book.lines += 1
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            return
        if isinstance(row, dict) and isinstance(row.get("alert_id"), str) and row.get("state") in STATES:
            book.marks[row["alert_id"]] = {name: str(row.get(name, "")) for name in ("state", "note", "at", "by")}

    def _shorten(self, folder: Path) -> None:
        """Write only what counts where most lines are out of date."""
        book = self._read(folder)
        if book.lines <= 2 * len(book.marks) + _SPARE:
            return
        path = folder / FILE
        fresh = path.with_suffix(".tmp")
        with fresh.open("wb") as file:
            file.writelines(orjson.dumps({"alert_id": alert, **mark}) + b"\n" for alert, mark in book.marks.items())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        self._books.pop(folder, None)
