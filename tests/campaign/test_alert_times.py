"""Stamps of every kind come out as the nanosecond that they mean, or are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.alert_times import Stamps, zone_of
from contract.errors import InputError

NS = 10**9
AT = 1_784_023_200 * NS  # 2026-07-14 10:00:00 UTC
DAY = 86_400 * NS


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2026-07-14T10:00:00.123456+0000", AT + 123_456_000),
        ("2026-07-14T12:00:00.123456+02:00", AT + 123_456_000),
        ("2026-07-14T03:00:00-07:00", AT),
        ("2026-07-14 10:00:00", AT),
        ("2026-07-14T10:00:00Z", AT),
        ("2026-07-14T10:00:00.123456789Z", AT + 123_456_789),
        ("2026-07-14T10:00:00.1234567Z", AT + 123_456_700),
        ("20260714T100000Z", AT),
    ],
)
def test_iso(text: str, ns: int) -> None:
    assert Stamps().iso(text) == ns
    assert Stamps().any(text) == ns


@pytest.mark.parametrize(
    ("value", "unit", "ns"),
    [
        (1_784_023_200, "", AT),
        (1_784_023_200.123456, "", AT + 123_456_000),
        ("1784023200.123456789", "", AT + 123_456_789),
        (1_784_023_200_123, "", AT + 123_000_000),
        (1_784_023_200_123_456, "", AT + 123_456_000),
        (AT + 5, "", AT + 5),
        ("1784023200123", "ms", AT + 123_000_000),
        (7, "s", 7 * NS),
        (-1.5, "s", -1_500_000_000),
        ("-1.5", "s", -1_500_000_000),
    ],
)
def test_epoch_numbers(value: float | str, unit: str, ns: int) -> None:
    assert Stamps().any(value, unit) == ns


@given(st.integers(0, 4_000_000_000), st.integers(0, 999_999))
def test_epoch_text_is_read_to_the_digit(seconds: int, micro: int) -> None:
    assert Stamps().any(f"{seconds}.{micro:06d}", "s") == seconds * NS + micro * 1000


@pytest.mark.parametrize(
    "value", [None, True, [], "", "soon", float("nan"), float("inf"), 10**30, "9" * 19 + ".5", "1e9"]
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="time"):
        Stamps().any(value, "s")
    with pytest.raises(ValueError, match="time"):
        Stamps().iso(value)  # type: ignore[arg-type] # hostile input has any type


def test_a_year_that_is_left_out_is_the_campaigns() -> None:
    stamps = Stamps(near=(AT, AT + NS))
    assert stamps.slashed("07/14-10:00:00.123456") == AT + 123_456_000
    assert Stamps(near=(AT - 365 * DAY, AT - 364 * DAY)).slashed("07/14-10:00:00") == AT - 365 * DAY


def test_new_year_lies_within_a_campaign() -> None:
    midnight = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()) * NS
    stamps = Stamps(near=(midnight - 60 * NS, midnight + 60 * NS))
    assert stamps.slashed("12/31-23:59:59.0") == midnight - NS
    assert stamps.slashed("01/01-00:00:01.0") == midnight + NS


def test_a_leap_day_has_but_one_year() -> None:
    leap = int(datetime(2028, 2, 29, 12, tzinfo=UTC).timestamp()) * NS
    assert Stamps(near=(leap, leap)).slashed("02/29-12:00:00") == leap
    with pytest.raises(ValueError, match="is no date"):
        Stamps(near=(leap + 730 * DAY, leap + 731 * DAY)).slashed("02/30-12:00:00")


@pytest.mark.parametrize(
    "text", ["07/14/2026-10:00:00.5", "2026/07/14-10:00:00.5", "07/14/26-10:00:00.5", "26/07/14-10:00:00.5"]
)
def test_a_year_stands_at_either_end(text: str) -> None:
    assert Stamps(near=(AT, AT + NS)).slashed(text) == AT + NS // 2


@pytest.mark.parametrize("text", ["07-14", "7/14", "07/14-1:2:3", "07/14-10:00:00.1234567890", "99/99-10:00:00"])
def test_what_is_no_slashed_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        Stamps().slashed(text)


def test_local_times_of_a_zone_and_the_hour_that_comes_twice() -> None:
    paris = zone_of("Europe/Paris")
    assert Stamps(paris).iso("2026-07-14T12:00:00") == AT
    assert Stamps(paris, (AT, AT)).slashed("07/14-12:00:00") == AT
    second = int(datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Paris"), fold=1).timestamp()) * NS
    assert Stamps(paris, (second, second + NS)).iso("2026-10-25T02:30:00") == second
    assert Stamps(paris, (second - 3600 * NS, second - 3599 * NS)).iso("2026-10-25T02:30:00") == second - 3600 * NS


def test_zones() -> None:
    assert zone_of("") is UTC
    assert zone_of("utc") is UTC
    assert zone_of("-07:00").utcoffset(None) == timedelta(hours=-7)
    assert zone_of("+0530").utcoffset(None) == timedelta(hours=5.5)
    assert zone_of("local").utcoffset(datetime.now()) == datetime.now().astimezone().utcoffset()  # noqa: DTZ005 - local is meant
    for name in ("Mars/Olympus", "../etc/passwd", "+99:00", "/etc/passwd"):
        with pytest.raises(InputError, match="no time zone is called"):
            zone_of(name)
