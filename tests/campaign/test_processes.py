from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from campaign import processes
from campaign.processes import Child, Children, Kept, StopRequest

ROOT = Path(__file__).parents[2]


def module(folder: Path, name: str, text: str) -> str:
    (folder / f"{name}.py").write_text(text)
    return name


def gone(pid: int) -> bool:
    """Whether a process has ended (waits for it: ten seconds is for ever here)."""
    for _ in range(1000):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def said(log: Path, word: str) -> str:
    for _ in range(1000):
        text = log.read_text() if log.exists() else ""
        if word in text and text.endswith("\n"):
            return text
        time.sleep(0.01)
    raise AssertionError(f"{word} was never said: {text}")


@pytest.fixture(autouse=True)
def _path(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


SLEEPER = "import time\nprint('up', flush=True)\ntime.sleep(600)\n"
STUBBORN = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(600)\n"
PARENT = "import subprocess, sys\np = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
PARENT += "print('up', p.pid, flush=True)\np.wait()\n"


def test_a_child_runs_a_module_and_says_how_it_ended(tmp_path):
    name = module(tmp_path, "failing", "import sys\nprint(sys.argv[1:])\nsys.exit('it broke')")
    child = Child(name, ["a", "b"], folder=tmp_path, log=tmp_path / "log")
    assert child.wait(30) == 1
    assert "['a', 'b']" in (tmp_path / "log").read_text()
    assert child.fault() == "failing ended with code 1: it broke"
    child.end()


def test_leaving_the_block_ends_even_the_stubborn(tmp_path):
    with Children() as children:
        easy = children.start(module(tmp_path, "sleeper", SLEEPER), [], folder=tmp_path, log=tmp_path / "a")
        hard = children.start(module(tmp_path, "stubborn", STUBBORN), [], folder=tmp_path, log=tmp_path / "b")
        said(tmp_path / "a", "up")
        said(tmp_path / "b", "up")
        hard.end(patience_s=0.1)
    assert easy.code == -signal.SIGTERM
    assert hard.code == -signal.SIGKILL
    assert "was killed by signal 9" in hard.fault()


def test_what_a_child_started_goes_with_it(tmp_path):
    with Children() as children:
        children.start(module(tmp_path, "parent", PARENT), [], folder=tmp_path, log=tmp_path / "log")
        grandchild = int(said(tmp_path / "log", "up").split()[1])
    assert gone(grandchild)


def test_a_child_dies_with_a_parent_that_is_killed(tmp_path):
    name = module(tmp_path, "sleeper", SLEEPER)
    starter = (
        f"import sys, time\nsys.path.insert(0, {str(ROOT)!r})\nfrom pathlib import Path\n"
        f"from campaign.processes import Child\nhere = Path({str(tmp_path)!r})\n"
        f"print(Child({name!r}, [], folder=here, log=here / 'log').pid, flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as runner:
        pid = int(runner.stdout.readline())
        said(tmp_path / "log", "up")
        runner.kill()
    assert gone(pid)


def test_the_first_signal_asks_and_the_second_insists():
    before = signal.getsignal(signal.SIGTERM)
    with StopRequest() as stop:
        assert stop.asked == ""
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.asked == "SIGTERM"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_nicer_child_lets_others_go_first(tmp_path: Path) -> None:
    name = module(tmp_path, "sleeper_nice", SLEEPER)
    with Children() as children:
        child = children.start(name, [], folder=tmp_path, log=tmp_path / "nice.log", niceness=3)
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == os.getpriority(os.PRIO_PROCESS, 0) + 3


def test_a_child_that_dies_is_started_again_later_and_later(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_PAUSE_S", 0.01)
    name = module(
        tmp_path, "counting", "import os, sys\nprint('up', os.getpid(), flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    kept = Kept(lambda: Child(name, [], folder=tmp_path, log=tmp_path / "log"))
    text = ""
    while text.count("started again") < 3:
        text = (tmp_path / "log").read_text()
        time.sleep(0.01)
    kept.end()
    pauses = [float(line.split()[-2]) for line in text.splitlines() if "started again" in line]
    assert pauses[:3] == [0.01, 0.02, 0.04]
    assert "counting was killed by signal 9" in text
    assert kept.restarts >= 2
    assert kept.child.code in (-signal.SIGKILL, -signal.SIGTERM)


def test_one_that_ended_in_order_or_cannot_be_used_is_not_started_again(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_LOOK_S", 0.01)
    for code in (0, 2):
        name = module(tmp_path, f"ending{code}", f"raise SystemExit({code})")
        kept = Kept(lambda name=name: Child(name, [], folder=tmp_path, log=tmp_path / "log"))
        kept._thread.join(60)
        assert kept.child.code == code
        kept.end()
        assert kept.restarts == 0


def test_a_kept_child_ends_with_the_block(tmp_path):
    name = module(tmp_path, "sleeping", SLEEPER)
    with Children() as children:
        kept = children.keep(name, [], folder=tmp_path, log=tmp_path / "log")
        said(tmp_path / "log", "up")
        os.kill(kept.child.pid, signal.SIGKILL)
        while kept.restarts == 0:
            time.sleep(0.01)
        pid = kept.child.pid
    assert gone(pid)
