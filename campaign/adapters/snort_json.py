"""Snort 3's ``alert_json``: whichever of its fields are written, as long as time, rule and addresses are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any, Final

import numpy as np

from campaign.alert_columns import Ends, each, table_of
from campaign.alert_record import (
    NONE,
    AlertRow,
    BadLineError,
    Kind,
    Reader,
    ReadSettings,
    Row,
    address_or_none,
    port,
    protocol,
    text,
)
from campaign.alert_table import I64, Many, packed, seen_of
from campaign.endpoints import endpoint
from campaign.json_line import json_line, json_lines, stamp_error
from campaign.stamp_columns import slashed_times

TITLE: Final = "Snort 3 alert_json"
FILES: Final = ("alert_json*.txt*", "*alert_json*")
_ICMP: Final = (1, 58)
Json = dict[str, Any]


class _SnortJson:
    def __init__(self, settings: ReadSettings) -> None:
        self._stamps = settings.stamps

    def take(self, line: bytes) -> tuple[Row, ...]:
        event = json_line(line)
        if not _is_alert(event):
            raise BadLineError("no Snort alert: timestamp (or seconds) and rule (or sid, or msg) are needed")
        kind = Kind(text(event.get("msg")), _rule(event), text(event.get("class")), text(event.get("priority")))
        number = protocol(event.get("proto"))
        src, src_port = _end(event, "src", number)
        dst, dst_port = _end(event, "dst", number)
        if number in _ICMP:
            src_port, dst_port = _type_and_code(event)
        return (AlertRow(self._time(event), kind, src, dst, src_port, dst_port, number),)

    def take_many(self, lines: Sequence[bytes]) -> Many | None:
        """As ``take`` of each, by column; None where some line must be looked at alone. Raises ``ValueError``."""
        events = json_lines(lines)
        if events is None or not all(map(_is_alert, events)):
            return None
        numbers = each([event.get("proto") for event in events], protocol)
        src, src_port = zip(*map(_end, events, repeat("src"), numbers), strict=True)
        dst, dst_port = zip(*map(_end, events, repeat("dst"), numbers), strict=True)
        ends = Ends(packed(src), packed(dst), *(np.array(one, np.int32) for one in (src_port, dst_port, numbers)))
        for n in np.flatnonzero(np.isin(ends.protocol, _ICMP)).tolist():
            ends.src_port[n], ends.dst_port[n] = _type_and_code(events[n])
        said = (
            [event.get("msg") for event in events],
            [_rule(event) for event in events],
            [event.get("class") for event in events],
            [event.get("priority") for event in events],
            [""] * len(events),
        )
        table = table_of(range(len(events)), self._times(events), said, ends, [""] * len(events))
        return Many(table, seen_of([]), [])

    def _times(self, events: Sequence[Json]) -> I64:
        """As ``_time`` of each."""
        stamps = [event.get("timestamp") for event in events]
        if not any("seconds" in event for event in events) and all("/" in str(stamp) for stamp in stamps):
            return slashed_times(stamps, self._stamps)
        return np.array([self._time(event) for event in events], np.int64)

    def _time(self, event: Json) -> int:
        stamp = event.get("timestamp")
        try:
            # ``seconds`` is of the epoch and needs neither year nor zone; ``timestamp`` knows the microseconds.
            if not isinstance(stamp, str):
                return self._stamps.number(event["seconds"], "s")
            if "/" not in stamp:
                return self._stamps.any(stamp)
            if "seconds" in event:
                return self._stamps.number(event["seconds"], "s") + fraction(stamp)
            return self._stamps.slashed(stamp)
        except (ValueError, TypeError) as error:
            raise stamp_error(ValueError(error)) from None


def _is_alert(event: Json) -> bool:
    return ("timestamp" in event or "seconds" in event) and ("rule" in event or "sid" in event or "msg" in event)


def _type_and_code(event: Json) -> tuple[int, int]:
    """What ICMP has where others have ports."""
    number = port(event.get("icmp_type"))
    return number, port(event.get("icmp_code", 0)) if number != NONE else NONE


def fraction(stamp: str) -> int:
    """The part of a second of a stamp like ``07/14-10:00:00.123456``, in nanoseconds. Raises ``ValueError``."""
    digits = stamp.partition(".")[2]
    if digits and not (digits.isascii() and digits.isdecimal()):
        raise ValueError(f"{stamp!r} is no time like 07/14-10:00:00.123456")
    return int(digits[:9].ljust(9, "0"))


def _rule(event: Json) -> str:
    rule = event.get("rule")
    if isinstance(rule, str) and rule.count(":") == 2:
        return text(rule.rpartition(":")[0])
    return text(f"{event.get('gid', 1)}:{event['sid']}") if "sid" in event else ""


def _end(event: Json, side: str, number: int) -> tuple[bytes, int]:
    if f"{side}_addr" in event:
        return address_or_none(event[f"{side}_addr"]), port(event.get(f"{side}_port"))
    return endpoint(text(event.get(f"{side}_ap")), number)


def reader(settings: ReadSettings) -> Reader:
    """A reader of one file of alerts."""
    return _SnortJson(settings)
