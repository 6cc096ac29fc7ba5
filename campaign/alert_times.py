"""When a detector says that something happened: ISO 8601, epoch numbers, and stamps that leave the year out.

All come out as epoch nanoseconds. A stamp without an offset is in the zone that the user named (UTC if none was); one
without a year, or one that the end of summer time makes ambiguous, is settled by the campaign: the reading nearest to
the time of its traffic is meant. What cannot be read raises ``ValueError`` with the reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contract.errors import InputError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FRACTION: Final = re.compile(r"[.,](\d{7,9})\d*")
_NUMBER: Final = re.compile(r"-?\d{1,19}(\.\d{1,9})?\d*\Z")
# month/day, or three parts of which one is the year, then the time of day: how Snort and Suricata's fast log write.
_SLASHED: Final = re.compile(r"(\d{1,4})/(\d{1,2})(?:/(\d{2,4}))?-(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?\Z")
_OFFSET: Final = re.compile(r"([+-])(\d{2}):?(\d{2})\Z")
LATEST: Final = 1 << 62  # ns: what lies beyond is no time
UNITS: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


@dataclass(frozen=True)
class Stamps:
    """Reads stamps. ``near`` is the time of the campaign's traffic (epoch ns, first and last frame)."""

    zone: tzinfo = UTC
    near: tuple[int, int] | None = None

    def iso(self, text: str) -> int:
        """ISO 8601, with or without an offset."""
        try:
            moment = datetime.fromisoformat(text)
        except (TypeError, ValueError):
            raise ValueError(f"{text!r} is no ISO 8601 time") from None
        nanoseconds = self._of(moment)
        if (fine := _FRACTION.search(text)) is not None:  # datetime ends at microseconds
            nanoseconds = nanoseconds // 1000 * 1000 + int(fine[1][6:].ljust(3, "0"))
        return nanoseconds

    def slashed(self, text: str) -> int:
        """``MM/DD-HH:MM:SS.ffffff``, ``MM/DD/YYYY-``, or with a year of two digits at either end."""
        found = _SLASHED.match(text)
        if found is None:
            raise ValueError(f"{text!r} is no time like 07/14-10:00:00.123456")
        one, two, three = (int(part) if part else None for part in found.groups()[:3])
        hour, minute, second = (int(part) for part in found.groups()[3:6])
        fine = int((found[7] or "").ljust(9, "0"))
        read = []
        for year, month, day in self._dates(one or 0, two or 0, three):
            try:
                moment = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - its zone is settled below
            except ValueError:
                continue
            read.append(self._of(moment) + fine)
        if not read:
            raise ValueError(f"{text!r} is no date")
        return self._nearest(read)

    def any(self, value: object, unit: str = "") -> int:
        """Whatever a JSON value or a cell holds: a number since the epoch (its unit told by its size), or ISO 8601."""
        if isinstance(value, str):
            return self.number(value, unit) if _NUMBER.match(value) else self.iso(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self.number(value, unit)
        raise ValueError(f"{value!r} is no time")

    def number(self, value: float | str, unit: str = "") -> int:
        """Seconds, milliseconds, microseconds or nanoseconds since the epoch; text is read exactly."""
        scale = UNITS[unit] if unit else _unit(float(value))
        if isinstance(value, str):
            whole, _, rest = value.partition(".")
            digits = int((rest + "000000000")[:9]) * scale // 10**9
            nanoseconds = int(whole) * scale + (-digits if whole.startswith("-") else digits)
        elif isinstance(value, int):
            nanoseconds = value * scale
        elif math.isfinite(value):
            # A double of seconds is good to a quarter of a microsecond today: what is finer is noise.
            nanoseconds = round(value * scale / 1000) * 1000
        else:
            raise ValueError(f"{value!r} is no time")
        if abs(nanoseconds) > LATEST:
            raise ValueError(f"{value!r} is no time between 1824 and 2116")
        return nanoseconds

    def _dates(self, one: int, two: int, three: int | None) -> Iterable[tuple[int, int, int]]:
        """(year, month, day) as what stands between the slashes may be meant."""
        if three is None:
            middle = datetime.fromtimestamp(sum(self.near) / 2e9, UTC).year if self.near else datetime.now(UTC).year
            return [(year, one, two) for year in (middle, middle - 1, middle + 1)]
        if one > 99:
            return [(one, two, three)]
        if three > 99:
            return [(three, one, two)]
        return [(2000 + one, two, three), (2000 + three, one, two)]

    def _of(self, moment: datetime) -> int:
        if moment.tzinfo is not None:
            return _nanoseconds(moment)
        here = moment.replace(tzinfo=self.zone)
        return self._nearest([_nanoseconds(here), _nanoseconds(here.replace(fold=1))])

    def _nearest(self, read: list[int]) -> int:
        if self.near is None:
            return read[0]
        low, high = self.near
        return min(read, key=lambda ns: max(low - ns, ns - high, 0))


def _unit(value: float) -> int:
    """Nanoseconds a unit, by the size of a number: seconds stay below 10**11 until the year 5138."""
    size = abs(value)
    if size < 1e11:
        return UNITS["s"]
    return UNITS["ms"] if size < 1e14 else UNITS["us"] if size < 1e17 else UNITS["ns"]


def _nanoseconds(moment: datetime) -> int:
    try:
        found = (moment - _EPOCH) // _MICROSECOND * 1000
    except OverflowError:
        raise ValueError(f"{moment} is no time that can be used") from None
    if abs(found) > LATEST:
        raise ValueError(f"{moment} is no time between 1824 and 2116")
    return found


def zone_of(name: str) -> tzinfo:
    """A zone by name (``Europe/Paris``), ``UTC``, ``local``, or an offset (``+02:00``). Raises ``InputError``."""
    if name.upper() in ("", "UTC", "Z"):
        return UTC
    if name == "local":
        return datetime.now().astimezone().tzinfo or UTC
    if found := _OFFSET.match(name):
        from datetime import timezone

        ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
        if ahead < timedelta(hours=24):
            return timezone(-ahead if found[1] == "-" else ahead)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"no time zone is called {name!r}; name one as Europe/Paris, +02:00, UTC or local") from None
