"""Zeek: notice, intel and weird logs as alerts, conn as what it saw, capture_loss and stats as what it lost.

Both of its writers: TSV, whose header names fields and types and may come again after a rotation, and JSON.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from campaign.alert_columns import Ends, ends_of, table_of
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
from campaign.alert_table import Alerts, Many, Seen
from campaign.alert_table import alerts_of as no_alerts
from campaign.alert_table import seen_of as no_flows
from campaign.json_line import json_line, json_lines, stamp_error
from campaign.stamp_columns import I64, any_times
from campaign.zeek_tsv import Columns, Tsv
from contract.addresses import MAPPED_PREFIX

TITLE: Final = "Zeek logs (notice, intel, weird, conn, capture_loss, stats), TSV or JSON"
# Logs of alerts, and the field that says what each is about.
_ALERTS: Final = {"notice": "note", "intel": "seen.indicator_type", "weird": "name"}
_TUPLE: Final = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto")
_ICMP: Final = 1
_ICMP_OF_V6: Final = 58
_LONGEST_S: Final = 1e9  # of a connection, some thirty years
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
_NOT_TSV: Final = {b"{", b"#", b" ", b"\t", b"\v", b"\f"}
_LOSSES: Final = {"capture_loss": ("gaps", "acks"), "stats": ("pkts_proc", "pkts_dropped", "pkts_link")}
Record = Mapping[str, Any]


class _Zeek:
    def __init__(self, settings: ReadSettings) -> None:
        self._stamps = settings.stamps
        self._tsv = Tsv(settings.file_name.partition(".")[0])

    def take(self, line: bytes) -> tuple[Row, ...]:
        if line[:1] == b"#":
            self._tsv.header(line)
            return ()
        try:
            if line.lstrip()[:1] == b"{":
                record: Record = json_line(line)
                return self._rows(self._log_of(record), record)
            return self._rows(self._tsv.path, self._tsv.values(line))
        except BadLineError:
            raise
        except ValueError as error:
            raise stamp_error(error) from None

    def take_many(self, lines: Sequence[bytes]) -> Many | None:
        """As ``take`` of each, by column; None where some line must be looked at alone. Raises ``ValueError``."""
        begin = {line[:1] for line in lines}
        if begin == {b"{"}:
            events = json_lines(lines)
            if events is None:
                return None
            logs = [self._log_of(event) for event in events]
            return self._many(logs, lambda name: [event.get(name) for event in events])
        if begin & _NOT_TSV:
            return None
        columns = self._tsv.columns(lines)
        return self._many([self._tsv.path] * len(lines), columns) if columns else None

    def _log_of(self, record: Record) -> str:
        named = record.get("_path")
        if isinstance(named, str):
            return named
        if self._tsv.path in _LOGS:
            return self._tsv.path
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

    def _many(self, logs: Sequence[str], column: Columns) -> Many | None:
        """As ``_rows`` of each; None where there is another log than of alerts and connections."""
        which = set(logs)
        if not which <= {*_ALERTS, "conn"}:
            return None
        times = any_times(column("ts"), self._stamps)
        seen = [n for n, log in enumerate(logs) if log == "conn"]
        told = [n for n, log in enumerate(logs) if log != "conn"]
        alerts = _alerts(told, [logs[n] for n in told], times[told], _of_lines(column, told)) if told else None
        flows = _connections(times[seen], _of_lines(column, seen)) if seen else None
        return Many(no_alerts([]) if alerts is None else alerts, no_flows([]) if flows is None else flows, [])


def _of_lines(column: Columns, where: Sequence[int]) -> Columns:
    """The same columns of some lines only."""

    def picked(name: str) -> list[object]:
        values = column(name)
        return [values[n] for n in where]

    return picked


def _alert(log: str, time: int, record: Record) -> AlertRow:
    kind = Kind(_said(log, record.get(_ALERTS[log])), category=log)
    if record.get("id.orig_h") is not None:
        return AlertRow(time, kind, *_tuple(record), text(record.get("community_id")))
    src, dst = address_or_none(record.get("src")), address_or_none(record.get("dst"))
    return AlertRow(time, kind, src, dst, NONE, port(record.get("p")), protocol(record.get("proto")))


def _said(log: str, value: object) -> str:
    if log == "notice":
        return text(value)
    if log == "intel":
        return f"Intel::{text(value).removeprefix('Intel::')}"
    return f"Weird::{text(value)}"


def _alerts(where: Sequence[int], logs: Sequence[str], times: I64, column: Columns) -> Alerts:
    """As ``_alert`` of each line; at least one."""
    names = ("id.orig_h", "id.resp_h", "id.orig_p", "id.resp_p", "src", "dst", "p", "proto", "community_id")
    # Who and whom, ports, protocol and Community ID: of the connection, else of the notice itself.
    ends = [
        (a, b, c, d, number, given) if a is not None else (src, dst, None, p, number, None)
        for a, b, c, d, src, dst, p, number, given in zip(*map(column, names), strict=True)
    ]
    *places, community = zip(*ends, strict=True)
    both = ends_of(*places)
    _icmp_of_v6(both, np.array([one is not None for one in column("id.orig_h")]))
    fields = {log: column(_ALERTS[log]) for log in set(logs)}
    signatures = [_said(log, fields[log][n]) for n, log in enumerate(logs)]
    none: list[object] = [""] * len(where)
    return table_of(where, times, (signatures, none, logs, none, none), both, community)


def _connection(time: int, record: Record) -> SeenRow:
    duration = round(min(max(_number(record.get("duration")), 0.0), _LONGEST_S) * 1e9)
    return SeenRow(time, time + duration, *_tuple(record))


def _connections(first: I64, column: Columns) -> Seen:
    """As ``_connection`` of each line."""
    src, src_port, dst, dst_port, number = map(column, _TUPLE)
    ends = ends_of(src, dst, src_port, dst_port, number)
    _icmp_of_v6(ends, np.ones(len(first), np.bool_))
    seconds = np.clip([_number(value) for value in column("duration")], 0.0, _LONGEST_S)
    return Seen(first, first + np.rint(seconds * 1e9).astype(np.int64), *ends)


def _tuple(record: Record) -> tuple[bytes, bytes, int, int, int]:
    """For ICMP, Zeek writes type and code where other protocols have ports."""
    src, dst = address_or_none(record.get("id.orig_h")), address_or_none(record.get("id.resp_h"))
    number = protocol(record.get("proto"))
    if number == _ICMP and src[: len(MAPPED_PREFIX)] != MAPPED_PREFIX:
        number = _ICMP_OF_V6  # Zeek calls both icmp
    return src, dst, port(record.get("id.orig_p")), port(record.get("id.resp_p")), number


def _icmp_of_v6(ends: Ends, of_connection: npt.NDArray[np.bool_]) -> None:
    """As of ``_tuple``, of those that are of a connection."""
    mapped = (ends.src[:, : len(MAPPED_PREFIX)] == np.frombuffer(MAPPED_PREFIX, np.uint8)).all(axis=1)
    ends.protocol[of_connection & (ends.protocol == _ICMP) & ~mapped] = _ICMP_OF_V6


def _number(value: object) -> float:
    try:
        found = float(value) if isinstance(value, str | int | float) else 0.0
    except (ValueError, OverflowError):
        found = math.nan
    if math.isnan(found):
        raise BadLineError(f"{value!r} is no number")
    return found


def reader(settings: ReadSettings) -> Reader:
    """A reader of one Zeek log."""
    return _Zeek(settings)
