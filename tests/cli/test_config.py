"""``tenfold config``, and a configuration where it is used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detector.model import DEFAULT
from tests.campaign.captures import write_capture
from tests.cli.helpers import tenfold


def test_what_init_writes_check_finds_sound(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    assert tenfold("config", "init", path).stdout == f"{path}\n"
    again = tenfold("config", "init", path)
    assert (again.returncode, again.stdout) == (2, "")
    assert "is there already" in again.stderr
    told = tenfold("config", "check", path)
    assert (told.returncode, told.stderr) == (0, "")
    assert "sound (0 allowed, 0 muted" in told.stdout


def test_check_says_what_is_wrong_by_line(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text("[meter]\nidle = 3\n[[mute]]\nreason = 'x'\nfamilies = ['recom']\n")
    told = tenfold("config", "check", path)
    assert told.returncode == 2
    assert told.stdout.splitlines()[0] == f"{path}:2: meter.idle: no key is called so; did you mean idle_s?"
    document = json.loads(tenfold("config", "check", path, "--json").stdout)
    assert [row["line"] for row in document["problems"]] == [2, 5]


@pytest.mark.skipif(not DEFAULT.is_file(), reason="no trained model in this tree")
def test_an_allowed_scanner_raises_no_alert_and_is_counted(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    path = tmp_path / "t.toml"
    path.write_text("[[allow]]\nreason = 'our scanner'\nsources = ['198.18.0.0/15', '2001:2::/48']\n")
    told = tenfold("detect", capture, "--json", TENFOLD_CONFIG=str(path))
    document = json.loads(told.stdout)
    assert document["alerts"] == []
    assert {alert["allowed"] for alert in document["silenced"]} == {"our scanner"}
    assert document["counts"]["allowed_alerts"] == len(document["silenced"]) > 0
    card = json.loads(tenfold("score", capture, "--json", "--config", path).stdout)
    assert card["alerts"]["total"] == 0
    assert card["families"]["port_scan"]["detected"] == 0
    bad = tenfold("detect", capture, "--config", tmp_path / "none.toml")
    assert (bad.returncode, bad.stdout) == (2, "")
