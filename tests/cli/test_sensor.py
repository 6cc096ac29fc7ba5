"""``tenfold sensor`` as people run it, without a centre: tests/faults/test_killed_centre.py has one."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from generator.sinks import open_sink
from tests.cli.helpers import ROOT, tenfold
from tests.conformance.test_same_answer import traffic
from tests.detector.streams import Frame, batch


def written(path: Path, frames: list[Frame]) -> Path:
    sink = open_sink(path)
    sink.write(batch(frames))
    sink.close()
    return path


def test_where_the_centre_is_away_batches_wait_on_disk(tmp_path: Path) -> None:
    with socket.socket() as nobody:  # bound, and nobody listens
        nobody.bind(("127.0.0.1", 0))
        _without_a_centre(tmp_path, f"http://127.0.0.1:{nobody.getsockname()[1]}")


def _without_a_centre(tmp_path: Path, away: str) -> None:
    frames = sorted(traffic(0.3), key=lambda frame: frame[0])
    part = written(tmp_path / "a.pcap", frames)
    flags = ["--name", "s", "--spool", tmp_path / "spool", "--json"]
    command = [sys.executable, "-m", "cli.main", "sensor", part, "--to", away, "--wait", "0", *flags]
    words = [str(word) for word in command]
    first = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert first.returncode == 3, first.stderr
    assert "batches wait" in first.stderr
    waiting = json.loads(first.stdout)["sent"]["waiting"]
    assert len(list((tmp_path / "spool").iterdir())) == waiting > 0


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ([], "capture or an interface"),
        (["a.pcap", "--interface", "lo"], "capture or an interface"),
        (["a.pcap", "--name", "../x"], "--name"),
        (["a.pcap", "--peers", "0"], "--peers"),
        (["a.pcap", "--spool-mib", "0"], "--spool-mib"),
        (["a.pcap", "--for", "-1"], "--for"),
        (["a.pcap", "--to", "nowhere"], "no address"),
    ],
)
def test_wrong_flags_are_said_in_one_line(flags: list[str], word: str) -> None:
    found = tenfold("sensor", "--to", "http://127.0.0.1:1", *flags)
    assert found.returncode == 2
    assert word in found.stderr
    assert found.stderr.count("\n") == 1
