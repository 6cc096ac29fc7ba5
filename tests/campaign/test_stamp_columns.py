"""Stamps as a column: what ``campaign.alert_times`` reads one by one, whatever their form."""

from __future__ import annotations

import random

import numpy as np
import pytest

from campaign.alert_times import Stamps, zone_of
from campaign.stamp_columns import any_times, iso_times, slashed_times
from tests.campaign.recorded import eve_time, snort_time, zeek_time

RNG = random.Random(7)
NS = 10**9
AT = 1_784_023_200 * NS
STAMPS = Stamps(zone_of("Europe/Paris"), (AT, AT + 60 * NS))
TIMES = [RNG.randrange(-4 * 10**18, 4 * 10**18) for _ in range(300)]
SOON = [AT + RNG.randrange(300 * NS) for _ in range(300)]


def colon(text: str) -> str:
    return f"{text[:-2]}:{text[-2:]}"


@pytest.mark.parametrize(
    "texts",
    [
        [eve_time(ns, RNG.randrange(-47, 48) / 2) for ns in TIMES],
        [colon(eve_time(ns, RNG.randrange(-47, 48) / 2)) for ns in TIMES],
        [eve_time(ns)[:-5] + "Z" for ns in TIMES],
        [eve_time(ns)[:-5] for ns in TIMES],
        [eve_time(ns)[:-9] + "Z" for ns in TIMES],
        ["2024-02-29T23:59:59.999999+0000", "2000-12-31T00:00:00.000000-1159"],
        ["2024-07-14T10:00:00+00:00", "2024-07-14T10:00:00.123456789Z"],
        [],
    ],
)
def test_iso_as_one_by_one(texts: list[str]) -> None:
    for found in (iso_times(texts, STAMPS), any_times(texts, STAMPS)):
        assert found.dtype == np.int64
        assert found.tolist() == [STAMPS.iso(text) for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29T00:00:00.000000+0000",
        "2023-00-10T00:00:00.000000+0000",
        "2023-01-10T25:00:00.000000+0000",
        "2023-01-10T00:00:60.000000+0000",
        "2023-01-10T00:00:00.000000*0000",
        "2023-01-10T00:00:00.00000a+0000",
        "2023-01-10T00:00:00.000000+2400",
        "1500-01-10T00:00:00.000000+0000",
        "2023-01-10T00:00:00.0000\N{ARABIC-INDIC DIGIT ONE}0+0000",
        None,
        7,
        "",
    ],
)
def test_what_is_no_time_is_refused_beside_others(text: object) -> None:
    with pytest.raises(ValueError, match=r"time|between"):
        iso_times(["2023-01-10T00:00:00.000000+0000", text], STAMPS)


@pytest.mark.parametrize("unit", ["", "s", "ms", "us", "ns"])
@pytest.mark.parametrize(
    "values",
    [
        [zeek_time(ns) for ns in SOON],
        [f"{ns // NS}.{ns % NS:09d}" for ns in SOON],
        [f"{ns / NS:.1f}" for ns in SOON],
        ["1.5", "12.25"],
        ["0.1", "0.2"],
        [ns / NS for ns in SOON],
        [ns // NS for ns in SOON],
        [1.5, 2],
        [True],
        [float("inf"), 1.0],
        [1e30, 1.0],
        [10**30, 1],
        [ns // 1000 for ns in SOON],
        SOON,
        ["1e5", "1.5"],
        ["-1.5", "-2.5"],
        ["123456789012.5"],
        ["9999999999.5", "9999999999.5"],
        ["17840232.0a"],
        [".5", "a.5"],
        [None, 1],
    ],
)
def test_numbers_as_one_by_one(values: list[object], unit: str) -> None:
    try:
        alone = [STAMPS.any(value, unit) for value in values]
    except ValueError:
        with pytest.raises(ValueError, match=r"time|ISO|inf"):
            any_times(values, STAMPS, unit)
    else:
        assert any_times(values, STAMPS, unit).tolist() == alone


@pytest.mark.parametrize(
    "texts",
    [
        [snort_time(ns) for ns in SOON],
        [f"26/{snort_time(ns)}" for ns in SOON],
        [snort_time(ns).replace("-", "/2026-") for ns in SOON],
        [snort_time(ns)[:-7] for ns in SOON],
        [snort_time(ns)[:-3] for ns in SOON],
        ["12/31-23:59:59.999999", "01/01-00:00:00.000000"],
    ],
)
def test_slashed_as_one_by_one(texts: list[str]) -> None:
    for stamps in (STAMPS, Stamps()):
        assert slashed_times(texts, stamps).tolist() == [stamps.slashed(text) for text in texts]


@pytest.mark.parametrize("text", ["13/40-10:00:00.000000", "07/14 10:00:00.000000", "07/14-10:00:00.00000a", "x", ""])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        slashed_times(["07/14-10:00:00.000000", text], STAMPS)
