from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
import threading

import pytest

from tests.campaign.runs import finished
from tests.cli.helpers import ROOT, tenfold


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("runs")).path


def test_a_run_is_copied_once_however_often_it_is_asked_for(run, tmp_path):
    told = tenfold("archive", run, "--to", tmp_path / "lake", "--json")
    assert told.returncode == 0, told.stderr
    document = json.loads(told.stdout)
    [copied] = document["runs"]
    assert (copied["run"], copied["copied"]["flows"]["rows"]) == (run.name, 300)
    assert document["holds"]["flows"] == {
        "files": 1, "bytes": copied["copied"]["flows"]["bytes"], "runs": [run.name],
        "first_hour": "2023-11-14T22:00:00.000000Z", "last_hour": "2023-11-14T22:00:00.000000Z", "doubled": [],
    }  # fmt: skip
    told = tenfold("archive", run, "--to", tmp_path / "lake")
    assert "0 flows" in told.stderr
    assert "flows" in told.stdout


def test_it_is_tended_without_a_run_and_rows_that_are_there_twice_are_said(run, tmp_path):
    tenfold("archive", run, "--to", tmp_path, "--what", "flows")
    [file] = tmp_path.glob("flows/*/*/*.parquet")
    twin = file.with_name(file.name.replace("000000000000-", "000000000005-"))
    twin.write_bytes(file.read_bytes())
    told = tenfold("archive", "--to", tmp_path, "--json")
    assert told.returncode == 1
    assert "files whose rows are in another file" in told.stderr
    assert json.loads(told.stdout)["holds"]["flows"]["doubled"] == [str(twin.relative_to(tmp_path))]
    told = tenfold("archive", "--to", tmp_path, "--keep-days", 30, "--merge-mb", 64, "--json")
    assert told.returncode == 0
    assert json.loads(told.stdout)["tended"]["files_removed"] == 2


def test_an_iceberg_table_takes_a_run_and_says_what_it_holds(run, tmp_path):
    told = tenfold(
        "archive",
        run,
        "--to",
        tmp_path / "lake",
        "--catalog",
        f"sqlite:///{tmp_path}/c.db",
        "--what",
        "alerts",
        "--json",
    )
    assert told.returncode == 0, told.stderr
    document = json.loads(told.stdout)
    assert document["holds"]["alerts"]["files"] == 1
    assert document["runs"][0]["copied"]["alerts"]["rows"] == 2


def test_it_follows_until_it_is_asked_to_end(run, tmp_path):
    command = [
        sys.executable,
        "-m",
        "cli.main",
        "archive",
        str(run),
        "--to",
        str(tmp_path),
        "--follow",
        "0.05",
        "--json",
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("flows/*/*/*.parquet")):
        assert process.poll() is None
        threading.Event().wait(0.02)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out)["holds"]["flows"]["files"] == 1


def test_mistakes_are_one_clear_line(run, tmp_path, monkeypatch):
    for arguments, code, words in (
        (["--to", "s3://a:b@c"], 2, "names and passwords do not belong into a URL"),
        (["--to", tmp_path, "--what", "things"], 2, "--what 'things': it is one of alerts, detections, flows"),
        (["--to", tmp_path, "--follow", "1"], 2, "are for one run"),
        ([tmp_path, "--to", tmp_path], 2, "neither a run folder nor"),
        ([run, "--to", tmp_path, "--label", "a b"], 2, "cannot name rows in an archive"),
    ):
        told = tenfold("archive", *arguments)
        assert (told.returncode, told.stderr.count("\n")) == (code, 1), told.stderr
        assert words in told.stderr
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    told = tenfold("archive", run, "--to", tmp_path, "--catalog", "mine")
    assert (told.returncode, told.stderr) == (3, "tenfold: Iceberg needs pyiceberg: pip install 'tenfold[lake]'\n")
