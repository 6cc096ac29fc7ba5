"""JSON of any tool, one object a line: which path holds what stands in the ``fields`` of the mapping.

A path has dots: ``source.ip`` is ``ip`` inside ``source``, or a field that is called ``source.ip`` itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from campaign.alert_record import Reader, ReadSettings, Row
from campaign.alert_table import Many
from campaign.generic_fields import Fields
from campaign.json_line import json_line, json_lines

TITLE: Final = "JSON, one object a line, with paths named in [detector.fields]"
FILES: Final = ("*.ndjson", "*.jsonl", "*.json")


class _Ndjson:
    def __init__(self, settings: ReadSettings) -> None:
        self._fields = Fields(settings)

    def take(self, line: bytes) -> tuple[Row, ...]:
        if not line.strip():
            return ()
        event = json_line(line)
        return self._fields.row(lambda path: _at(event, str(path)))

    def take_many(self, lines: Sequence[bytes]) -> Many | None:
        """As ``take`` of each, by column; None where some line must be looked at alone. Raises ``ValueError``."""
        events = json_lines(lines)
        if events is None:
            return None
        return self._fields.table(lambda path: [_at(event, str(path)) for event in events], len(events))


def _at(value: dict[str, Any], path: str) -> object:
    if path in value:
        return value[path]
    head, dot, rest = path.partition(".")
    inside = value.get(head)
    if dot and isinstance(inside, list):
        inside = inside[0] if inside else None
    return _at(inside, rest) if dot and isinstance(inside, dict) else None


def reader(settings: ReadSettings) -> Reader:
    """A reader of one file."""
    return _Ndjson(settings)
