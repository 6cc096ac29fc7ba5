"""``tenfold detect`` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from detector.model import DEFAULT
from tests.campaign.captures import write_capture

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not DEFAULT.is_file(), reason="no trained model in this tree")


def tenfold(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_detect_writes_files_and_tells_of_a_cut(tmp_path: Path) -> None:
    capture = write_capture(tmp_path, cut=7)
    told = tenfold("detect", capture, "--out", tmp_path / "out", "--json")
    assert told.returncode == 0, told.stderr
    document = json.loads(told.stdout)
    assert document["frames"] == 419
    assert "cut off" in document["notes"][0]
    assert told.stderr.count(str(capture)) == 1
    assert told.stderr.count("\n") == 1
    assert "cut off" in told.stderr
    assert pq.read_table(document["files"]["flows.parquet"]).num_rows == document["flows"]
    assert json.loads(Path(document["files"]["alerts.json"]).read_text()) == document["alerts"]
    assert "419 frames" in tenfold("detect", capture).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.pcap",), "no such capture"),
        (("README.md",), "not a capture"),
        (("README.md", "--model", "README.md"), "not a skops file"),
        (("README.md", "--interface", "lo"), "name a capture, or an interface"),
        (("--interface", "tfx-none"), "no interface is called 'tfx-none'; there are"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(arguments: tuple[str, ...], words: str) -> None:
    told = tenfold("detect", *arguments)
    assert told.returncode == 2
    assert told.stdout == ""
    assert words in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = tenfold("detect", write_capture(tmp_path), "--out", tmp_path / "file" / "out")
    assert told.returncode == 2
    assert "cannot write" in told.stderr


def test_a_folder_in_the_way_leaves_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "out" / "alerts.json").mkdir(parents=True)
    told = tenfold("detect", write_capture(tmp_path), "--out", tmp_path / "out")
    assert told.returncode == 2
    assert told.stderr == f"tenfold: {tmp_path / 'out' / 'alerts.json'}: cannot write: is a folder\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["alerts.json"]
