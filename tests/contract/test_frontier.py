"""The frontier says of each frame whether it is told, and can be written down."""

from __future__ import annotations

import numpy as np
import pytest

from contract.frontier import Frontier


def test_what_is_told_is_what_is_older_and_was_taken() -> None:
    frontier = Frontier("s", 6, 100, ((2, 4),))
    ts = np.array([10, 100, 20, 20, 99, 300, 20, 20])
    assert frontier.untold(0, ts).tolist() == [False, True, True, True, False, True, True, True]
    assert frontier.untold(3, ts[:2]).tolist() == [True, True]


@pytest.mark.parametrize("late", [(), ((2, 4),), ((2, 4), (7, 8))])
def test_it_is_written_down_and_read(late: tuple[tuple[int, int], ...]) -> None:
    frontier = Frontier("0af3", 6, -100, late)
    assert Frontier.parse(f"{frontier} 17") == frontier


@pytest.mark.parametrize("text", ["", "s", "s 1", "s 1 2", "batch 7 of 9", "s 1 2 3-", "s x 2 -"])
def test_another_key_is_none(text: str) -> None:
    assert Frontier.parse(text) is None
