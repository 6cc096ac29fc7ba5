"""`python -m generator.sender --wire` as a campaign starts it: real processes, a real veth, a listener at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from contract.clock import Clock
from contract.ledger import Ledger
from generator.lab.deadman import Heartbeat
from generator.lab.namespaces import Lab
from generator.plan import make_plan
from tests.generator.helpers import WORKLOAD, frames_of
from tests.generator.lab.engines import received
from tests.generator.lab.helpers import Listener, cut, frames
from tests.generator.lab.outside import outside

SHORT = replace(WORKLOAD, start_ns=0, duration_s=0.7, curve=((0.0, 300.0),))
TINY = ("--maker", "tests.generator.lab.tiny_maker")  # starts at once
ROOT = Path(__file__).parents[3]
BEATING = """
import sys, time
from pathlib import Path
from generator.lab.deadman import Heartbeat
with Heartbeat(Path(sys.argv[1])):
    print("beating", flush=True)
    time.sleep(600)
"""


class Running:
    """A sender on the wire of a lab."""

    def __init__(
        self, folder: Path, lab: Lab, *more: str, seconds: float = 60.0, heartbeat: str = "beat", **maker: int
    ) -> None:
        self.folder = folder
        tiny = json.dumps({"seconds": seconds, **maker})
        (folder / "w.json").write_text(tiny if "--maker" in more else SHORT.to_json())
        options = {"workload": "w.json", "status": "status.json", "truth": "truth.parquet", "sent": "sent.npy"}
        options |= {"wire": lab.send_interface, "netns": lab.send_namespace, "clock": Clock.start().anchor}
        options |= {"heartbeat": heartbeat} if heartbeat else {}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "generator.sender", *words, *more],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "PATH": os.defpath},
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> dict[str, Any]:
        try:
            self.errors = self.process.communicate(timeout=240)[1]  # kernels may have to be compiled first
        finally:
            self.process.kill()
        return self.status()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "status.json").read_text())
        return found


@pytest.fixture
def heart(tmp_path: Path) -> Iterator[Heartbeat]:
    with Heartbeat(tmp_path / "beat") as beating:
        yield beating


@pytest.mark.usefixtures("heart")
def test_everything_planned_arrives_byte_for_byte(lab: Lab, tmp_path: Path) -> None:
    listener, before = Listener(lab), received(lab)
    running = Running(tmp_path, lab, "--pacing", "exact")
    status = running.end()
    assert (running.process.returncode, status["state"], status["error"]) == (0, "done", ""), running.errors
    n = status["sent_frames"]
    assert n == status["planned_frames"] == status["wire"]["claimed"] == status["wire"]["received"]
    assert received(lab) - before == n
    times, planned = frames_of(make_plan(replace(SHORT, start_ns=status["start_ns"])))
    assert listener.take(n)[0] == planned
    assert listener.silent()
    assert np.load(tmp_path / "sent.npy").tolist() == times
    assert status["sent_bytes"] == sum(map(len, planned))
    assert status["sent_attempts"] == status["planned_attempts"]
    assert Ledger.from_dict(status["ledger"]).balanced
    assert status["wire"]["mode"] in {"xdp", "sendmmsg"}
    assert status["lateness_us"]["p50"] <= status["lateness_us"]["p99"] <= status["lateness_us"]["max"]
    assert sum(pq.read_table(tmp_path / "truth.parquet").column("frames").to_pylist()) == n
    listener.close()


@pytest.mark.usefixtures("heart")
def test_terminated_it_stops_with_the_truth_of_what_left(lab: Lab, tmp_path: Path) -> None:
    """With another maker of frames, as a replay has one, and the portable engine."""
    listener = Listener(lab)
    running = Running(tmp_path, lab, *TINY, "--pacing", "frugal")
    first = listener.take(100)[0]
    running.process.send_signal(signal.SIGTERM)
    status = running.end()
    assert (running.process.returncode, status["state"]) == (0, "stopped"), running.errors
    assert status["wire"]["mode"] == "sendmmsg"
    n = status["sent_frames"]
    assert 100 <= n < status["planned_frames"]
    offsets, data = frames(status["planned_frames"])
    assert [*first, *listener.take(n - 100)[0]] == cut(offsets[: n + 1], data)
    assert listener.silent()
    assert n == status["wire"]["received"] == len(np.load(tmp_path / "sent.npy"))
    assert (tmp_path / "truth.parquet").read_text() == str(n)
    stage = Ledger.from_dict(status["ledger"]).stages["sender"]
    assert stage.unexplained == 0
    assert stage.dropped["stopped"] == status["planned_frames"] - n
    listener.close()


def test_a_controller_that_stands_still_silences_the_wire(lab: Lab, tmp_path: Path) -> None:
    """The controller is stopped, not killed: the wire is silent 100 ms later, and the sender ends by itself."""
    before = received(lab)
    command = [sys.executable, "-c", BEATING, str(tmp_path / "beat")]
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as controller:
        assert controller.stdout is not None
        controller.stdout.readline()
        try:
            listener = Listener(lab)
            running = Running(tmp_path, lab, *TINY)
            listener.take(100)
            controller.send_signal(signal.SIGSTOP)
            os.waitpid(controller.pid, os.WUNTRACED)
            stopped = time.time_ns()
            status = running.end()
            (tmp_path / "beat").resolve().unlink()
        finally:
            controller.kill()
            controller.send_signal(signal.SIGCONT)
    assert (running.process.returncode, status["state"]) == (1, "failed")
    assert "dead-man's switch" in status["error"]
    n = status["sent_frames"]
    assert n == received(lab) - before
    times = listener.take(n - 100)[1]
    assert listener.silent()
    assert not times or times[-1] <= stopped + 100_000_000, "a frame left more than 100 ms after the last beat"
    assert status["ledger"]["stages"]["sender"]["dropped"]["stopped_by_rail"] == status["planned_frames"] - n
    assert (tmp_path / "truth.parquet").read_text() == str(n)
    listener.close()


@pytest.mark.usefixtures("heart")
def test_what_is_not_allowed_is_refused_and_nothing_leaves(lab: Lab, tmp_path: Path) -> None:
    before = received(lab)

    def start(name: str, *more: str, where: Lab = lab, heartbeat: str = str(tmp_path / "beat")) -> Running:
        (tmp_path / name).mkdir()
        return Running(tmp_path / name, where, *TINY, *more, heartbeat=heartbeat)

    wrong, mute = start("lo", where=lab._replace(send_interface="lo")), start("mute", heartbeat="")
    dead, away = start("dead", heartbeat="none"), start("away", where=lab._replace(send_namespace="tft-none"))
    fast = start("fast", "--ceiling", "50", "--pacing", "frugal")
    assert "lo is no wire of a lab" in (status := wrong.end())["error"]
    assert (wrong.process.returncode, status["planned_frames"]) == (1, 0)
    assert "needs --heartbeat" in mute.end()["error"]
    assert "no heartbeat of a controller" in dead.end()["error"]
    _, errors = away.process.communicate(timeout=120)
    assert (away.process.returncode, errors.count("\n")) == (3, 1)
    assert "tft-none" in errors
    assert "the wire's ceiling is 50" in fast.end()["error"]
    assert received(lab) == before


@pytest.mark.usefixtures("heart")
def test_a_hostile_frame_stops_the_sender_and_is_heard_neither_within_nor_outside(lab: Lab, tmp_path: Path) -> None:
    listener = Listener(lab)
    try:
        with outside("s") as others:
            status = Running(tmp_path, lab, *TINY, seconds=1.0, stray=200).end()
            assert "outside 198.18.0.0/15" in status["error"]
            assert others.heard() == []
            others.shout()
            assert others.heard()
        n = status["wire"]["claimed"] if status.get("wire") else 0
        assert n <= 200
        assert all(frame[30:34] != bytes((8, 8, 8, 8)) for frame in listener.take(n)[0])
        assert listener.silent()
    finally:
        listener.close()
