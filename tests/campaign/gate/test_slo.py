"""Scorecards of real run folders, judged; campaigns themselves are played by ``tenfold check`` (docs/ci.md)."""

from __future__ import annotations

import copy

import pytest

from campaign import latency
from campaign.closing import LATE
from campaign.gate import slo, targets
from campaign.gate.findings import State
from campaign.runfolder import read_json
from tests.campaign.runs import finished

LAX = {"recall": 0.5, "false_alarms_per_hour": 1e9}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def card(folder):
    card = read_json(folder.scorecard)
    for part in (card, card["on_sight"]):
        part["latency_ms"] |= {"p50": 50.0, "p99": 90.0}  # its rows were written years after their frames
    return card


def states(rows):
    return {row.name: row.state for row in rows}


def late(card, who, p99_us):
    card["run"] |= {"valid": False, "reasons": [f"{LATE[who]}: 90 % of frames"], "lateness_us": {"p99": p99_us}}
    return card


def test_a_sound_run_meets_its_targets(card):
    rows = slo.of_card(card, LAX | {"recall_by_family": {"web_scan": 0.5}}, 1e6, "1x")
    assert set(states(rows).values()) == {State.PASSED}
    assert [row.name for row in rows] == [
        "1x: unexplained loss",
        "1x: p99 detection latency",
        "1x: recall",
        "1x: recall of web_scan",
        "1x: false alarms an hour",
    ]


def test_each_target_can_be_missed(card):
    hard = {"recall": 1.1, "false_alarms_per_hour": -1.0, "recall_by_family": {"arp_spoofing": 0.1}}
    hard |= {"p99_ms_by_family": {"web_scan": 0.0}, "on_sight_p99_ms": 0.0}
    rows = states(slo.of_card(card, hard, 0.0001, "1x"))
    assert rows.pop("1x: unexplained loss") is State.PASSED
    assert set(rows.values()) == {State.BROKEN}
    assert len(rows) == 6


def test_a_late_generator_judges_nobody(card):
    rows = slo.of_card(late(card, "generator", 150_000), LAX, 1000.0, "1x")
    assert states(rows) == {"1x: unexplained loss": State.PASSED, "1x: valid run": State.INVALID}


def test_a_generator_late_by_less_than_a_tenth_of_the_limit_is_no_matter(card):
    rows = slo.of_card(late(card, "generator", 50_000), LAX, 1000.0, "1x")
    assert State.INVALID not in states(rows).values()
    assert slo.of_card(late(card, "generator", 200_000), LAX, 1e9, "1x")[1].state is State.INVALID  # no longer known


def test_a_detector_that_holds_the_generator_back_breaks_the_target(card):
    assert states(slo.of_card(late(card, "detector", 150_000), LAX, 1000.0, "1x"))["1x: keeps up"] is State.BROKEN


def test_a_process_that_died_breaks_the_target(card):
    card["run"] |= {"valid": False, "reasons": ["detector.service ended with code 1"]}
    assert states(slo.of_card(card, LAX, 1e6, "1x"))["1x: the run holds"] is State.BROKEN


def tried(run, tries=3):
    wanted = targets.read()
    wanted.table["slo"] |= {"tries": tries, "recall": 0.5, "recall_by_family": {}, "false_alarms_per_hour": 1e9}
    wanted.slo_levels[1.0] = 1e6
    return slo.try_level(1.0, wanted, run, lambda _: None)


def test_tries_are_counted_and_the_first_that_meets_the_targets_ends_them(card):
    slow = copy.deepcopy(card)
    slow["latency_ms"]["p99"] = 1e9
    runs = iter([slow, late(copy.deepcopy(card), "generator", 200_000), card])
    level = tried(lambda _: (next(runs), {}))
    assert [row["state"] for row in level.tries] == ["broken", "invalid", "passed"]
    assert {row.state for row in level.findings} == {State.PASSED}
    assert all("try 3 of at most 3" in row.detail for row in level.findings)


def test_tries_run_out(card):
    slow = copy.deepcopy(card)
    slow["latency_ms"]["p99"] = 1e9
    assert [row["state"] for row in tried(lambda _: (slow, {}), 2).tries] == ["broken", "broken"]
    invalid = tried(lambda _: (late(card, "generator", 200_000), {}), 2)
    assert State.INVALID in {row.state for row in invalid.findings}


def test_a_judged_try_is_not_forgotten_for_an_invalid_one(card):
    slow = copy.deepcopy(card)
    slow["latency_ms"]["p99"] = 1e9
    runs = iter([slow, late(card, "generator", 200_000)])
    level = tried(lambda _: (next(runs), {}), 2)
    assert State.BROKEN in {row.state for row in level.findings}


def test_unexplained_loss_is_never_tried_again(tmp_path):
    card = read_json(finished(tmp_path, received=599).scorecard)
    level = tried(lambda _: (card, {}))
    assert len(level.tries) == 1
    assert level.findings[0].state is State.BROKEN
    assert "1 frames unaccounted for" in level.findings[0].got


def test_figures_of_a_run(card, folder):
    found = slo.figures(card, latency.read(folder.latency))
    assert found["recall"] == 1.0
    assert found["p999_ms"] > 0
    assert found["recall_by_family"] == {"syn_flood": 1.0, "web_scan": 1.0}
    assert sum(found["attempts_by_family"].values()) == 200
