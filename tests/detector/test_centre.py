from __future__ import annotations

import pyarrow as pa
import pytest

from contract.flow_batch import KEY, Note
from contract.frontier import Frontier
from contract.schemas import FLOW_UPDATES, FLOW_UPDATES_REQUIRED
from detector import centre as module
from detector.centre import MEETING_S, SILENCE_S, Centre
from detector.flow_rows import joined, to_batch
from detector.model import load_default
from detector.pipeline import Detector
from detector.remote_meter import RemoteMeter
from detector.sensor import Sensor
from tests.conformance.test_same_answer import CONFIG
from tests.detector.streams import START, batch, tcp

MS = 1_000_000


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def centre(clock):
    detector = Detector(CONFIG, load_default(), meter=RemoteMeter(CONFIG.capacity))
    yield Centre(detector, clock)
    detector.close()


def told(sensor: str, sequence: int, through_ms: int, times=(), **more) -> pa.RecordBatch:
    """What a sensor tells that saw one SYN at each of these times (ms)."""
    rows = []
    if times:
        eyes = Sensor(CONFIG)
        eyes.feed(batch([(at * MS, tcp("198.18.0.1", "198.18.0.2", 1025 + at, 80)) for at in times]))
        eyes.finish()
        rows = [part for part in eyes.rows() if part.tick[0] <= START + through_ms * MS]
    fields = [FLOW_UPDATES.field(name) for name in FLOW_UPDATES_REQUIRED]
    empty = pa.record_batch([pa.array([], field.type) for field in fields], schema=pa.schema(fields))
    found = to_batch(joined(rows)) if rows else empty
    note = Note(sensor, more.pop("session", "x"), sequence, START + through_ms * MS, START, **more)
    return found.replace_schema_metadata({KEY: note.to_bytes()})


def metered(centre) -> int:
    return centre.detector.frames


def test_a_tick_waits_for_every_sensor(centre):
    centre.take(told("a", 0, 500, (10, 20)))
    centre.take(told("b", 0, 0))
    centre.work()
    assert metered(centre) == 0
    centre.take(told("b", 1, 100, (30,)))
    centre.work()
    assert metered(centre) == 3
    assert centre.detector.meter.counts()["live"] == 3


def test_peers_are_waited_for_but_not_for_ever(centre, clock):
    centre.take(told("a", 0, 500, (10,), peers=2))
    centre.work()
    assert metered(centre) == 0
    clock.now += MEETING_S
    centre.take(told("a", 1, 600))
    centre.work()
    assert metered(centre) == 1


def test_one_that_is_silent_is_set_aside_and_counted_late_when_it_is_back(centre, clock):
    centre.take(told("a", 0, 50))
    centre.take(told("b", 0, 50))
    clock.now += SILENCE_S
    centre.take(told("a", 1, 500, (60, 70)))
    centre.work()
    assert metered(centre) == 2
    centre.take(told("b", 1, 500, (60,)))
    assert centre.status()["rows_late"] == 1
    centre.take(told("a", 2, 600))
    centre.take(told("b", 2, 600))
    centre.work()
    assert metered(centre) == 3


def test_a_batch_that_comes_again_is_left_out_and_a_missing_one_is_counted(centre):
    centre.take(told("a", 0, 100, (10,)))
    centre.take(told("a", 0, 100, (10,)))
    centre.take(told("a", 3, 300, (210,)))
    centre.work()
    found = centre.status()
    assert (found["rows"], found["batches_again"], found["batches_missing"]) == (2, 1, 2)


def test_a_sensor_that_was_started_anew_does_not_hold_up_the_others(centre):
    centre.take(told("a", 0, 50))
    centre.take(told("a", 0, 900, (10,), session="y"))
    centre.work()
    assert metered(centre) == 1
    assert not centre.over
    centre.take(told("a", 1, 900, session="y", done=True))
    assert centre.over


def test_one_that_lags_behind_too_far_is_set_aside(centre, monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 3)
    centre.take(told("a", 0, 50))
    centre.take(told("b", 0, 500, (60, 70, 160, 170)))
    centre.work()
    assert metered(centre) == 4
    assert centre.status()["set_aside"] == 1


def test_flows_that_live_are_left_to_the_next_centre(centre):
    centre.take(told("a", 0, 100, (10, 20)))
    centre.work()
    centre.finish()
    assert centre.detector.outputs().flows is None
    ledger = centre.detector.settle()
    assert ledger.balanced
    assert not ledger.unsettled()
    assert ledger.stages["meter"].dropped == {"left_to_the_next": 2}


def test_what_is_told_is_what_need_not_come_again(centre):
    centre.take(told("a", 0, 500, (10, 20)))
    centre.take(told("b", 0, 100))
    centre.skip()
    assert centre.frontier("x") == Frontier("x", 3, 0)
    centre.work()
    assert centre.frontier("x") == Frontier("x", 3, START + 100 * MS, (), 3)
    centre.take(told("b", 1, 100, (30,)))  # late: it counts in the running tick
    assert centre.frontier("x") == Frontier("x", 4, START + 100 * MS, ((3, 4),), 3)
    centre.take(told("b", 2, 200))
    centre.work()
    assert centre.frontier("x") == Frontier("x", 5, START + 200 * MS, (), 5)


def test_of_very_many_batches_the_first_count_as_told(clock, monkeypatch):
    monkeypatch.setattr(module, "_MOST_FOLLOWED", 2)
    detector = Detector(CONFIG, load_default(), meter=RemoteMeter(CONFIG.capacity))
    centre = Centre(detector, clock)
    for number in range(4):
        centre.take(told("a", number, 100 * (number + 1), (100 * number + 10,)))
    assert centre.frontier("x") == Frontier("x", 4, 0, (), 2)
    detector.close()


def test_one_that_goes_on_waits_for_those_that_were_not_done_and_for_what_was_left(clock):
    detector = Detector(CONFIG, load_default(), meter=RemoteMeter(CONFIG.capacity))
    centre = Centre(detector, clock, {"a": False, "b": False, "c": True})
    centre.take(told("a", 7, 500, (10,), peers=3))
    centre.begin()
    centre.work()
    assert metered(centre) == 0
    centre.take(told("b", 4, 500))
    centre.work()
    assert metered(centre) == 1
    assert centre.status().get("batches_missing", 0) == 0
    detector.close()


def test_one_that_finds_all_done_and_all_told_is_over(clock):
    detector = Detector(CONFIG, load_default(), meter=RemoteMeter(CONFIG.capacity))
    centre = Centre(detector, clock, {"a": True, "b": True})
    assert not centre.over
    centre.begin()
    assert centre.over
    detector.close()


def test_runs_that_ended_long_ago_are_forgotten(centre, monkeypatch):
    monkeypatch.setattr(module, "_MOST_SESSIONS", 2)
    for session in "abcd":
        centre.take(told("a", 0, 100, (10,) if session == "a" else (), session=session))
    assert centre.status()["sessions_forgotten"] == 2
    assert set(centre._sessions) == {("a", "c"), ("a", "d")}
