"""Zeek's tab-separated logs: a header that names fields and types, and may come again after a rotation."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from campaign.alert_record import BadLineError

_HEADER: Final = re.compile(rb"#(separator|set_separator|empty_field|unset_field|path|open|close|fields|types)\b")
_ESCAPED: Final = re.compile(r"\\x([0-9A-Fa-f]{2})")
Columns = Callable[[str], list[object]]


class Tsv:
    """What the header of a log says of its lines; ``path`` is the log's name."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._separator = "\t"
        self._fields: list[str] = []
        self._types: list[str] = []
        self._unset, self._empty = "-", "(empty)"

    def header(self, line: bytes) -> None:
        """Take a line that begins with ``#``. Raises ``BadLineError``."""
        found = _HEADER.match(line)
        if not found:
            return  # a remark
        words = _decoded(line)[len(found[0]) :]
        name = found[1].decode()
        if name == "separator":
            self._separator = _unescaped(words.strip(" "))
            if len(self._separator) != 1:
                raise BadLineError(f"#separator {words.strip()!r} is no single character")
            return
        values = words[1:].split(self._separator)
        if name == "fields":
            self._fields, self._types = values, []
        elif name == "types":
            self._types = values
            if len(values) != len(self._fields):
                raise BadLineError(f"#types names {len(values)} types, #fields {len(self._fields)} fields")
        elif name == "path":
            self.path = values[0]
        elif name == "unset_field":
            self._unset = values[0]
        elif name == "empty_field":
            self._empty = values[0]

    def values(self, line: bytes) -> dict[str, object]:
        """The fields of one line that have a value. Raises ``BadLineError``."""
        if not self._fields:
            raise BadLineError("no #fields line stands before it: give the log from its beginning")
        values = _decoded(line).split(self._separator)
        if b"\\x" in line:
            values = _plain(values)
        if len(values) != len(self._fields):
            raise BadLineError(
                f"{len(values)} values where #fields names {len(self._fields)}: cut off, or of another log"
            )
        absent = (self._unset, self._empty)
        return {name: value for name, value in zip(self._fields, values, strict=True) if value not in absent}

    def columns(self, lines: Sequence[bytes]) -> Columns | None:
        """Gives the column of a field, None where it has no value; None where lines differ from the header.

        Raises ``ValueError`` for what is not UTF-8.
        """
        data = b"\n".join(lines)
        rows = [line.split(self._separator) for line in data.decode().split("\n")]
        if b"\\x" in data:
            rows = [_plain(row) for row in rows]
        at = {name: number for number, name in enumerate(self._fields)}
        if set(map(len, rows)) != {len(self._fields)} or len(at) < len(self._fields):
            return None
        absent = (self._unset, self._empty)

        def column(name: str) -> list[object]:
            if name not in at:
                return [None] * len(rows)
            values = [row[at[name]] for row in rows]
            return [None if value in absent else value for value in values]

        return column


def _plain(values: list[str]) -> list[str]:
    """Values in which a separator, or what is no text, was escaped."""
    return [_ESCAPED.sub(_letter, value) for value in values]


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadLineError(f"not UTF-8 at byte {error.start + 1}") from None


def _letter(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _unescaped(words: str) -> str:
    return chr(int(f"0{words[1:]}", 0)) if re.fullmatch(r"\\x[0-9A-Fa-f]{2}", words) else words
