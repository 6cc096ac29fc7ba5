"""The sender as the campaign starts it: a real process, a real socket, files."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.arrow_io import read_stream
from contract.ledger import Ledger
from contract.schemas import FRAMES
from generator.plan import make_plan
from tests.generator.helpers import WORKLOAD, frames_of
from tests.generator.running import Running

SHORT = replace(WORKLOAD, start_ns=0, duration_s=0.7, curve=((0.0, 300.0),))


@pytest.fixture
def folder() -> Iterator[Path]:
    # A socket's path may have 108 bytes at most: pytest's own folders are too deep.
    with tempfile.TemporaryDirectory(prefix="tf") as name:
        yield Path(name)


def test_everything_planned_arrives_and_is_accounted_for(folder: Path) -> None:
    running = Running(folder, SHORT)
    batches, early = [], []
    with running.accept() as peer, peer.makefile("rb") as stream:
        for batch in read_stream(stream, FRAMES, "sender"):
            now = running.clock.now_ns()
            batches.append(batch)
            early.append(batch.column("ts").cast(pa.int64()).to_pylist()[-1] - now)
    table = pa.Table.from_batches(batches)
    status = running.end()
    assert max(early) <= 1_000_000, "a frame left more than 1 ms before its time"
    assert (running.process.returncode, status["state"], status["error"]) == (0, "done", "")
    times, frames = table.column("ts").cast(pa.int64()).to_pylist(), table.column("frame").to_pylist()
    assert times == sorted(times)
    assert len(frames) == status["sent_frames"] == status["planned_frames"]
    assert status["sent_attempts"] == status["planned_attempts"] == make_plan(SHORT).attempts
    moved = replace(SHORT, start_ns=status["start_ns"])
    assert (times, frames) == frames_of(make_plan(moved)), "not the frames of the plan"
    ledger = Ledger.from_dict(status["ledger"])
    assert ledger.balanced
    assert ledger.stages["sender"].delivered == len(frames)
    assert 0 <= status["within_1ms"] <= 1
    assert status["lateness_us"]["p50"] <= status["lateness_us"]["p99"] <= status["lateness_us"]["max"]
    truth = pq.read_table(folder / "truth.parquet")
    assert sum(truth.column("frames").to_pylist()) == len(frames)


def test_terminated_it_stops_in_order_with_the_truth_of_what_left(folder: Path) -> None:
    running = Running(folder, replace(SHORT, duration_s=60.0))
    with running.accept() as peer, peer.makefile("rb") as stream:
        got = 0
        for batch in read_stream(stream, FRAMES, "sender"):
            got += len(batch)
            if got > 200:
                running.process.send_signal(signal.SIGTERM)
    status = running.end()
    assert (running.process.returncode, status["state"]) == (0, "stopped")
    assert status["sent_frames"] == got
    stage = Ledger.from_dict(status["ledger"]).stages["sender"]
    assert stage.unexplained == 0
    assert stage.dropped["stopped"] == status["planned_frames"] - got > 0
    truth = pq.read_table(folder / "truth.parquet")
    assert sum(truth.column("frames").to_pylist()) == got


def test_the_control_file_stops_it_too(folder: Path) -> None:
    running = Running(folder, replace(SHORT, duration_s=60.0))
    with running.accept() as peer, peer.makefile("rb") as stream:
        for _ in read_stream(stream, FRAMES, "sender"):
            (folder / "control.json").write_text('{"stop": true}')
    assert running.end()["state"] == "stopped"


def test_a_peer_that_goes_away_is_a_failure_with_a_reason(folder: Path) -> None:
    running = Running(folder, replace(SHORT, duration_s=60.0))
    peer = running.accept()
    assert peer.recv(100)
    peer.close()
    status = running.end()
    assert (running.process.returncode, status["state"]) == (1, "failed")
    assert "went away" in status["error"]
    assert Ledger.from_dict(status["ledger"]).balanced
    assert status["ledger"]["stages"]["sender"]["dropped"]["peer_gone"] > 0


def test_a_peer_that_does_not_read_makes_frames_late_but_loses_none(folder: Path) -> None:
    running = Running(folder, replace(SHORT, curve=((0.0, 3000.0),), benign_curve=((0.0, 300.0),)))
    with running.accept() as peer, peer.makefile("rb") as stream:
        deadline = time.monotonic() + 120
        while running.status()["second"] < 1.2 and time.monotonic() < deadline:
            time.sleep(0.05)
        got = sum(len(batch) for batch in read_stream(stream, FRAMES, "sender"))
    status = running.end()
    assert status["state"] == "done"
    assert got == status["planned_frames"]
    assert status["within_1ms"] < 0.999
    assert status["lateness_us"]["max"] > 100_000


def test_a_workload_that_is_none_fails_in_one_line(folder: Path) -> None:
    options = ["--socket", "s2", "--status", "status.json", "--truth", "t.parquet"]
    broken = subprocess.run(
        [sys.executable, "-m", "generator.sender", "--workload", "none.json", *options],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert broken.returncode == 1
    assert broken.stderr.strip().count("\n") == 0
    assert "cannot read the workload" in broken.stderr
