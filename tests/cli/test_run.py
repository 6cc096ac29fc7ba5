from __future__ import annotations

import pytest
import typer

from campaign.figures import Figures
from campaign.runfolder import read_json
from campaign.runner import Outcome
from cli import run
from tests.campaign.runs import finished


@pytest.fixture
def outcome(tmp_path, monkeypatch):
    """A run that is over before it began: what the command does with its outcome."""
    folder = finished(tmp_path, recall=0.9)
    given = {"passed": True, "options": None}

    def ran(_scenario, options, overrides, watcher, told):
        given.update(options=options, overrides=overrides)
        told("http://127.0.0.1:1/")
        watcher(Figures(phase="running"))
        return Outcome(folder, read_json(folder.scorecard), given["passed"])

    monkeypatch.setattr("campaign.runner.run", ran)
    monkeypatch.setenv("COLUMNS", "160")
    return given


def test_it_ends_with_a_scorecard_and_the_paths(outcome, capsys):
    run.command("smoke", multiplier=2, mix="syn_flood=1")
    out, err = capsys.readouterr()
    for word in ("PASSED", "syn_flood", "100.0 %", "balanced to the frame", "met", "report.html", "run folder"):
        assert word in out
    assert "live page: http://127.0.0.1:1/" in err
    assert outcome["overrides"].as_dict() == {"multiplier": 2, "mix": {"syn_flood": 1.0}}


@pytest.mark.parametrize(("passed", "code"), [(False, 1), (None, 130)])
def test_its_exit_code_says_whether_it_passed(outcome, passed, code):
    outcome["passed"] = passed
    with pytest.raises(typer.Exit) as ended:
        run.command("smoke")
    assert ended.value.exit_code == code
