"""`tenfold replay` as a user meets it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from cli.main import main
from tests.campaign.captures import write_capture


def replay(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit code of the command, run here."""
    monkeypatch.setattr(sys, "argv", ["tenfold", "replay", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_json_stands_alone_on_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    capture = write_capture(tmp_path)
    words = [
        "--out",
        tmp_path / "out.pcapng",
        "--multiplier",
        1,
        "--loop",
        2,
        "--start",
        "2026-08-01T10:00:00Z",
        "--json",
    ]
    assert replay(monkeypatch, capture, *words) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert (found["frames"], found["attempts"]) == (840, 800)
    assert "the multiplier counts attack flows: 400 a round" in said.err
    truth = json.loads(Path(found["truth"]).read_text())
    assert truth["capture"] == "out.pcapng"
    assert len(truth["entries"][0]["attackers"]) == 2


def test_people_get_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(monkeypatch, write_capture(tmp_path), "--out", tmp_path / "out.pcap") == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "420 frames" in said.err
    assert "400 attempts; truth in" in said.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["no.pcap"], "no.pcap: no such capture"),
        (["{capture}", "--speed", 2, "--pps", 3], "--speed and --pps exclude each other"),
        (["{capture}", "--speed", "fast"], "Invalid value for '--speed'"),
        (["{capture}", "--multiplier", 0], "--multiplier 0 is not between"),
        (["{capture}", "--loop", 0], "--loop 0 repeats until --duration"),
        (["{capture}", "--cut", "off"], "--cut 'off' is none of keep, fill, drop"),
        (["{capture}", "--start", "2026-01-01"], "--start goes with --out"),
        (["{capture}", "--start", "noon", "--out", "x.pcap"], "--start 'noon' is no ISO 8601 time"),
        (["{capture}", "--wire", "--out", "x.pcap"], "one of the two"),
        (["{capture}", "--into", "nowhere", "--out", "x.pcap"], "no scenario is called 'nowhere'"),
        (["{capture}", "--at", 3], "go with --into"),
        (["{capture}", "--truth", "none.json", "--out", "x.pcap"], "none.json: no such truth file"),
        (["{capture}", "--out", "{capture}"], "is the capture itself"),
        (["{capture}", "--out", "x.zip"], "must end in .pcap, .pcapng or .arrow"),
    ],
)
def test_mistakes_are_one_clear_line(
    arguments: list[object],
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    capture = write_capture(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert replay(monkeypatch, *(str(word).format(capture=capture) for word in arguments)) == 2
    said = capsys.readouterr()
    assert text in said.err
    assert said.err.count("\n") == 1
    assert not said.out
    assert not (tmp_path / "runs").exists()
