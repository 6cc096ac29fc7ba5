from __future__ import annotations

import json

import pytest

from campaign.closing import Ending, check_targets, close_run, empty_card
from campaign.runfolder import create, read_json
from campaign.scenario import Targets
from contract.ledger import Ledger
from contract.on_sight import ON_SIGHT
from tests.campaign.runs import ended, finished, scenario


def test_a_sound_run_is_judged_and_passes(tmp_path):
    folder = finished(tmp_path, recall=0.9, false_alarm_rate=0.1)
    card = read_json(folder.scorecard)
    run = card["run"]
    assert (run["valid"], run["passed"], run["reasons"]) == (True, True, [])
    assert all(target["met"] for target in run["targets"])
    assert card["attempts"] == {"total": 200, "seen": 200, "detected": 200, "known_before": 0, "recall": 1.0}
    assert card["false_alarms"]["flagged"] == 0
    assert card["ledger"]["balanced"]
    assert "certificate" not in card  # nothing went over a wire
    assert read_json(folder.ledger)["links"] == [["sender", "receive"]]
    assert read_json(folder.latency)["stages"]["total"]["count"] == 200
    assert [alert["alert_id"] for alert in read_json(folder.alerts)["alerts"]] == [1, 2]
    assert folder.report.is_file()
    for kind in ("flows", "verdicts"):
        assert [path.suffix for path in (folder.path / kind).iterdir()] == [".parquet"]


def test_a_missed_target_fails_a_valid_run(tmp_path):
    run = read_json(finished(tmp_path, p99_ms=0.001).scorecard)["run"]
    assert (run["valid"], run["passed"]) == (True, False)
    assert [target["name"] for target in run["targets"] if not target["met"]] == ["latency p99"]


def test_what_can_be_known_on_sight_has_a_target_of_its_own(tmp_path):
    card = read_json(finished(tmp_path, p99_ms=1e15, on_sight_p99_ms=0.001).scorecard)
    assert [target["name"] for target in card["run"]["targets"] if not target["met"]] == [
        "latency p99 of what can be known on sight"
    ]
    families = card["families"]
    sight = card["on_sight"]
    assert sight["families"] == sorted(set(families) & ON_SIGHT)
    assert 0 < sight["attempts"] == sum(families[name]["attempts"] for name in sight["families"]) < 200
    assert sight["latency_ms"]["count"] == sum(families[name]["latency_ms"]["count"] for name in sight["families"])


def test_a_lost_frame_makes_the_run_invalid(tmp_path):
    run = read_json(finished(tmp_path, received=599).scorecard)["run"]
    assert (run["valid"], run["passed"]) == (False, False)
    assert run["reasons"] == ["ledger: between sender and receive: 1 frames unaccounted for"]


def test_an_interrupted_run_is_neither_passed_nor_failed(tmp_path):
    run = read_json(finished(tmp_path, ending=Ending(interrupted="SIGINT")).scorecard)["run"]
    assert (run["valid"], run["passed"]) == (False, None)
    assert run["reasons"] == ["interrupted by SIGINT"]


def test_a_run_of_which_nothing_is_left_still_gets_a_scorecard_and_a_report(tmp_path):
    folder = create(tmp_path, "smoke")
    card = close_run(folder, scenario(), Ending(reasons=["the detector broke"]))
    assert card["run"]["valid"] is False
    assert card["run"]["reasons"][0] == "the detector broke"
    assert "cannot be judged" in card["run"]["reasons"][-1]
    assert folder.report.is_file()


@pytest.mark.parametrize("what", ["ledger", "report"])
def test_a_run_that_cannot_be_saved_is_not_valid_and_says_why(tmp_path, what):
    folder = ended(tmp_path)
    getattr(folder, what).mkdir()  # a file of that name cannot be written
    card = close_run(folder, scenario(), Ending(planned_attempts=200))
    assert (card["run"]["valid"], card["run"]["passed"]) == (False, False)
    (reason,) = [reason for reason in card["run"]["reasons"] if "the run cannot be saved: " in reason]
    assert "Is a directory" in reason
    assert read_json(folder.scorecard)["run"]["reasons"] == card["run"]["reasons"]


def test_frames_that_left_late_blame_the_generator(tmp_path):
    run = read_json(finished(tmp_path, within_1ms=1.0).scorecard)["run"]
    assert run["valid"]
    folder = finished(tmp_path)
    late = read_json(folder.status("sender")) | {"within_1ms": 0.9}
    folder.status("sender").write_text(json.dumps(late))
    card = close_run(folder, scenario(), Ending(worst_backlog=10, best_frames_per_s=1000))
    assert "the generator was the bottleneck: 90.00 % of frames left within 1 ms of plan" in card["run"]["reasons"][0]
    card = close_run(folder, scenario(), Ending(worst_backlog=900, best_frames_per_s=1000))
    assert "the detector did not keep up and held the generator back: 90.00 %" in card["run"]["reasons"][0]


@pytest.mark.parametrize(("recall", "met"), [(0.5, True), (0.51, False)])
def test_targets_are_compared(recall, met):
    card = empty_card(Ledger()) | {"attempts": {"recall": 0.5}}
    card["families"] = {"syn_flood": {"group": "dos", "attempts": 10, "attempts_detected": 5}}
    rows = check_targets(card, Targets(recall=recall, groups={"dos": recall, "recon": 0.1}))
    assert [row["met"] for row in rows] == [met, met, False]
    assert rows[-1]["got"] == "-"
