"""The search ends within its resolution of the truth, is confirmed, and tells its two ends apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.capacity_search import FAILED, GENERATOR, HELD, Bounds, most_trials, rounded, search


def up_to(capacity: float, generator: float = 1e9) -> tuple[Callable[[float, str], str], list[tuple[float, str]]]:
    """A detector that holds ``capacity``, behind a generator that makes ``generator``; and the trials that it had."""
    asked: list[tuple[float, str]] = []

    def trial(load: float, phase: str) -> str:
        asked.append((load, phase))
        if load > generator:
            return GENERATOR
        return HELD if load <= capacity else FAILED

    return trial, asked


@given(st.floats(1.0, 1000.0), st.sampled_from([0.02, 0.05, 0.2]))
def test_what_is_found_is_held_and_within_the_resolution(capacity: float, resolution: float) -> None:
    trial, asked = up_to(capacity)
    found = search(trial, Bounds(1, 1000, resolution))
    assert found.load <= capacity
    assert found.confirmed == 3
    assert [phase for _, phase in asked].count("confirm") == 3
    assert len(asked) <= most_trials(Bounds(1, 1000, resolution))
    if found.limit is not None:
        assert found.bound == FAILED
        assert found.load < found.limit <= found.load * (1 + resolution) * 1.011


def test_the_most_that_is_asked_for_is_the_end() -> None:
    trial, asked = up_to(500)
    found = search(trial, Bounds(1, 40))
    assert (found.load, found.limit, found.bound) == (40, None, None)
    assert [load for load, _ in asked] == [1, 2, 4, 8, 16, 32, 40, 40, 40, 40]


def test_not_even_the_least() -> None:
    trial, asked = up_to(0.5)
    found = search(trial, Bounds(1, 40))
    assert (found.load, found.limit, found.bound, found.confirmed) == (0, 1, FAILED, 0)
    assert asked == [(1, "search")]


def test_a_generator_that_ends_first_is_told_apart_and_tried_twice() -> None:
    trial, asked = up_to(500, generator=3)
    found = search(trial, Bounds(1, 40, 0.5))
    assert found.load <= 3
    assert found.bound == GENERATOR
    assert asked.count((4.0, "search")) == 2


def test_where_a_confirmation_fails_the_search_goes_on_below() -> None:
    trial, _ = up_to(8.5)
    lucky = iter([HELD])

    def once(load: float, phase: str) -> str:
        return next(lucky, FAILED) if load == 8 else trial(load, phase) if load < 8 else FAILED

    found = search(once, Bounds(4, 16, 0.05))
    assert 7.5 < found.load < 8
    assert found.confirmed == 3


@pytest.mark.parametrize(("load", "shown"), [(41.37, 41.4), (0.01234, 0.0123), (812.6, 813), (1, 1), (0, 0)])
def test_loads_have_three_digits(load: float, shown: float) -> None:
    assert rounded(load) == shown
