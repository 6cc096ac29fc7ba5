"""The row of first messages stays small: a million flows with one must fit beside the table."""

from __future__ import annotations

from detector.message_row import MESSAGE


def test_is_less_than_four_cache_lines():
    assert MESSAGE.itemsize <= 256
