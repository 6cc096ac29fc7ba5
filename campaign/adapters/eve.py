"""Suricata's EVE JSON: alerts, the flows that it saw, and what it says that it lost (``stats``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pyarrow.compute as pc

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
from campaign.alert_table import Many
from campaign.eve_columns import events_of, many_of
from campaign.json_line import inner, json_line, stamp_error

TITLE: Final = "Suricata EVE JSON"
FILES: Final = ("eve*.json*",)
_ICMP: Final = (1, 58)
# What of its counters tells of frames or alerts that got lost; all grow from the start of the program.
_COUNTERS: Final = (
    "capture.kernel_packets",
    "capture.kernel_drops",
    "capture.kernel_ifdrops",
    "decoder.pkts",
    "decoder.invalid",
    "detect.alert",
    "detect.alert_queue_overflow",
    "flow.memcap",
    "flow.emerg_mode_entered",
    "tcp.reassembly_gap",
    "tcp.segment_memcap_drop",
    "tcp.ssn_memcap_drop",
)


class _Eve:
    def __init__(self, settings: ReadSettings) -> None:
        self._stamps = settings.stamps

    def take(self, line: bytes) -> tuple[Row, ...]:
        event = json_line(line)
        kind = event.get("event_type")
        if not isinstance(kind, str) or "timestamp" not in event:
            raise BadLineError("no EVE record: it has no timestamp or no event_type")
        try:
            if kind == "alert":
                return (self._alert(event),)
            if kind == "flow":
                return self._flow(event)
            return (self._stats(event),) if kind == "stats" else ()
        except BadLineError:
            raise
        except ValueError as error:
            raise stamp_error(error) from None

    def take_many(self, lines: Sequence[bytes]) -> Many | None:
        """As ``take`` of each, by column; None where some line must be looked at alone."""
        events = events_of(lines)
        if events is None:
            return None
        try:
            found = many_of(events, self._stamps)
            if found is not None:
                counters = pc.indices_nonzero(pc.equal(events.column("event_type"), "stats")).to_pylist()
                found.counts.extend(self._stats(json_line(lines[n])) for n in counters)
        except ValueError:  # the slow way says where, and why
            return None
        return found

    def _alert(self, event: dict[str, Any]) -> AlertRow:
        alert = event.get("alert")
        if not isinstance(alert, dict):
            raise BadLineError("an alert without its alert object")
        metadata = inner(alert, "metadata")
        technique = metadata.get("mitre_technique_id")
        kind = Kind(
            text(alert.get("signature")),
            text(f"{alert.get('gid', 1)}:{alert.get('signature_id', '')}"),
            text(alert.get("category")),
            text(alert.get("severity")),
            text(technique[0]) if isinstance(technique, list) and technique else "",
        )
        src, dst, src_port, dst_port, number = _ends(event)
        community = event.get("community_id")
        return AlertRow(
            self._stamps.iso(event["timestamp"]), kind, src, dst, src_port, dst_port, number, text(community)
        )

    def _flow(self, event: dict[str, Any]) -> tuple[SeenRow, ...]:
        flow = inner(event, "flow")
        if "start" not in flow:
            return ()
        first = self._stamps.iso(flow["start"])
        last = self._stamps.iso(flow["end"]) if "end" in flow else first
        return (SeenRow(first, last, *_ends(event)),)

    def _stats(self, event: dict[str, Any]) -> CountRow:
        stats = inner(event, "stats")
        found = {}
        for name in _COUNTERS:
            group, _, key = name.partition(".")
            value = inner(stats, group).get(key)
            if isinstance(value, int | float):
                found[name] = float(value)
        return CountRow(self._stamps.iso(event["timestamp"]), found)


def _ends(event: dict[str, Any]) -> tuple[bytes, bytes, int, int, int]:
    number = protocol(event.get("proto"))
    src_port, dst_port = port(event.get("src_port")), port(event.get("dest_port"))
    if number in _ICMP and "icmp_type" in event:
        src_port, dst_port = port(event["icmp_type"]), port(event.get("icmp_code", 0))
    elif number in _ICMP and not src_port:
        src_port = dst_port = NONE
    return address_or_none(event.get("src_ip")), address_or_none(event.get("dest_ip")), src_port, dst_port, number


def reader(settings: ReadSettings) -> Reader:
    """A reader of one EVE file."""
    return _Eve(settings)
