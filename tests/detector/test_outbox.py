"""The outbox commits in order, joins what waits, and passes errors on."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from contract.errors import LackingError
from contract.frontier import Frontier
from detector.config import Config
from detector.outbox import Outbox
from detector.pipeline import Detector, Outputs
from tests.detector.streams import always, batch, tcp


def outputs() -> list[Outputs]:
    detector = Detector(Config(capacity=4096), always("port_scan"))
    found = []
    for n in range(60):
        detector.feed(batch([(n * 60_000_000, tcp("198.18.0.9", "198.18.1.1", 4000, 1 + n))]))
        found.append(detector.outputs())
    detector.finish()
    return [*found, detector.outputs()]


class Memory:
    def __init__(self, fail_at: int = 0) -> None:
        self.commits: list[tuple[int, int, list[Any]]] = []
        self.gate = threading.Event()
        self._fail_at = fail_at

    def commit(
        self, flows: pa.RecordBatch | None, verdicts: pa.RecordBatch | None, alerts: list[Any], *, key: str | None
    ) -> int:
        self.gate.wait(30)
        if self._fail_at and len(self.commits) + 1 == self._fail_at:
            raise LackingError("the disk is full")
        self.commits.append((flows.num_rows if flows else 0, verdicts.num_rows if verdicts else 0, alerts))
        return 1000 + len(self.commits)


def test_everything_is_committed_in_few_commits() -> None:
    writer = Memory()
    outbox = Outbox(writer)
    made = outputs()
    for one in made[:30]:
        outbox.put(one)
    writer.gate.set()
    for one in made[30:]:
        outbox.put(one)
    outbox.close()
    assert len(writer.commits) < len(made)
    assert sum(rows for rows, _, _ in writer.commits) == 60
    assert sum(rows for _, rows, _ in writer.commits) == 120
    assert outbox.ledger.balanced
    assert outbox.ledger.stages["store_verdicts"].delivered == 120
    assert outbox.readable_ns == 1000 + len(writer.commits)
    last = [alert for _, _, alerts in writer.commits for alert in alerts][-1]
    assert not last.open
    for _, _, alerts in writer.commits:
        assert len({a.alert_id for a in alerts}) == len(alerts)


def test_an_error_of_the_store_comes_out() -> None:
    writer = Memory(fail_at=1)
    writer.gate.set()
    outbox = Outbox(writer)
    outbox.put(next(o for o in outputs() if o))
    with pytest.raises(LackingError, match="full"):
        outbox.close()
    with pytest.raises(LackingError, match="full"):
        outbox.put(outputs()[-1])


def test_nothing_is_no_commit() -> None:
    outbox = Outbox(Memory())
    outbox.put(Outputs())
    outbox.close()
    assert outbox.commits == 0


def test_how_far_it_is_told_is_the_key_of_a_commit_and_follows_what_is_empty() -> None:
    keys: list[str | None] = []

    class Keys(Memory):
        def commit(self, *rows: Any, key: str | None) -> int:
            keys.append(key)
            return super().commit(*rows, key=key)

    writer = Keys()
    outbox = Outbox(writer)
    marks = [Frontier("s", number, 50 * number, (), number) for number in range(4)]
    some = next(one for one in outputs() if one)
    outbox.put(Outputs(), marks[0])
    assert outbox.settled == marks[0]
    outbox.put(some, marks[1])
    outbox.put(Outputs(), marks[2])
    assert outbox.settled == marks[0]  # nothing is committed yet
    writer.gate.set()
    outbox.close()
    assert outbox.settled == marks[2]
    assert [Frontier.parse(str(key)) in [replace(mark, whole=0) for mark in marks[1:3]] for key in keys] == [True]
