"""On which line of a TOML text a key stands: ``tomllib`` does not say, and whoever mistyped it wants to know."""

from __future__ import annotations

import re
from typing import Final

Path = tuple[str | int, ...]
# Possessive (++, *+): linear time, whatever the line.
_WORD: Final = r"""(?:[A-Za-z0-9_-]++|"[^"]*+"|'[^']*+')"""
_HEADER: Final = re.compile(r"^\s*+(\[\[?+)([^\[\]#]++)\]\]?+\s*+(?:#.*+)?+$")
_KEY: Final = re.compile(rf"^\s*+({_WORD}(?:\s*+\.\s*+{_WORD})*+)\s*+=")
_PART: Final = re.compile(_WORD)


def lines_of(text: str) -> dict[Path, int]:
    """The line (from 1 on) of each table and key, by its path: ``("allow", 0, "reason")`` for the first ``[[allow]]``.

    Read line by line: what looks like a key inside a text of several lines is taken for one.
    """
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = _parts(header[2])
            if header[1] == "[[":
                found.setdefault(table, number)
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            path = (*table, *_parts(key[1]))
            for length in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:length], number)
    return found


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """The line of a key, or of the innermost table around it that has one."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _parts(name: str) -> Path:
    return tuple(part.strip("\"'") for part in _PART.findall(name))
