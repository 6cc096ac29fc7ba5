from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from api.campaigns import CampaignChange, CampaignRequest, Campaigns, _last_line, command_line
from api.problems import ProblemError
from api.runs import RunBook
from api.settings import Settings
from tests.api.conftest import finish
from tests.api.helpers import make_run


@pytest.fixture
def campaigns(tmp_path: Path) -> Campaigns:
    return Campaigns(Settings(runs=tmp_path), RunBook(tmp_path))


def test_the_command_line_holds_only_checked_values():
    wanted = CampaignRequest(scenario="smoke", multiplier=2.5, duration_s=10.0, seed=7)
    command = list(command_line(Path("runs"), "one", wanted))
    assert command[3:] == [
        *("run", "smoke", "--runs", "runs", "--id", "one", "--no-serve"),
        *("--multiplier", "2.5", "--duration", "10", "--seed", "7"),
    ]


@pytest.mark.parametrize("name", ["../smoke", "smoke.toml", "/etc/passwd", "http://x", "--help", "", "a" * 80])
def test_a_scenario_is_a_name(name):
    with pytest.raises(ValueError, match="scenario"):
        CampaignRequest(scenario=name)


@pytest.mark.parametrize(
    "more", [{"multiplier": 0}, {"multiplier": 1e9}, {"duration_s": 0.5}, {"seed": -1}, {"path": "x"}]
)
def test_numbers_are_bounded_and_nothing_else_is_taken(more):
    with pytest.raises(ValueError, match=next(iter(more))):
        CampaignRequest(scenario="smoke", **more)


def test_all_that_can_be_overridden_goes_to_the_command(campaigns):
    wanted = CampaignRequest(scenario="smoke", sites=5, zone="core", mix={"udp_flood": 0.5}, arrivals="mmpp")
    assert list(command_line(Path("runs"), "one", wanted))[10:] == [
        *("--sites", "5", "--zone", "core", "--mix", "udp_flood=0.5", "--arrivals", "mmpp")
    ]


def test_a_remembered_run_that_never_came_to_be_is_started_after_all(campaigns, tmp_path, monkeypatch):
    wanted = CampaignRequest(scenario="smoke")
    campaigns._remembered.keep("", "k", wanted.model_dump(exclude_none=True), "20240726-193000-smoke-ab12")
    spawned = []
    monkeypatch.setattr(campaigns, "_spawn", lambda run, _: spawned.append(run))
    assert campaigns.start(wanted, "", "k") == ("20240726-193000-smoke-ab12", False)
    assert spawned == ["20240726-193000-smoke-ab12"]
    assert campaigns.start(wanted, "", "k") == ("20240726-193000-smoke-ab12", True)


def test_an_unknown_scenario_is_answered_with_those_that_exist(campaigns):
    with pytest.raises(ProblemError, match="paris-2024") as caught:
        campaigns.start(CampaignRequest(scenario="no-such"))
    assert caught.value.status == 400


def test_one_at_a_time_also_where_it_was_started_elsewhere(campaigns, tmp_path):
    finish(make_run(tmp_path / "one", alerts=1, seconds=1, per_second=1), "running", ended_ns=None, pid=os.getpid())
    with pytest.raises(ProblemError, match="campaign one is under way"):
        campaigns.start(CampaignRequest(scenario="smoke"))
    assert [item["stoppable"] for item in campaigns.all()] == [True]
    campaigns.change("one", CampaignChange(multiplier=3.0))
    campaigns.stop("one")  # by the file that every campaign reads
    asked = json.loads((tmp_path / "one" / "control.json").read_text())
    assert asked == {"changes": [{"at": None, "multiplier": 3.0}], "stop": True}
    assert campaigns.one("one")["changes"] == asked["changes"]


def test_what_has_ended_or_never_was_cannot_be_stopped(campaigns, tmp_path):
    finish(make_run(tmp_path / "one", alerts=1, seconds=1, per_second=1))
    for name, status in (("one", 409), ("nothing", 404)):
        with pytest.raises(ProblemError) as caught:
            campaigns.stop(name)
        assert caught.value.status == status
    with pytest.raises(ProblemError, match="no campaign"):
        campaigns.one("nothing")


def test_the_last_words_of_a_process_have_no_colours(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"one\n\x1b[31mtenfold: no room\x1b[0m\n\n")
    assert _last_line(log) == "tenfold: no room"
    assert _last_line(tmp_path / "none") == ""
