"""``tenfold score`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detector.model import DEFAULT
from tests.campaign.captures import write_capture
from tests.cli.helpers import tenfold

pytestmark = pytest.mark.skipif(not DEFAULT.is_file(), reason="no trained model in this tree")


def test_one_capture_as_json_and_as_text(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    told = tenfold("score", capture, "--json")
    assert told.returncode == 0, told.stderr
    card = json.loads(told.stdout)
    assert {"capture", "families", "entries", "false_alarms", "alerts", "latency_ms", "ledger"} <= set(card)
    assert card["families"]["port_scan"]["flows"] == 400
    shown = tenfold("score", capture, "--truth", tmp_path / "scan.truth.json")
    assert shown.returncode == 0, shown.stderr
    assert "port_scan" in shown.stdout
    assert "ledger: balanced" in shown.stdout


def test_a_folder_gives_a_line_a_capture_and_totals(tmp_path: Path) -> None:
    write_capture(tmp_path)
    write_capture(tmp_path, "cut.pcap", cut=7)
    told = tenfold("score", tmp_path, "--json")
    assert told.returncode == 0, told.stderr
    document = json.loads(told.stdout)
    assert [card["name"] for card in document["captures"]] == ["cut.pcap", "scan.pcap"]
    assert document["totals"]["captures"] == 2
    assert "cut off" in told.stderr
    assert "entries found" in tenfold("score", tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("score", "nowhere.pcap"), "no such"),
        (("score", "README.md", "--truth", "pyproject.toml"), "not JSON"),
        (("score", "a.pcap", "b.pcap", "--truth", "t.json"), "one capture"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(arguments: tuple[str, ...], words: str) -> None:
    told = tenfold(*arguments)
    assert told.returncode == 2
    assert told.stdout == ""
    assert words in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1
