from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contract.errors import LackingError, UnsafeError
from generator.lab.deadman import LIMIT_NS, Ceiling, Deadman, Heartbeat

SECOND = 1_000_000_000
CONTROLLER = """
import sys, time
from pathlib import Path
from generator.lab.deadman import Heartbeat
with Heartbeat(Path(sys.argv[1])):
    print("beating", flush=True)
    time.sleep(600)
"""


def test_while_the_heart_beats_there_is_time_and_never_much(tmp_path: Path) -> None:
    with Heartbeat(tmp_path / "beat") as heart:
        switch = Deadman(heart.path)
        seen: set[int] = set()
        while len(seen) < 5:  # it goes on beating
            seen.add(switch.deadline())
            assert switch.deadline() <= time.monotonic_ns() + LIMIT_NS
    assert not heart.path.exists(), "nothing stays in memory"
    while True:
        if time.monotonic_ns() >= switch.deadline():
            break
    with pytest.raises(UnsafeError, match="dead-man's switch"):
        switch.check()


def test_a_controller_that_stands_still_is_dead(tmp_path: Path) -> None:
    """A real process, stopped by a signal: nobody tells the sender, and still its time runs out within 100 ms."""
    path = tmp_path / "beat"
    root = str(Path(__file__).parents[3])
    command = [sys.executable, "-c", CONTROLLER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": root, "PATH": os.defpath}) as controller:
        assert controller.stdout is not None
        controller.stdout.readline()
        switch = Deadman(path)
        alive = switch.deadline()
        while switch.deadline() == alive:  # it beats
            pass
        controller.send_signal(signal.SIGSTOP)
        os.waitpid(controller.pid, os.WUNTRACED)
        stopped = time.monotonic_ns()
        assert switch.deadline() <= stopped + LIMIT_NS
        frozen = switch.deadline()
        while time.monotonic_ns() < frozen:
            assert switch.deadline() == frozen
        with pytest.raises(UnsafeError):
            switch.check()
        path.resolve().unlink()
        controller.kill()
        controller.send_signal(signal.SIGCONT)


def test_no_heartbeat_no_sending(tmp_path: Path) -> None:
    with pytest.raises(LackingError, match="no heartbeat"):
        Deadman(tmp_path / "none")
    (tmp_path / "empty").touch()
    with pytest.raises(LackingError, match="no heartbeat"):
        Deadman(tmp_path / "empty")
    (tmp_path / "future").write_bytes((2**62).to_bytes(8, sys.byteorder))
    assert Deadman(tmp_path / "future").deadline() <= time.monotonic_ns() + LIMIT_NS


def test_a_plan_over_the_ceiling_is_refused() -> None:
    ceiling = Ceiling(1000)
    for number in range(100):  # 10 every 10 ms: exactly the ceiling
        ceiling.plan(number * 10_000_000, number * 10_000_000 + 9_000_000, 10)
    with pytest.raises(UnsafeError, match="1,001 frames within a second"):
        ceiling.plan(999_000_000, 999_500_000, 1)
    calm = Ceiling(1000)
    for second in range(5):
        calm.plan(second * SECOND, second * SECOND, 1000)
    with pytest.raises(UnsafeError):
        Ceiling(10).plan(0, 0, 11)


def test_late_frames_do_not_leave_in_a_flood() -> None:
    ceiling = Ceiling(1000)
    sent = 0
    moments = range(0, 3 * SECOND, 5_000_000)
    history = []
    for now in moments:  # everything is due at once, and leaves as soon as it may
        sent = max(sent, ceiling.allow(now, sent))
        history.append((now, sent))
    for now, count in history:
        before = max((c for t, c in history if t <= now - SECOND), default=0)
        assert count - before <= 1000
    assert sent >= 2900
