"""Snort 3's ``alert_json``: whichever of its fields are written, as long as time, rule and addresses are."""

from __future__ import annotations

from typing import Any, Final

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
from campaign.endpoints import endpoint
from campaign.json_line import json_line, stamp_error

TITLE: Final = "Snort 3 alert_json"
FILES: Final = ("alert_json*.txt*", "*alert_json*")
_ICMP: Final = (1, 58)
_RULE: Final = ("rule", "sid", "msg")


class _SnortJson:
    def __init__(self, settings: ReadSettings) -> None:
        self._stamps = settings.stamps

    def take(self, line: bytes) -> tuple[Row, ...]:
        event = json_line(line)
        if ("timestamp" not in event and "seconds" not in event) or not any(name in event for name in _RULE):
            raise BadLineError("no Snort alert: timestamp (or seconds) and rule (or sid, or msg) are needed")
        kind = Kind(text(event.get("msg")), _rule(event), text(event.get("class")), text(event.get("priority")))
        number = protocol(event.get("proto"))
        src, src_port = _end(event, "src", number)
        dst, dst_port = _end(event, "dst", number)
        if number in _ICMP:
            kind_of_message = event.get("icmp_type")
            src_port = port(kind_of_message)
            dst_port = port(event.get("icmp_code", 0)) if src_port != NONE else NONE
        return (AlertRow(self._time(event), kind, src, dst, src_port, dst_port, number),)

    def _time(self, event: dict[str, Any]) -> int:
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


def fraction(stamp: str) -> int:
    """The part of a second of a stamp like ``07/14-10:00:00.123456``, in nanoseconds. Raises ``ValueError``."""
    digits = stamp.partition(".")[2]
    if digits and not (digits.isascii() and digits.isdecimal()):
        raise ValueError(f"{stamp!r} is no time like 07/14-10:00:00.123456")
    return int(digits[:9].ljust(9, "0"))


def _rule(event: dict[str, Any]) -> str:
    rule = event.get("rule")
    if isinstance(rule, str) and rule.count(":") == 2:
        return rule.rpartition(":")[0]
    return f"{event.get('gid', 1)}:{event['sid']}" if "sid" in event else ""


def _end(event: dict[str, Any], side: str, number: int) -> tuple[bytes, int]:
    if f"{side}_addr" in event:
        return address_or_none(event[f"{side}_addr"]), port(event.get(f"{side}_port"))
    return endpoint(text(event.get(f"{side}_ap")), number)


def reader(settings: ReadSettings) -> Reader:
    """A reader of one file of alerts."""
    return _SnortJson(settings)
