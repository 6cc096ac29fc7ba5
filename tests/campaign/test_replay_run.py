"""A replay as a campaign: real processes, judged by attempt."""

from __future__ import annotations

import json
from pathlib import Path

from campaign.again import make_again
from campaign.replay_maker import REQUEST
from campaign.replay_request import Request
from campaign.replay_run import prepare, replay_run
from campaign.runner import Options
from generator.replay.timing import Pace
from tests.campaign.captures import write_capture


def test_the_scenario_says_what_the_replay_is(tmp_path: Path) -> None:
    capture = write_capture(tmp_path, "a scan!.pcap")
    prepared = prepare(Request(str(capture), pace=Pace(multiplier=0.5)))
    scenario = prepared.scenario
    assert scenario.name == "replay-a-scan-"
    assert scenario.title == "Replay of a scan!.pcap"
    assert 0.9 < scenario.duration_s < 1.0
    assert max(times for _, times in scenario.multiplier) > 0.4
    assert Path(prepared.request.capture).is_absolute()
    scenario.workload(0)


def test_a_campaign_is_judged_by_attempt(tmp_path: Path) -> None:
    request = Request(str(write_capture(tmp_path)), pace=Pace(speed=2.0))
    prepared = prepare(request)
    prepared.traffic.notes.append("a word")
    outcome = replay_run(prepared, Options(runs=tmp_path / "runs", run_id="one"))
    card = outcome.card
    assert card["run"]["sent_frames"] == 420
    assert card["run"]["planned_attempts"] == card["attempts"]["total"] == 400
    assert card["families"]["port_scan"]["attempts_detected"] > 380
    assert card["ledger"]["balanced"]
    assert "a word" in json.loads(outcome.folder.scorecard.read_text())["notes"]
    assert "a word" in outcome.folder.report.read_text()
    assert Request.read(outcome.folder.path / REQUEST) == prepared.request
    again = make_again(outcome.folder, tmp_path / "again.pcap")
    assert (again["same"], again["frames"]) == (True, 420)
