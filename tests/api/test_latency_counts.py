"""Counts of latencies tell what the latencies themselves would, to 1 %, in memory that does not grow."""

from __future__ import annotations

import numpy as np
import pytest

from api.latency_counts import BOUNDS_MS, LatencyCounts


def test_percentiles_are_those_of_the_values_to_one_percent() -> None:
    values = np.random.default_rng(1).lognormal(4, 2, 10_000)
    counts = LatencyCounts()
    for part in np.array_split(values, 7):
        counts.add(part)
    for part in (50, 95, 99, 100):
        exact = np.percentile(values, part, method="inverted_cdf")
        assert exact <= counts.percentile(part) <= 1.0101 * exact
    assert (counts.total, counts.most_ms) == (10_000, values.max())
    assert counts.sum_ms == pytest.approx(values.sum())


def test_bounds_are_counted_exactly() -> None:
    counts = LatencyCounts()
    edges = np.array(BOUNDS_MS)
    counts.add(np.concatenate([edges, edges * 1.0001, [0.0, 1e12]]))
    assert counts.up_to_bounds() == [2 * at + 2 for at in range(len(edges))]


def test_a_copy_stays_as_it_was_and_nothing_is_nothing() -> None:
    counts = LatencyCounts()
    assert counts.percentile(99) == 0
    before = counts.copy()
    counts.add(np.array([3.0]))
    assert (before.total, counts.total, counts.percentile(50)) == (0, 1, 3.0)
