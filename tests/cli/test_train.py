"""``tenfold train`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.campaign.captures import write_capture
from tests.cli.helpers import tenfold


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
