"""The mapping of a generic format: which column or JSON path holds what (``[detector.fields]`` of a TOML file).

``time`` is needed, and ``src`` and ``dst`` or ``community_id``. ``time_unit`` is s, ms, us or ns, ``time_format`` one
of strptime's. ``where`` (a table) names values that a row must have to be an alert. CSV also takes ``delimiter`` and
``header = false`` with columns counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np

from campaign.alert_columns import Values, each, ends_of, table_of
from campaign.alert_record import (
    AlertRow,
    BadLineError,
    Kind,
    ReadSettings,
    address_or_none,
    port,
    protocol,
    text,
)
from campaign.alert_table import Many, seen_of
from campaign.alert_times import UNITS
from campaign.stamp_columns import any_times
from contract.errors import InputError

COLUMNS: Final = (
    "time",
    "src",
    "dst",
    "src_port",
    "dst_port",
    "protocol",
    "community_id",
    "signature",
    "signature_id",
    "category",
    "severity",
    "technique",
)
_OPTIONS: Final = ("time_unit", "time_format", "where", "delimiter", "header")
Lookup = Callable[[str | int], object]


class Fields:
    """Makes alerts of rows, by the mapping that the user gave. Raises ``InputError`` where that cannot do."""

    def __init__(self, settings: ReadSettings) -> None:
        given = dict(settings.fields)
        if not given:
            raise InputError(
                "a generic format needs to be told its columns: a [detector.fields] table with time, src, dst, ... "
                "in the --mapping file or the scenario (docs/judging.md)"
            )
        unknown = sorted(set(given) - {*COLUMNS, *_OPTIONS})
        if unknown:
            raise InputError(f"fields: {unknown[0]!r} is none; there are {', '.join((*COLUMNS, *_OPTIONS))}")
        if "time" not in given or not ("community_id" in given or {"src", "dst"} & set(given)):
            raise InputError("fields: time is needed, and src and dst, or community_id")
        self.columns: dict[str, str | int] = {}
        for name in COLUMNS:
            value = given.get(name)
            if value is None:
                continue
            if not isinstance(value, str | int) or isinstance(value, bool):
                raise InputError(f"fields: {name}: a column's name (or, without a header, its number) is needed")
            self.columns[name] = value
        self._unit = str(given.get("time_unit", ""))
        if self._unit and self._unit not in UNITS:
            raise InputError(f"fields: time_unit {self._unit!r} is none of {', '.join(UNITS)}")
        self._format = str(given.get("time_format", ""))
        where = given.get("where", {})
        if not isinstance(where, Mapping):
            raise InputError("fields: where is a table of columns and the values that an alert has in them")
        self.where: dict[str, set[str]] = {
            str(name): {str(one) for one in (value if isinstance(value, list) else [value])}
            for name, value in where.items()
        }
        self._stamps = settings.stamps

    def row(self, value_of: Lookup) -> tuple[AlertRow, ...]:
        """The alert of a row, none where it is not one. Raises ``BadLineError``."""
        if any(text(value_of(name)) not in wanted for name, wanted in self.where.items()):
            return ()
        found: dict[str, Any] = {name: value_of(column) for name, column in self.columns.items()}
        kind = Kind(*(text(found.get(k)) for k in ("signature", "signature_id", "category", "severity", "technique")))
        src, dst = address_or_none(found.get("src")), address_or_none(found.get("dst"))
        number = protocol(found.get("protocol"))
        src_port, dst_port = port(found.get("src_port")), port(found.get("dst_port"))
        return (
            AlertRow(
                self._time(found["time"]), kind, src, dst, src_port, dst_port, number, text(found.get("community_id"))
            ),
        )

    def table(self, column: Callable[[str | int], Values], count: int) -> Many:
        """As ``row`` of each of ``count`` rows, by column. Raises ``ValueError``."""
        where = list(range(count))
        for name, wanted in self.where.items():
            said = each(column(name), text)
            where = [n for n in where if said[n] in wanted]
        found: dict[str, Values] = dict.fromkeys(COLUMNS, [None] * len(where))
        for name, place in self.columns.items():
            values = column(place)
            found[name] = [values[n] for n in where] if len(where) < count else values
        ends = ends_of(*(found[name] for name in ("src", "dst", "src_port", "dst_port", "protocol")))
        kind = [found[name] for name in ("signature", "signature_id", "category", "severity", "technique")]
        if self._format:
            times = np.array([self._time(value) for value in found["time"]], np.int64)
        else:
            times = any_times(found["time"], self._stamps, self._unit)
        return Many(table_of(where, times, kind, ends, found["community_id"]), seen_of([]), [])

    def _time(self, value: object) -> int:
        try:
            if not self._format:
                return self._stamps.any(value, self._unit)
            moment = datetime.strptime(str(value), self._format)  # noqa: DTZ007 - a zone is put to it below
            return self._stamps.iso(moment.isoformat())
        except (ValueError, TypeError, OverflowError) as error:
            raise BadLineError(f"time: {error}") from None
