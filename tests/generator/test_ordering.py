from __future__ import annotations

import numpy as np
import pytest

from generator.ordering import join, split
from generator.stamp import Due


def due(times: np.ndarray) -> Due:
    n = len(times)
    return Due(times.astype(np.int64), np.arange(n), np.arange(n, dtype=np.int32) % 7, np.arange(n) * 3)


def rows(made: Due) -> list[tuple]:
    return list(zip(*(column.tolist() for column in made), strict=True))


def naive(made: Due, end: int) -> tuple[list[tuple], list[tuple]]:
    now = sorted((row for row in rows(made) if row[0] < end), key=lambda row: row[0])
    return now, [row for row in rows(made) if row[0] >= end]


@pytest.mark.parametrize("span", [1, 5, 1000, 10**9, 10**12, 2**62])
@pytest.mark.parametrize("count", [0, 1, 2, 300, 5000])
def test_frames_are_sorted_as_plain_python_sorts_them(span: int, count: int) -> None:
    begin = 1_784_970_000_000_000_000
    rng = np.random.default_rng(count + span % 1000)
    made = due(begin + rng.integers(0, span, count))
    for end in (begin + span, begin + span // 2, begin + 1):
        now, held = split(made, begin, end)
        assert (rows(now), rows(held)) == naive(made, end)


def test_what_is_in_order_already_is_not_copied() -> None:
    made = due(np.arange(100))
    assert split(made, 0, 100)[0] is made
    assert join(due(np.zeros(0)), made) is made
    assert rows(join(made, made)) == rows(made) * 2
