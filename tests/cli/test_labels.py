"""``tenfold labels`` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.campaign.captures import write_capture
from tests.cli.helpers import tenfold


def test_flows_and_frames(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    done = tenfold("labels", capture, "--out", tmp_path / "f.csv", "--json")
    assert json.loads(done.stdout)["attacks"] == 400
    done = tenfold("labels", capture, "--out", tmp_path / "c.pcapng")
    assert "400 of 420 frames bear a comment" in done.stderr


def test_what_cannot_be_is_one_clear_line(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    for words, why in (
        ((capture, "--out", "x.pcapng", "--cic"), "--cic is of flows"),
        ((tmp_path, "--out", "x.csv"), "not a run folder"),
        ((tmp_path, "--out", "x.csv", "--truth", "t.json"), "a run has its own truth"),
    ):
        done = tenfold("labels", *words)
        assert (done.returncode, why in done.stderr) == (2, True)
