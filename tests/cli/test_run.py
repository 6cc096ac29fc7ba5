from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import typer

from campaign.certificate import Evidence, certify
from campaign.figures import Figures
from campaign.runfolder import read_json
from campaign.runner import Campaign, Outcome
from campaign.wire_run import WireCampaign
from cli import run
from tests.campaign.runs import finished
from tests.store.helpers import START


@pytest.fixture
def outcome(tmp_path, monkeypatch):
    """A run that is over before it began: what the command does with its outcome."""
    folder = finished(tmp_path, recall=0.9)
    given = {"passed": True, "options": None, "more": {}}

    def ran(_scenario, options, overrides, watcher, told, kind):
        given.update(options=options, overrides=overrides, kind=kind)
        told("http://127.0.0.1:1/")
        watcher(Figures(phase="running"))
        return Outcome(folder, read_json(folder.scorecard) | given["more"], given["passed"])

    monkeypatch.setattr("campaign.runner.run", ran)
    monkeypatch.setenv("COLUMNS", "160")
    return given


def test_it_ends_with_a_scorecard_and_the_paths(outcome, capsys):
    run.command("smoke", multiplier=2, mix="syn_flood=1")
    out, err = capsys.readouterr()
    for word in ("PASSED", "syn_flood", "100.0 %", "balanced to the frame", "met", "report.html", "run folder"):
        assert word in out
    assert "live page: http://127.0.0.1:1/" in err
    assert outcome["kind"] is Campaign
    assert "certified" not in out
    assert outcome["overrides"].as_dict() == {"multiplier": 2, "mix": {"syn_flood": 1.0}}


@pytest.mark.parametrize(("passed", "code"), [(False, 1), (None, 130)])
def test_its_exit_code_says_whether_it_passed(outcome, passed, code):
    outcome["passed"] = passed
    with pytest.raises(typer.Exit) as ended:
        run.command("smoke")
    assert ended.value.exit_code == code


def test_over_the_wire_the_receiver_s_word_is_told_in_two_lines(outcome, capsys, monkeypatch):
    monkeypatch.setattr("campaign.wire_run.lab", nullcontext)
    times = START + np.arange(100) * 1_000_000
    found = Evidence(times, times + 5000, np.zeros((0, 2), np.int64), times[::10], 100, 100)
    outcome["more"] = {"certificate": certify(found, START, 1.0, ((0.0, 100.0),), 0.999)}
    run.command("smoke", wire=True)
    assert outcome["kind"] is WireCampaign
    out = capsys.readouterr().out
    assert "wire        certified: 100 of 100 frames arrived, 100.0 % within 1 ms, rate error +0.0000 %" in out
    assert "lost        generator 0, kernel 0, detector 0, unexplained 0" in out
