"""``tenfold train`` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaign.captures import write_capture

ROOT = Path(__file__).parents[2]


def tenfold(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_a_users_own_capture_becomes_a_model(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    truth = {
        "format": "tenfold-truth/1",
        "entries": [{"family": "syn_flood", "protocol": "tcp"}],
        "otherwise": "benign",
    }
    capture.with_name(capture.stem + ".truth.json").write_text(json.dumps(truth))
    out = tmp_path / "own.skops"
    told = tenfold("train", "--captures", tmp_path, "--worlds", 0, "--out", out, "--date", "2026-02-03", "--json")
    assert told.returncode == 0, told.stderr
    document = json.loads(told.stdout)
    assert document["date"] == "2026-02-03"
    assert document["bytes"] == out.stat().st_size
    assert document["families"] == ["benign", "syn_flood"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--captures", "/nowhere"), "no such folder"),
        (("--worlds", 0), "nothing to train on"),
        (("--worlds", -1), "worlds"),
    ],
)
def test_mistakes_are_one_clear_line(tmp_path: Path, arguments: tuple[object, ...], words: str) -> None:
    told = tenfold("train", *arguments, "--out", tmp_path / "m.skops")
    assert told.returncode == 2
    assert words in told.stderr
    assert "Traceback" not in told.stderr
