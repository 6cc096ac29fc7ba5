"""Stamps of EVE's form as a column: what ``campaign.alert_times`` reads one by one, or nothing."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

from campaign.alert_times import Stamps
from campaign.iso_columns import iso_column
from tests.campaign.recorded import eve_time

RNG = random.Random(7)


def test_the_same_as_one_by_one() -> None:
    texts = [eve_time(RNG.randrange(-4 * 10**18, 4 * 10**18), RNG.randrange(-47, 48) / 2) for _ in range(500)]
    texts += ["2024-02-29T23:59:59.999999+0000", "2000-12-31T00:00:00.000000-1159"]
    found = iso_column(pa.chunked_array([texts[:200], texts[200:]], pa.string()))
    assert found is not None
    assert found.tolist() == [Stamps().iso(text) for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29T00:00:00.000000+0000",
        "2023-00-10T00:00:00.000000+0000",
        "2023-01-10T24:00:00.000000+0000",
        "2023-01-10T00:00:60.000000+0000",
        "2023-01-10 00:00:00.000000+0000",
        "2023-01-10T00:00:00.000000*0000",
        "2023-01-10T00:00:00.00000a+0000",
        "2023-01-10T00:00:00.000000+2400",
        "1500-01-10T00:00:00.000000+0000",
        "2023-01-10T00:00:00.000000Z",
        None,
        "",
    ],
)
def test_what_has_another_form_is_left_to_others(text: str | None) -> None:
    assert iso_column(pa.array(["2023-01-10T00:00:00.000000+0000", text])) is None


def test_nothing_is_nothing() -> None:
    for empty in (pa.array([], pa.string()), pa.chunked_array([], pa.string())):
        found = iso_column(empty)
        assert found is not None
        assert found.dtype == np.int64
        assert not len(found)
