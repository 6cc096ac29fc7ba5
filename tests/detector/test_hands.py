from __future__ import annotations

import threading

import pytest

from detector.hands import Hands


def test_ranges_make_up_the_rows_and_few_rows_are_not_shared() -> None:
    for count, rows, parts in ((3, 3000, 3), (3, 600, 2), (3, 10, 1), (1, 3000, 1), (2, 0, 1)):
        hands, seen = Hands(count), []
        hands.share(rows, lambda hand, low, high, seen=seen: seen.append((hand, low, high)))
        hands.close()
        seen.sort()
        assert len(seen) == parts
        assert [low for _, low, _ in seen] + [rows] == [0] + [high for _, _, high in seen]


def test_an_error_in_a_thread_is_raised() -> None:
    def work(hand: int, low: int, high: int) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise ValueError(f"hand {hand}")

    hands = Hands(2)
    with pytest.raises(ValueError, match="hand 1"):
        hands.share(1000, work)
    hands.close()
