"""Zeek: notice, intel and weird logs as alerts, conn as what it saw, capture_loss and stats as what it lost.

Both of its writers: TSV, whose header names fields and types and may come again after a rotation, and JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from campaign.alert_record import (
    NONE,
    AlertRow,
    BadLineError,
    CountRow,
    Kind,
    Reader,
    ReadSettings,
    Row,
    SeenRow,
    address_or_none,
    port,
    protocol,
    text,
)
from campaign.json_line import json_line, stamp_error

TITLE: Final = "Zeek logs (notice, intel, weird, conn, capture_loss, stats), TSV or JSON"
_LOGS: Final = ("notice", "intel", "weird", "conn", "capture_loss", "stats")
# Of a folder: the log, its rotated parts, and what the package json-streaming-logs writes beside them.
FILES: Final = tuple(
    pattern.format(name) for name in _LOGS for pattern in ("{}.log*", "{}.*.log*", "json_streaming_{}.log*")
)
# A JSON line does not always name its log; then a field tells that no other of these logs has.
_TELLING: Final = {
    "note": "notice",
    "seen.indicator": "intel",
    "conn_state": "conn",
    "percent_lost": "capture_loss",
    "pkts_dropped": "stats",
}
_HEADER: Final = re.compile(rb"#(separator|set_separator|empty_field|unset_field|path|open|close|fields|types)\b")
_ESCAPED: Final = re.compile(r"\\x([0-9A-Fa-f]{2})")
_LOSSES: Final = {"capture_loss": ("gaps", "acks"), "stats": ("pkts_proc", "pkts_dropped", "pkts_link")}
Record = Mapping[str, Any]


class _Zeek:
    def __init__(self, settings: ReadSettings) -> None:
        self._stamps = settings.stamps
        self._path = settings.file_name.partition(".")[0]
        self._separator = "\t"
        self._fields: list[str] = []
        self._types: list[str] = []
        self._unset, self._empty = "-", "(empty)"

    def take(self, line: bytes) -> tuple[Row, ...]:
        if line[:1] == b"#":
            self._header(line)
            return ()
        try:
            if line.lstrip()[:1] == b"{":
                record: Record = json_line(line)
                return self._rows(self._log_of(record), record)
            return self._rows(self._path, self._values(line))
        except BadLineError:
            raise
        except ValueError as error:
            raise stamp_error(error) from None

    def _header(self, line: bytes) -> None:
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
            self._path = values[0]
        elif name == "unset_field":
            self._unset = values[0]
        elif name == "empty_field":
            self._empty = values[0]

    def _values(self, line: bytes) -> Record:
        if not self._fields:
            raise BadLineError("no #fields line stands before it: give the log from its beginning")
        values = _decoded(line).split(self._separator)
        if b"\\x" in line:  # of a separator, or of what is no text, inside a value
            values = [_ESCAPED.sub(_letter, value) for value in values]
        if len(values) != len(self._fields):
            raise BadLineError(
                f"{len(values)} values where #fields names {len(self._fields)}: cut off, or of another log"
            )
        absent = (self._unset, self._empty)
        return {name: value for name, value in zip(self._fields, values, strict=True) if value not in absent}

    def _log_of(self, record: Record) -> str:
        named = record.get("_path")
        if isinstance(named, str):
            return named
        if self._path in _LOGS:
            return self._path
        for field, log in _TELLING.items():
            if field in record:
                return log
        return "weird" if "name" in record and "peer" in record else ""

    def _rows(self, log: str, record: Record) -> tuple[Row, ...]:
        if log not in _LOGS:
            which = f"of the log {log!r}" if log else "of no log by its fields"
            raise BadLineError(f"{which}; of Zeek's logs those read are {', '.join(_LOGS)}")
        if "ts" not in record:
            raise BadLineError("it has no ts")
        time = self._stamps.any(record["ts"])
        if log == "conn":
            return (_connection(time, record),)
        if log in _LOSSES:
            values = {f"{log}.{name}": _number(record.get(name)) for name in _LOSSES[log] if name in record}
            return (CountRow(time, values, running=False),)
        return (_alert(log, time, record),)


def _alert(log: str, time: int, record: Record) -> AlertRow:
    if log == "notice":
        kind = Kind(text(record.get("note")), category="notice")
    elif log == "intel":
        kind = Kind(f"Intel::{text(record.get('seen.indicator_type')).removeprefix('Intel::')}", category="intel")
    else:
        kind = Kind(f"Weird::{text(record.get('name'))}", category="weird")
    if "id.orig_h" in record:
        return AlertRow(time, kind, *_tuple(record), text(record.get("community_id")))
    src, dst = address_or_none(record.get("src")), address_or_none(record.get("dst"))
    return AlertRow(time, kind, src, dst, NONE, port(record.get("p")), protocol(record.get("proto")))


def _connection(time: int, record: Record) -> SeenRow:
    duration = round(_number(record.get("duration")) * 1e9)
    return SeenRow(time, time + max(duration, 0), *_tuple(record))


def _tuple(record: Record) -> tuple[bytes, bytes, int, int, int]:
    """For ICMP, Zeek writes type and code where other protocols have ports."""
    src, dst = address_or_none(record.get("id.orig_h")), address_or_none(record.get("id.resp_h"))
    number = protocol(record.get("proto"))
    if number == 1 and src[:12] != bytes(10) + b"\xff\xff":
        number = 58  # Zeek calls both icmp
    return src, dst, port(record.get("id.orig_p")), port(record.get("id.resp_p")), number


def _number(value: object) -> float:
    try:
        return float(value) if isinstance(value, str | int | float) else 0.0
    except ValueError:
        raise BadLineError(f"{value!r} is no number") from None


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadLineError(f"not UTF-8 at byte {error.start + 1}") from None


def _letter(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _unescaped(words: str) -> str:
    return chr(int(f"0{words[1:]}", 0)) if re.fullmatch(r"\\x[0-9A-Fa-f]{2}", words) else words


def reader(settings: ReadSettings) -> Reader:
    """A reader of one Zeek log."""
    return _Zeek(settings)
