"""The frames of a run made again are those that a peer received: a real sender, changed while it sends."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from campaign import control
from campaign.again import make_again
from campaign.runfolder import RunFolder, write_json
from contract.arrow_io import read_stream
from contract.errors import InputError, JudgedError
from contract.schemas import FRAMES
from generator.workload import Share, Workload
from tests.generator.running import Running

WORKLOAD = Workload(
    seed=5,
    start_ns=0,
    duration_s=60.0,
    curve=((0.0, 100.0),),
    attacks=(Share("syn_flood"),),
    benign=(Share("dns_lookup"),),
    benign_curve=((0.0, 20.0),),
    sites=5,
    clients=50,
)


def rows(batches: list[pa.RecordBatch]) -> list[tuple[int, bytes]]:
    table = pa.Table.from_batches(batches)
    return list(zip(table.column("ts").cast(pa.int64()).to_pylist(), table.column("frame").to_pylist(), strict=True))


@pytest.fixture(scope="module")
def changed():
    """A run that was made faster while it ran and then stopped: its folder, and what arrived."""
    with tempfile.TemporaryDirectory(prefix="tf") as name:  # a socket's path may have 107 bytes at most
        folder = RunFolder(Path(name))
        write_json(folder.state, {"state": "running", "pid": os.getpid()})
        yield folder, faster(folder)


def faster(folder: RunFolder) -> list[tuple[int, bytes]]:
    """Send, ask for more, stop when half a second of more has arrived; what arrived."""
    running = Running(folder.path, WORKLOAD)
    received: list[tuple[int, bytes]] = []
    stopped = False
    with running.accept() as peer, peer.makefile("rb") as stream:
        for batch in read_stream(stream, FRAMES, "sender"):
            if not received:
                control.ask(folder, multiplier=0.5)
            received += rows([batch])
            [change] = running.status()["changes"] or [{}]
            since = change.get("from_second")
            if since is not None and not stopped and received[-1][0] - received[0][0] > (since + 0.5) * 1e9:
                stopped = True
                running.process.send_signal(signal.SIGTERM)
    running.end()
    assert stopped
    return received


def ended(folder: RunFolder) -> RunFolder:
    write_json(folder.state, {"state": "interrupted", "pid": os.getpid()})
    return folder


def test_frames_are_not_made_again_while_they_are_sent(changed, tmp_path) -> None:
    write_json(changed[0].state, {"state": "running", "pid": os.getpid()})
    with pytest.raises(InputError, match="the run is under way"):
        make_again(changed[0], tmp_path / "x.arrow")


def test_a_changed_and_stopped_run_is_made_again_byte_for_byte(changed, tmp_path) -> None:
    folder, received = ended(changed[0]), changed[1]
    summary = make_again(folder, tmp_path / "x.arrow")
    assert rows(list(read_stream((tmp_path / "x.arrow").read_bytes(), FRAMES, "x"))) == received
    assert (summary["same"], summary["frames"]) == (True, len(received))
    second = json.loads(folder.status("sender").read_text())["changes"][0]["from_second"]
    start = received[0][0]
    before = sum(time - start < second * 1e9 for time, _ in received)
    after = (max(time for time, _ in received) - start) / 1e9 - second
    assert (len(received) - before) / after > 1.5 * before / second
    assert pq.read_table(summary["truth_table"]).equals(pq.read_table(folder.truth))


def test_frames_that_are_others_are_judged_and_not_written(changed, tmp_path) -> None:
    folder = ended(changed[0])
    found = json.loads(folder.frames.read_text())
    try:
        write_json(folder.frames, found | {"sha256": "0" * 64})
        with pytest.raises(JudgedError, match="made again are not those that left"):
            make_again(folder, tmp_path / "x.pcap")
        assert not list(tmp_path.iterdir())
        write_json(folder.frames, found | {"sha256": None, "frames": None})
        assert make_again(folder, tmp_path / "x.pcap")["same"] is None
    finally:
        write_json(folder.frames, found)


def test_a_run_that_sent_nothing_has_nothing_to_make(tmp_path) -> None:
    folder = RunFolder(tmp_path)
    write_json(folder.state, {"state": "failed", "pid": os.getpid()})
    with pytest.raises(InputError, match="ended before anything was planned"):
        make_again(folder, tmp_path / "x.pcap")
    folder.workload.write_text(replace(WORKLOAD, duration_s=1.0).to_json())
    with pytest.raises(InputError, match="no frame left in this run"):
        make_again(folder, tmp_path / "x.pcap")
