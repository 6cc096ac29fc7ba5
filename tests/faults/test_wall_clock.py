"""The wall clock steps by an hour either way, stands still, repeats a second: pacing, expiry and durations stay."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from api import key_file
from api.facts import read_facts
from api.idempotency import Remembered
from api.keys import KeyBook
from api.limits import Limits
from api.sessions import Sessions
from contract import clock
from contract.arrow_io import read_stream
from contract.clock import Clock, calendar
from contract.ledger import Ledger
from contract.schemas import FRAMES
from detector.config import Config
from detector.pipeline import Detector
from generator.lab.deadman import Ceiling
from generator.lab.slots import DEADLINE
from generator.lab.wire import Wire
from store.outputs import webhook
from tests.detector.streams import always, batch, tcp
from tests.faults.wall_clock import HOUR_NS, KINDS
from tests.generator.helpers import WORKLOAD
from tests.generator.running import Running

ROOT = Path(__file__).parents[2]
LAUNCHER = ROOT / "tests" / "faults" / "wall_clock.py"
STEPS = {"forward": HOUR_NS, "back": -HOUR_NS, "years": 20 * 365 * 24 * HOUR_NS}
FULL = os.environ.get("TENFOLD_FAULTS") == "full"


class Wall:
    """The wall clock of this process, as a test wants it, and the clock since boot, which only goes on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.off = self.later = 0
        real, boot, monotonic = time.time_ns, clock._since_boot_ns, time.monotonic_ns
        patch.setattr(time, "time_ns", lambda: real() + self.off + self.later)
        patch.setattr(time, "time", lambda: (real() + self.off + self.later) / 1e9)
        patch.setattr(clock, "_since_boot_ns", lambda: boot() + self.later)
        patch.setattr(time, "monotonic_ns", lambda: monotonic() + self.later)
        seconds = time.monotonic
        patch.setattr(time, "monotonic", lambda: seconds() + self.later / 1e9)

    def wait(self, seconds: float) -> None:
        """So much time has really passed."""
        self.later += round(seconds * 1e9)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wall]:
    with monkeypatch.context() as patch:
        calendar.cache_clear()
        calendar()
        yield Wall(patch)
    calendar.cache_clear()


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_key_is_good_for_as_long_as_it_was_meant_to_be(wall: Wall, step: int, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key, text = key_file.new_key("x", ["read"], expires=calendar().now() + timedelta(minutes=30))
    key_file.change(path, lambda known: [*known, key])
    book = KeyBook(path)
    wall.off = step
    assert book.key_of(text) == key
    wall.wait(29 * 60)
    assert book.still(key.id) == key
    wall.wait(2 * 60)
    assert book.key_of(text) is None
    wall.off = -step
    assert book.key_of(text) is None, "what has expired does not come back"


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_sessions_limits_and_remembered_requests_keep_their_time(wall: Wall, step: int, tmp_path: Path) -> None:
    sessions, limits, kept = Sessions(1), Limits(1.0, 10), Remembered(tmp_path)
    token = sessions.begin("a")
    kept.keep("a", "key", {"scenario": "x"}, "run")
    assert [limits.take("a").wait_s for _ in range(3)] == [0, 0, 1]
    wall.off = step
    assert sessions.key_of(token) == "a"
    assert limits.take("a").wait_s == 1
    assert kept.run_of("a", "key", {"scenario": "x"}) == "run"
    wall.wait(1.5)
    assert limits.take("a").wait_s == 0
    wall.wait(3601)
    assert sessions.key_of(token) == ""


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_campaigns_clock_and_its_elapsed_time_do_not_step(wall: Wall, step: int, tmp_path: Path) -> None:
    ours = Clock.start()
    state = {"state": "running", "pid": os.getpid(), "started_ns": ours.epoch_ns, "clock": ours.anchor}
    (tmp_path / "run.json").write_text(json.dumps(state))
    wall.off = step
    wall.wait(20)
    facts = read_facts(tmp_path)
    assert facts is not None
    assert 20 <= (facts.elapsed_s or 0) < 60
    assert 20 <= (ours.now_ns() - ours.epoch_ns) / 1e9 < 60


@pytest.mark.parametrize("step", [HOUR_NS, -HOUR_NS])
def test_a_receiver_that_names_a_date_is_waited_for_so_long_whatever_our_clock_says(wall: Wall, step: int) -> None:
    wall.off = step
    said, wanted = "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:52 GMT"
    assert webhook._asked_s(wanted, said) == 15.0
    assert webhook._asked_s(said, wanted) == 0.0


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_lab_files_permission_ends_when_it_was_to_end_at_the_latest(wall: Wall, step: int) -> None:
    state = np.zeros(64, np.int64)
    wire = Wire.__new__(Wire)  # without an interface: what is looked at is its tick
    wire.failure, wire._ceiling = "", Ceiling(1000)
    wire.permission = SimpleNamespace(expires_ns=calendar().now_ns() + 60 * 10**9)  # type: ignore[assignment]
    wire.slots = SimpleNamespace(  # type: ignore[assignment]
        memory=SimpleNamespace(state=state), taken=0, fed=0, allow=lambda _: None
    )
    wall.off = min(step, 0)
    wire.tick(5)
    assert (wire.failure, state[DEADLINE]) == ("", 5)
    wall.off = step
    wall.wait(61)
    wire.tick(5)
    assert wire.failure == "the lab file's permission has expired"
    assert state[DEADLINE] == 0


def test_frames_leave_at_their_pace_while_the_wall_clock_goes_wild(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sender and maker as processes, each of which sees the hour come and go every 0.7 s."""
    real = subprocess.Popen

    def wild(command: list[str], **more: object) -> subprocess.Popen[bytes]:
        return real([sys.executable, str(LAUNCHER), "wild", *command[1:]], **more)  # type: ignore[call-overload,no-any-return]

    with tempfile.TemporaryDirectory(prefix="tf") as name:
        monkeypatch.setattr(subprocess, "Popen", wild)
        running = Running(Path(name), replace(WORKLOAD, start_ns=0, duration_s=2.5, curve=((0.0, 40.0),)))
        monkeypatch.undo()
        last, furthest = 0, 0
        with running.accept() as peer, peer.makefile("rb") as stream:
            for rows in read_stream(stream, FRAMES, "sender"):
                times = rows.column("ts").cast(pa.int64()).to_numpy()
                assert times[0] >= last, "time ran backwards"
                last = int(times[-1])
                furthest = max(furthest, abs(running.clock.now_ns() - last))
        status = running.end()
    assert (status["state"], status["sent_frames"]) == ("done", status["planned_frames"])
    assert Ledger.from_dict(status["ledger"]).balanced
    assert status["end_ns"] - status["start_ns"] == 2.5e9
    assert furthest < HOUR_NS / 10, "a frame left by the wall clock"
    assert status["lateness_us"]["max"] < HOUR_NS / 10 / 1000


@pytest.mark.skipif(not FULL, reason="optional: with TENFOLD_FAULTS=full")
@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_campaign_does_not_notice(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, str(LAUNCHER), kind, "-m", "cli.main", "run", "smoke", "--duration", "6"]
    command += ["--multiplier", "0.1", "--runs", str(tmp_path), "--id", "one", "--no-serve", "--json"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    card = json.loads(found.stdout)
    assert card["ledger"]["balanced"], card["ledger"]["faults"]
    assert all(reason.endswith("% must") for reason in card["run"]["reasons"]), card["run"]["reasons"]
    assert card["run"]["sent_attempts"] == card["run"]["planned_attempts"]
    state = json.loads((tmp_path / "one" / "run.json").read_text())
    assert 6 <= (state["ended_ns"] - state["started_ns"]) / 1e9 < 360
    assert card["latency_ms"]["max"] < 360_000
    seconds = [json.loads(line)["t"] for line in (tmp_path / "one" / "timeline.jsonl").read_text().splitlines()]
    assert all(0 <= after - before < 60 for before, after in itertools.pairwise(seconds))


# -- time that runs backwards in what is captured ----------------------------------------------------------------------


def test_captures_whose_time_runs_backwards_are_counted_and_lose_nothing() -> None:
    """An hour on, an hour back, backwards frame by frame, and one time for all."""
    hour = HOUR_NS
    times = [n * 10**8 for n in range(50)]
    times += [hour + n * 10**8 for n in range(50)]
    times += [n * 10**8 for n in range(50, 0, -1)]
    times += [hour] * 50
    detector = Detector(Config(capacity=1024, seed=1), always("benign"))
    for low in range(0, len(times), 25):
        part = [(times[n], tcp("198.18.0.1", "198.18.0.2", 1024 + n, 80)) for n in range(low, low + 25)]
        detector.feed(batch(part))
    detector.finish()
    flows = detector.outputs().flows
    ledger, status = detector.settle(), detector.status()
    assert ledger.balanced, ledger.faults()
    assert ledger.unsettled() == []
    assert ledger.stages["decode"].delivered == ledger.stages["meter"].delivered == 200
    assert flows is not None
    assert flows.num_rows == 200
    assert status["frames_out_of_order"] >= 51  # the step back, and each of those that ran backwards
    assert status["frames_late"] >= 50
