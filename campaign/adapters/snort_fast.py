"""Fast alerts, one line of text each: Snort's ``alert_fast`` (2 and 3) and Suricata's ``fast.log``.

Their time is local to the sensor and, of Snort, has no year: see ``campaign.alert_times``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from campaign.alert_columns import Ends, each, table_of
from campaign.alert_record import AlertRow, BadLineError, Kind, Reader, ReadSettings, Row, protocol, text
from campaign.alert_table import Many, packed, seen_of
from campaign.endpoints import endpoint
from campaign.json_line import stamp_error
from campaign.stamp_columns import slashed_times

TITLE: Final = "fast alerts (Snort alert_fast, Suricata fast.log)"
FILES: Final = ("alert_fast*.txt*", "fast.log*")
_ALERT: Final = re.compile(
    r"(?P<time>\S+)\s+(?:\[\w+\]\s+)?\[\*\*\]\s+\[(?P<rule>\d+:\d+):\d+\]\s+(?P<msg>.*?)\s+\[\*\*\]"
    r"(?:\s+\[Classification: (?P<category>[^\]]*)\])?(?:\s+\[Priority: (?P<priority>\d+)\])?(?:\s+\[AppID: [^\]]*\])?"
    r"\s+\{(?P<protocol>[^}]*)\}\s+(?P<src>\S+)\s+->\s+(?P<dst>\S+)\s*\Z"
)


class _Fast:
    def __init__(self, settings: ReadSettings) -> None:
        self._stamps = settings.stamps

    def take(self, line: bytes) -> tuple[Row, ...]:
        try:
            words = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadLineError(f"not UTF-8 at byte {error.start + 1}") from None
        if not words.strip():
            return ()
        found = _ALERT.match(words)
        if not found:
            raise BadLineError("no fast alert: TIME [**] [GID:SID:REV] MESSAGE [**] ... {PROTOCOL} SOURCE -> TARGET")
        number = protocol(found["protocol"])
        src, src_port = endpoint(found["src"], number)
        dst, dst_port = endpoint(found["dst"], number)
        message = found["msg"].strip().strip('"')
        kind = Kind(text(message), found["rule"], text(found["category"]), found["priority"] or "")
        try:
            time = self._stamps.slashed(found["time"])
        except ValueError as error:
            raise stamp_error(error) from None
        return (AlertRow(time, kind, src, dst, src_port, dst_port, number),)

    def take_many(self, lines: Sequence[bytes]) -> Many | None:
        """As ``take`` of each, by column; None where some line must be looked at alone. Raises ``ValueError``."""
        words = b"\n".join(lines).decode().split("\n")
        found = [one.groups() for one in map(_ALERT.match, words) if one]
        if len(found) < len(words):
            return None
        times, rule, message, category, priority, name, src, dst = zip(*found, strict=True)
        numbers = each(name, protocol)
        hosts, ports = zip(*map(endpoint, src, numbers), strict=True)
        targets, at = zip(*map(endpoint, dst, numbers), strict=True)
        ends = Ends(packed(hosts), packed(targets), *(np.array(one, np.int32) for one in (ports, at, numbers)))
        said = ([one.strip().strip('"') for one in message], rule, category, priority, [""] * len(words))
        stamps = slashed_times(times, self._stamps)
        return Many(table_of(range(len(words)), stamps, said, ends, [""] * len(words)), seen_of([]), [])


def reader(settings: ReadSettings) -> Reader:
    """A reader of one file of fast alerts."""
    return _Fast(settings)
