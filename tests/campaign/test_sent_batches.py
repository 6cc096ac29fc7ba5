from __future__ import annotations

from pathlib import Path

import pytest

from campaign import sent_batches
from campaign.sent_batches import SentBatches
from campaign.spool import Batch


def batch(name: str, size: int = 10) -> Batch:
    return Batch(name, Path(name), 5, size)


def test_the_first_goes_when_it_is_told() -> None:
    sent = SentBatches()
    sent.add(5, batch("a"))
    sent.add(9, batch("b"))
    assert sent.first_told(4) is None
    assert sent.first_told(5) == batch("a")
    sent.forget_first()
    assert sent.first_told(8) is None
    assert sent.all == [batch("b")]
    sent.clear()
    assert sent.first_told(100) is None


def test_it_is_crowded_by_what_was_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_batches, "_MOST_AHEAD", 2)
    sent = SentBatches()
    for end in (5, 10, 15):
        sent.add(end, batch("a"))
    assert sent.crowded
    sent.taken = 10
    assert not sent.crowded


def test_where_nothing_is_told_for_long_what_was_taken_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_batches, "_MOST_BYTES", 15)
    sent = SentBatches()
    sent.add(5, batch("a"))
    sent.add(9, batch("b"))
    assert sent.first_told(0) is None
    sent.taken = 9
    assert sent.first_told(0) == batch("a")
    sent.forget_first()
    assert sent.first_told(0) is None
