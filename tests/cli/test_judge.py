"""``tenfold judge`` as a user meets it: runs and captures, one detector and several, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from campaign import runfolder
from campaign.runfolder import RunFolder
from tests.campaign import judged, recorded, runs
from tests.campaign.captures import write_capture
from tests.cli.helpers import tenfold


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture whose truth is a table beside it (its frames are not read)."""
    path = write_capture(tmp_path_factory.mktemp("capture"))
    pq.write_table(judged.table(), path.with_name(path.name + ".truth.parquet"))
    return path


@pytest.fixture(scope="module")
def eve(tmp_path_factory: pytest.TempPathFactory) -> Path:
    records = [recorded.eve_alert(flow) for flow in judged.flows("ssh_bruteforce", "syn_flood")]
    return recorded.write_eve(tmp_path_factory.mktemp("eve") / "eve.json", records)


@pytest.fixture(scope="module")
def zeek(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zeek")
    (folder / "conn.log").write_text(recorded.zeek_conn(judged.flows()))
    guess = judged.flows("ssh_bruteforce")[-1]
    (folder / "notice.log").write_text(
        recorded.zeek_notices([(guess.last, "SSH::Password_Guessing", guess.src, None, None)])
    )
    return folder


def test_two_detectors_on_one_capture(capture: Path, eve: Path, zeek: Path, tmp_path: Path) -> None:
    done = tenfold(
        "judge", capture, "--alerts", eve, "--format", "eve", "--alerts", zeek, "--format", "zeek", "--out", tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "eve and zeek: both 10, only eve 5, only zeek 0, neither 1" in done.stdout
    assert (tmp_path / "side-by-side.html").is_file()
    page = json.loads((tmp_path / "side-by-side.json").read_text())
    assert page["families"]["ssh_bruteforce"]["detectors"]["zeek"]["detected"] == 10
    assert page["detectors"][1]["attempts"]["seen"] == 16


def test_json_and_a_format_that_is_told_from_the_file(capture: Path, eve: Path) -> None:
    done = tenfold("judge", capture, "--alerts", eve, "--json")
    document = json.loads(done.stdout)
    assert document["scorecards"]["eve"]["attempts"]["detected"] == 15
    assert document["files"] == {}


def test_a_mapping_changes_what_alerts_mean(capture: Path, eve: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[[rule]]\nsignature_id = "2001219"\nfamily = "ssh_bruteforce"\nscope = "flow"\n[detector]\nwindow = 1\n'
    )
    done = tenfold("judge", capture, "--alerts", eve, "--mapping", path, "--name", "mine", "--json")
    assert json.loads(done.stdout)["scorecards"]["mine"]["detector"]["signatures"][0]["scope"] == "flow"


def test_a_run_with_its_own_detector_beside(tmp_path: Path) -> None:
    folder = runs.finished(tmp_path)
    table = pq.read_table(folder.truth)
    flows = recorded.flows_of(table, ["web_scan", "port_scan"])[:20]
    path = recorded.write_eve(tmp_path / "eve.json", [recorded.eve_alert(flow) for flow in flows])
    done = tenfold("judge", folder.path, "--alerts", path, "--format", "eve")
    assert done.returncode in {0, 1}, done.stderr
    assert "eve and tenfold: both" in done.stdout
    assert (folder.path / "judged" / "eve.scorecard.json").is_file()
    assert "target attempts detected" in done.stdout
    alone = tenfold("judge", folder.path, "--alerts", path, "--no-built-in", "--json")
    assert list(json.loads(alone.stdout)["scorecards"]) == ["eve"]


def test_a_scenario_may_hold_the_mapping(tmp_path: Path) -> None:
    folder = runs.ended(tmp_path)
    text = folder.scenario.read_text() + "\n[detector]\nformat = 'csv'\nfields = {time = 't', src = 's', dst = 'd'}\n"
    folder.scenario.write_text(text)
    (tmp_path / "a.csv").write_text("t,s,d\n1,198.18.0.1,198.18.0.2\n")
    done = tenfold("judge", folder.path, "--alerts", tmp_path / "a.csv", "--no-built-in", "--json")
    assert json.loads(done.stdout)["scorecards"]["csv"]["alerts"]["unmatched"] == 1


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--alerts", "none.json"], "none.json: no such file of alerts"),
        (["--alerts", "EVE", "--format", "evil"], "no format is called 'evil'"),
        (["--alerts", "EVE", "--format", "zeek"], "line 1: of no log by its fields"),
        (["--alerts", "EVE", "--format", "csv"], "needs to be told its columns"),
        (["--alerts", "EVE", "--format", "eve", "--format", "eve"], "2 times --format for 1 times --alerts"),
        (["--alerts", "EVE", "--time-zone", "Mars"], "no time zone is called 'Mars'"),
        (["--alerts", "EVE", "--clock-offset", "soon"], "seconds are needed, or auto"),
        (["--alerts", "EVE", "--damaged", "maybe"], "there are refuse and skip"),
        (["--alerts", "EVE", "--mapping", "none.toml"], "no such detector file"),
        ([], "nothing to judge"),
    ],
)
def test_what_cannot_be_is_one_clear_line(capture: Path, eve: Path, arguments: list[str], why: str) -> None:
    done = tenfold("judge", capture, *(str(eve) if word == "EVE" else word for word in arguments))
    assert done.returncode == 2
    assert why in done.stderr
    assert done.stderr.count("\n") == 1


def test_truth_of_a_run_is_its_own(tmp_path: Path, eve: Path) -> None:
    folder = RunFolder(tmp_path / "r")
    folder.path.mkdir()
    runfolder.write_json(folder.state, {})
    done = tenfold("judge", folder.path, "--alerts", eve, "--truth", "x.json")
    assert done.returncode == 2
    assert "a run has its own truth" in done.stderr
