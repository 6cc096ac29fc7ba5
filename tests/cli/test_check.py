"""``tenfold check`` as a user runs it."""

from __future__ import annotations

import json

import pytest
import typer.testing

from cli.main import build_app
from contract.errors import InputError
from tests.campaign.runs import finished

RUNNER = typer.testing.CliRunner()


def tenfold(*arguments: object) -> typer.testing.Result:
    return RUNNER.invoke(build_app(), ["check", *map(str, arguments)])


def test_init_writes_the_commented_targets_once(tmp_path):
    path = tmp_path / "t.toml"
    assert tenfold("init", path).stdout == f"{path}\n"
    assert "[slo.p99_ms]" in path.read_text()
    again = tenfold("init", path)
    assert isinstance(again.exception, InputError)
    assert "is there already" in str(again.exception)


def test_a_run_is_judged_and_a_broken_target_is_exit_code_1(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    folder = finished(tmp_path / "runs")
    card = json.loads(folder.scorecard.read_text())
    card["on_sight"]["latency_ms"] |= {"p50": 50.0, "p99": 90.0}  # its rows were written years after their frames
    folder.scorecard.write_text(json.dumps(card))
    lax = tmp_path / "lax.toml"
    lax.write_text("[slo]\nrecall = 0.5\nfalse_alarms_per_hour = 1e9\nrecall_by_family = {}\n")
    out = tmp_path / "out"
    told = tenfold(folder.path, "--targets", lax, "--out", out, "--json")
    assert told.exit_code == 0
    document = json.loads(told.stdout)
    assert document["exit_code"] == 0
    assert {row["state"] for row in document["findings"]} <= {"passed", "told"}
    hard = tmp_path / "hard.toml"
    hard.write_text("[slo]\nrecall = 1.0\nfalse_alarms_per_hour = 0\n[slo.recall_by_family]\narp_spoofing = 1.0\n")
    told = tenfold(folder.path, "--targets", hard, "--out", out)
    assert told.exit_code == 1
    assert "broken" in told.stdout
    assert "recall of arp_spoofing" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["runs/x", "--base", "HEAD"], "--base measures this build"),
        (["nowhere"], "no such scorecard"),
        (["a", "b"], "what is it for"),
        (["--only", "speed"], "no gate"),
        (["--targets", "nowhere.toml"], "no such file of targets"),
    ],
)
def test_bad_usage_is_one_clear_line(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = tenfold(*arguments)
    assert isinstance(told.exception, InputError)
    assert words in str(told.exception)
    assert told.exception.exit_code == 2
