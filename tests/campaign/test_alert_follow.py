"""What a detector writes while a campaign runs, recorded with the time at which it could be read."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from campaign.adapters import adapter
from campaign.alert_follow import Follower
from contract.clock import Clock


def test_each_line_has_its_time(tmp_path: Path) -> None:
    clock = Clock.start()
    (tmp_path / "eve.json").write_text("old\n")
    follower = Follower([str(tmp_path / "eve.json")], adapter("eve"), tmp_path / "out", clock)
    with (tmp_path / "eve.json").open("a") as file:
        file.write("a\nb\n")
    before = clock.now_ns()
    assert follower.poll() == 2
    follower.close()
    assert (tmp_path / "out" / "eve.json").read_bytes() == b"a\nb\n"
    times = np.fromfile(tmp_path / "out" / "eve.json.read", np.int64)
    assert len(times) == 2
    assert (times >= before).all()


def test_a_folder_of_logs_that_rotate(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "conn.log").write_text("#fields\tts\n")
    (logs / "other.txt").write_text("x\n")
    follower = Follower([str(logs)], adapter("zeek"), tmp_path / "out", Clock.start())
    (logs / "notice.log").write_text("#fields\tts\n1\n")
    follower.look_for_files()
    assert follower.poll() == 3
    (logs / "notice.log").rename(logs / "notice.10-11.log")
    follower.look_for_files()  # it is followed under its old name
    (logs / "notice.log").write_text("#fields\tts\n2\n")
    follower.poll()
    assert (tmp_path / "out" / "notice.log").read_bytes() == b"#fields\tts\n1\n#fields\tts\n2\n"
    assert follower.status("done")["rotations"] == 1
    follower.close()


def test_as_a_process_with_a_socket_that_ends_when_asked(tmp_path: Path) -> None:
    status, path = tmp_path / "status.json", tmp_path / "s"
    words = ["--alerts", f"unix:{path}", "--format", "eve", "--out", str(tmp_path / "out"), "--status", str(status)]
    words += ["--clock", Clock.start().anchor, "--settle", "0.2"]
    command = [sys.executable, "-m", "campaign.alert_follow", *words]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
        deadline = time.monotonic() + 60
        while not status.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        with socket.socket(socket.AF_UNIX) as writer:
            writer.connect(str(path))
            writer.sendall(b"a\nb\n")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    found = json.loads(status.read_text())
    assert (found["state"], found["lines"]) == ("done", 2)
    assert (tmp_path / "out" / "s").read_bytes() == b"a\nb\n"
    assert not path.exists()
