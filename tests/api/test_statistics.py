from __future__ import annotations

import json
import os

from api.run_metrics import gauges
from api.runs import RunBook
from api.statistics import Statistics, _counted, no_run
from tests.api.conftest import CARD, finish
from tests.api.helpers import make_run


def made(tmp_path):
    book = RunBook(tmp_path)
    return book, Statistics(book, lambda facts: facts.item())


def test_while_it_runs_figures_come_from_the_runner_and_nothing_is_judged(tmp_path):
    folder = make_run(tmp_path / "one", alerts=4, seconds=2, per_second=50)
    figures = {
        "t": 1.5,
        "planned_per_s": 6520.0,
        "sent_per_s": 6500.0,
        "frames_per_s": 50000.0,
        "detected_per_s": 6000.0,
    }
    figures |= {"attempts": 9000, "frames": 70000, "p50_ms": 61.0, "p99_ms": 140.0, "within_1ms": 0.9995, "backlog": 12}
    finish(folder, "running", ended_ns=None, pid=os.getpid(), figures=figures)
    (folder / "scorecard.json").write_text(json.dumps(CARD))  # of no account while it runs
    book, statistics = made(tmp_path)
    stats = statistics.of(book.choose(None))
    assert not stats["judged"]
    assert stats["rates"]["sent"] == 6500.0
    assert stats["rates"]["detected"] == 6000.0
    assert stats["counts"]["attempts_detected"] is None
    assert stats["counts"]["flows_flagged"] == 80
    assert stats["latency_ms"] == {"p50": 61.0, "p99": 140.0, "max": None}
    assert stats["within_1ms"] == 0.9995
    assert stats["ledger"] is None
    assert stats["backlog_frames"] == 12
    assert {row["family"]: row["detected"] for row in stats["families"]}["syn_flood"] == 20


def test_the_ledgers_of_the_processes_are_put_together(tmp_path):
    folder = make_run(tmp_path / "one", alerts=1, seconds=1, per_second=5)
    finish(folder, "running", ended_ns=None, pid=os.getpid())
    stage = CARD["ledger"]["stages"]["send"]
    for who, name in (("sender", "send"), ("detector", "receive")):
        (folder / f"{who}.status.json").write_text(json.dumps({"ledger": {"stages": {name: stage}, "links": []}}))
    book, statistics = made(tmp_path)
    ledger = statistics.of(book.choose(None))["ledger"]
    assert list(ledger["stages"]) == ["send", "receive"]
    assert ledger["settled"] is False


def test_a_store_of_which_nothing_else_is_known(tmp_path):
    make_run(tmp_path / "live", alerts=2, seconds=2, per_second=50)
    book, statistics = made(tmp_path)
    stats = statistics.of(book.choose("live"))
    assert stats["run"]["state"] == "live"
    assert stats["counts"]["alerts"] == 2
    assert stats["counts"]["flows_flagged"] == 80
    timeline = statistics.timeline(book.choose("live"))
    assert sum(timeline["detected"]) == 80
    assert timeline["planned"] == timeline["sent"] == [None] * len(timeline["t"])


def test_a_run_without_store(tmp_path):
    (tmp_path / "one").mkdir()
    finish(tmp_path / "one", "starting", started_ns=None, ended_ns=None, figures=None, pid=os.getpid())
    book, statistics = made(tmp_path)
    stats = statistics.of(book.choose(None))
    assert stats["counts"]["alerts"] == 0
    assert stats["latency_ms"] is None
    assert stats["families"] == []
    assert statistics.timeline(book.choose(None))["t"] == [0, 1, 2, 3]


def test_gauges_leave_out_what_is_not_known(tmp_path):
    finish(make_run(tmp_path / "one", alerts=3, seconds=1, per_second=5))
    book, statistics = made(tmp_path)
    found = gauges(statistics.of(book.choose(None)))
    assert found["alerts"] == 3.0
    assert "attempts_detected" not in found
    assert all(isinstance(v, float) for v in found.values())
    assert no_run("why")["run"] is None


def test_seconds_that_the_detector_has_not_reached_are_unknown():
    assert _counted({0: 5, 2: 1}, 4, ongoing=True) == [5, 0, 1, None]
    assert _counted({0: 5, 2: 1}, 4, ongoing=False) == [5, 0, 1, 0]
    assert _counted({}, 2, ongoing=True) == _counted({}, 2, ongoing=False) == [None, None]
