"""OCSF: Detection Findings (class 2004) and the older Security Findings (2001); Network Activity (4001) as flows seen.

One finding may carry evidence of several connections: each is a row of its own. One object a line.
"""

from __future__ import annotations

from typing import Any, Final

from campaign.alert_record import (
    NOBODY,
    NONE,
    AlertRow,
    BadLineError,
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
from campaign.json_line import inner, json_line, stamp_error

TITLE: Final = "OCSF findings (classes 2004 and 2001) and network activity (4001), one object a line"
FILES: Final = ("*.ocsf.json*", "ocsf*.json*")
_FINDINGS: Final = (2004, 2001)
_ACTIVITY: Final = 4001
_EVIDENCE: Final = 256  # of one finding, at most
Json = dict[str, Any]


class _Ocsf:
    def __init__(self, settings: ReadSettings) -> None:
        self._stamps = settings.stamps

    def take(self, line: bytes) -> tuple[Row, ...]:
        event = json_line(line)
        number = event.get("class_uid")
        if not isinstance(number, int):
            raise BadLineError("no OCSF event: it has no class_uid")
        if number not in (*_FINDINGS, _ACTIVITY):
            return ()
        try:
            time = self._stamps.any(event.get("time"), "ms")
            if number == _ACTIVITY:
                first, last = (self._stamps.any(event.get(k, event["time"]), "ms") for k in ("start_time", "end_time"))
                return (SeenRow(first, last, *_ends(event)[:5]),)
        except ValueError as error:
            raise stamp_error(error) from None
        kind = _kind(event)
        evidence = event.get("evidences")
        evidence = [one for one in evidence if isinstance(one, dict)] if isinstance(evidence, list) else []
        return tuple(AlertRow(time, kind, *_ends(one)) for one in (evidence or [event])[:_EVIDENCE])


def _kind(event: Json) -> Kind:
    info = inner(event, "finding_info") or inner(event, "finding")
    attacks = info.get("attacks") or event.get("attacks")
    attack = attacks[0] if isinstance(attacks, list) and attacks and isinstance(attacks[0], dict) else {}
    technique = inner(attack, "sub_technique").get("uid") or inner(attack, "technique").get("uid")
    types = info.get("types")
    category = types[0] if isinstance(types, list) and types else event.get("type_name")
    rule = inner(info, "analytic").get("uid") or info.get("uid")
    title = info.get("title") or inner(info, "analytic").get("name") or event.get("message")
    return Kind(text(title), text(rule), text(category), text(event.get("severity_id")), text(technique))


def _ends(place: Json) -> tuple[bytes, bytes, int, int, int, str]:
    src, dst, about = (inner(place, name) for name in ("src_endpoint", "dst_endpoint", "connection_info"))
    number = protocol(about.get("protocol_num", about.get("protocol_name")))
    community = about.get("community_uid")
    return (
        address_or_none(src.get("ip")) if src else NOBODY,
        address_or_none(dst.get("ip")) if dst else NOBODY,
        port(src.get("port")) if src else NONE,
        port(dst.get("port")) if dst else NONE,
        number,
        text(community),
    )


def reader(settings: ReadSettings) -> Reader:
    """A reader of one file of events."""
    return _Ocsf(settings)
