from __future__ import annotations

import pytest

from api.latency import SeenLatency
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.api.helpers import SECOND, START, verdicts


class _Clock:
    """Commits half a second after the beginning of each second of traffic."""

    def __init__(self, start: int) -> None:
        self.now = start

    def now_ns(self) -> int:
        return self.now


def test_each_flow_counts_once_at_its_first_word(tmp_path, monkeypatch):
    start = 1_722_022_200 * SECOND
    clock = _Clock(start)
    seen = SeenLatency()
    monkeypatch.setattr("api.latency._EVERY_S", 0.0)
    with StoreWriter(tmp_path, clock, compact_after=0) as writer:
        for second in range(3):
            clock.now = start + second * SECOND + SECOND // 2
            writer.commit(verdicts=verdicts(10, start + second * SECOND, 10 * second, delay_ms=0))
            writer.commit(verdicts=verdicts(10, start + second * SECOND, 0, delay_ms=0))  # the same flows again
        with StoreReader(tmp_path) as reader:
            seen.update(reader)
            before = seen.summary()["count"]
            clock.now = start + 4 * SECOND
            writer.commit(verdicts=verdicts(10, start + 3 * SECOND, 100, delay_ms=0))
            seen.update(reader)
    # 10 flows a second of which 8 are attacks; those decided after the commit (no such thing in life) are left out.
    assert before > 0
    assert seen.summary()["count"] > before
    p50, p99 = seen.by_second(start // SECOND, 5)
    assert p50[0] is not None
    assert p99[0] >= p50[0]
    assert p50[4] is None


def test_nothing_seen_is_none(tmp_path):
    with StoreWriter(tmp_path, compact_after=0), StoreReader(tmp_path) as reader:
        seen = SeenLatency()
        seen.update(reader)
        assert seen.summary() is None
        assert seen.by_second(0, 3) == ([None] * 3, [None] * 3)


@pytest.mark.parametrize("count", [1, 7, 100])
def test_percentiles_by_second_lie_within_the_values(tmp_path, count):
    with StoreWriter(tmp_path, compact_after=0) as writer, StoreReader(tmp_path) as reader:
        start = writer.clock.now_ns() // SECOND * SECOND - 5 * SECOND
        writer.commit(verdicts=verdicts(count, start, delay_ms=30))
        seen = SeenLatency()
        seen.update(reader)
        p50, p99 = seen.by_second(start // SECOND, 1)
        figures = seen.summary()
        assert p50[0] <= p99[0] <= figures["max"]
        assert figures["count"] == count - count // 5


def test_what_is_kept_does_not_grow_with_the_run(tmp_path, monkeypatch):
    """Single latencies are kept of the last seconds alone; the percentiles of a second stay when it is settled."""
    monkeypatch.setattr("api.latency._OPEN_S", 2)
    monkeypatch.setattr("api.latency._MOST_SECONDS", 5)
    monkeypatch.setattr("api.latency._EVERY_S", 0.0)
    clock, seen = _Clock(START), SeenLatency()
    with StoreWriter(tmp_path, clock, compact_after=0) as writer, StoreReader(tmp_path) as reader:
        for second in range(12):
            clock.now = START + (second + 1) * SECOND
            writer.commit(verdicts=verdicts(10, START + second * SECOND, 10 * second, delay_ms=30))
            seen.update(reader)
    first = START // SECOND
    p50, _ = seen.by_second(first, 12)
    assert [value is None for value in p50] == [True] * 4 + [False] * 8
    assert (len(seen._open), len(seen._told)) == (3, 5)
    assert seen.summary()["count"] == 12 * 8
