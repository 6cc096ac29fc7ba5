"""What notes when frames arrive beside a detector that is not ours: a real process on a real wire."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from contract.clock import Clock
from tests.cli.helpers import ROOT
from tests.detector.wires import LISTEN, needs_wire, wire

FRAME = bytes.fromhex("020000000002020000000001080045000028000100004006") + bytes(2)
FRAME += bytes([198, 18, 0, 1, 198, 18, 0, 2]) + bytes.fromhex("04d2001600000000000000005002040000000000")


@needs_wire
def test_every_frame_has_its_time(tmp_path: Path) -> None:
    clock = Clock.start()
    status, received = tmp_path / "receiver.status.json", tmp_path / "received.npy"
    with wire() as own:
        words = ["--interface", LISTEN, "--netns", own.listening, "--clock", clock.anchor]
        words += ["--received", str(received), "--status", str(status)]
        process = subprocess.Popen([sys.executable, "-m", "campaign.receiver", *words], cwd=ROOT)
        try:
            wait_for(status, "listening")
            begin = clock.now_ns()
            with own.sender() as sender:
                for _ in range(50):
                    sender.send(FRAME)
                sender.send(FRAME.replace(bytes([198, 18, 0, 1]), bytes([192, 0, 2, 1])))  # not of the lab
            wait_for(status, "listening", frames=50)
            process.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()
    told = json.loads(status.read_bytes())
    assert (told["state"], told["capture"]["received"], told["capture"]["foreign"]) == ("done", 50, 1)
    times = np.load(received)
    assert len(times) == 50
    assert (times >= begin - 50_000_000).all()


def wait_for(status: Path, state: str, frames: int = 0) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        told = json.loads(status.read_bytes()) if status.exists() else {}
        if told.get("state") == state and told["capture"]["received"] >= frames:
            return
        time.sleep(0.02)
    raise AssertionError(f"not {state} with {frames} frames: {told}")


@needs_wire
def test_an_interface_that_is_not_there_is_told(tmp_path: Path) -> None:
    words = ["--interface", "tfx-none", "--clock", Clock.start().anchor]
    words += ["--received", str(tmp_path / "r.npy"), "--status", str(tmp_path / "s.json")]
    done = subprocess.run(
        [sys.executable, "-m", "campaign.receiver", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode in {2, 3}
    assert "tfx-none" in done.stderr
    assert done.stderr.count("\n") == 1
