"""The audit log: who asked for what, when, from where, and what became of it. JSON lines, one file after another.

Everything that starts, changes or stops something has its own line, on the disk before the answer leaves. Ingest is
summed up by key. Refusals are bounded: a flood of them becomes a count, so that it can neither fill the disk nor push
out what matters.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from api.key_file import hidden
from contract.clock import calendar, iso

FOLDER: Final = ".audit"
FILE: Final = "audit.jsonl"
MOST_BYTES: Final = 4 << 20
MOST_FILES: Final = 8
_REFUSALS_PER_S: Final = 5.0
_REFUSALS_AT_ONCE: Final = 100.0
_SUM_EVERY_S: Final = 10.0
_MOST_TEXT: Final = 200
_MOST_LINE: Final = 8192
Record = dict[str, Any]


@dataclass
class _Sum:
    """What one key handed in since the last line about it."""

    since: str
    source: str
    counts: dict[str, int] = field(default_factory=dict)


class AuditLog:
    """Appends to one log. May be shared by threads; several processes may append to the same log."""

    def __init__(self, runs: Path, *, most_bytes: int = MOST_BYTES, most_files: int = MOST_FILES) -> None:
        self.folder = runs / FOLDER
        self.fault = ""
        self._most_bytes, self._most_files = most_bytes, most_files
        self._turn = threading.Lock()
        self._last_ns = 0
        self._tokens, self._filled = _REFUSALS_AT_ONCE, time.monotonic()
        self._unwritten = 0
        self._sums: dict[str, _Sum] = {}
        self._summed = time.monotonic()

    def write(self, what: str, who: str, source: str, result: int | str, **more: Any) -> None:  # noqa: ANN401
        """One line. Never raises: where it cannot be written ``fault`` and stderr say so."""
        with self._turn:
            self._append([self._record(what, who, source, result, more)])

    def refused(self, who: str, source: str, status: int, method: str, path: str, why: str) -> None:
        """One line for a refusal, or one more in the count of those without a line."""
        with self._turn:
            now = time.monotonic()
            self._tokens = min(_REFUSALS_AT_ONCE, self._tokens + (now - self._filled) * _REFUSALS_PER_S)
            self._filled = now
            if self._tokens < 1:
                self._unwritten += 1
                return
            self._tokens -= 1
            self._append([self._record("refused", who, source, status, {"method": method, "path": path, "why": why})])

    def add(self, who: str, source: str, status: int, size: int) -> None:
        """Sum up a batch that was handed in; a line for each key at most every ten seconds."""
        with self._turn:
            self._last_ns = max(self._last_ns, calendar().now_ns())
            one = self._sums.setdefault(who, _Sum(iso(self._last_ns), source))
            one.counts[f"answered_{status}"] = one.counts.get(f"answered_{status}", 0) + 1
            one.counts["bytes"] = one.counts.get("bytes", 0) + size
            if time.monotonic() - self._summed >= _SUM_EVERY_S:
                self._flush()

    def flush(self) -> None:
        """Write what is only counted so far."""
        with self._turn:
            self._flush()

    def page(self, limit: int, before: str | None = None, who: str | None = None) -> tuple[list[Record], str | None]:
        """The newest lines first, those older than ``before``; and the id to go on from, None at the end."""
        self.flush()
        found: list[Record] = []
        for record in self._newest_first():
            if (before is None or record["id"] < before) and (who is None or record.get("who") == who):
                found.append(record)
                if len(found) > limit:
                    return found[:limit], found[limit - 1]["id"]
        return found, None

    def _newest_first(self) -> Iterator[Record]:
        for path in [self.folder / FILE, *(self._old(number) for number in range(1, self._most_files))]:
            try:
                lines = path.read_bytes().split(b"\n")
            except OSError:
                continue
            for line in reversed(lines):
                try:
                    record = orjson.loads(line) if line else None
                except ValueError:
                    continue  # the end of a line that a crash cut off
                if isinstance(record, dict) and isinstance(record.get("id"), str):
                    yield record

    def _flush(self) -> None:
        self._summed = time.monotonic()
        records = [
            self._record("ingest", who, one.source, "summed", {"since": one.since, **one.counts})
            for who, one in self._sums.items()
        ]
        self._sums.clear()
        if self._unwritten:
            records.append(self._record("refused", "", "", "summed", {"count": self._unwritten}))
            self._unwritten = 0
        if records:
            self._append(records)

    def _record(self, what: str, who: str, source: str, result: int | str, more: Record) -> Record:
        self._last_ns = max(self._last_ns + 1, calendar().now_ns())
        return {
            "id": f"{self._last_ns:019d}-{secrets.token_hex(2)}",
            "at": iso(self._last_ns),
            "who": who,
            "from": source,
            "what": what,
            "result": result,
            **{name: _short(value) for name, value in more.items() if value is not None},
        }

    def _append(self, records: list[Record]) -> None:
        lines = [orjson.dumps(record) for record in records]
        data = b"".join(line + b"\n" for line in lines if len(line) <= _MOST_LINE)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self.folder / FILE
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                size = os.fstat(handle).st_size
                # A line that a crash cut off must not swallow the next one.
                torn = size > 0 and not _ends_well(path, size)
                os.write(handle, b"\n" + data if torn else data)
                os.fsync(handle)
            finally:
                os.close(handle)
            if size + len(data) >= self._most_bytes:
                self._rotate()
            self.fault = ""
        except OSError as error:
            if not self.fault:
                sys.stderr.write(f"tenfold: the audit log cannot be written: {error.strerror}\n")
            self.fault = f"the audit log cannot be written: {error.strerror}"

    def _rotate(self) -> None:
        for number in range(self._most_files - 1, 0, -1):
            source = self._old(number - 1) if number > 1 else self.folder / FILE
            if source.exists():
                source.replace(self._old(number))

    def _old(self, number: int) -> Path:
        return self.folder / f"{FILE}.{number}"


def _ends_well(path: Path, size: int) -> bool:
    with path.open("rb") as file:
        file.seek(size - 1)
        return file.read(1) == b"\n"


def _short(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Texts come from whoever asks: without keys, and not without end."""
    return hidden(value)[:_MOST_TEXT].encode("utf-8", "replace").decode() if isinstance(value, str) else value
