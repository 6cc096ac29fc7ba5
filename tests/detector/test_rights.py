"""Rights that are gone are gone: for every thread, for children, and for files of others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.detector.wires import needs_wire

ROOT = Path(__file__).parents[2]


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)


@needs_wire
def test_nothing_is_left_to_any_thread_or_child() -> None:
    done = run(
        "from detector.rights import drop_rights, held\n"
        "assert held()\n"
        "drop_rights()\n"
        "import threading, subprocess\n"
        "found = []\n"
        "thread = threading.Thread(target=lambda: found.append(held())); thread.start(); thread.join()\n"
        "print(held(), found, subprocess.run(['grep', '-h', 'Cap', '/proc/self/status'], capture_output=True).stdout)"
    )
    assert done.returncode == 0, done.stderr
    own, child = done.stdout.split("b'")
    assert own.strip() == "0 [0]"
    assert not set(child) & set("123456789")


def test_it_is_too_late_once_threads_run() -> None:
    done = run(
        "import threading\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "from detector.rights import drop_rights\n"
        "drop_rights()"
    )
    assert "rights cannot be given up: 2 threads run already" in done.stderr


@needs_wire
def test_a_folder_of_another_user_is_named(tmp_path: Path) -> None:
    place = tmp_path / "theirs"
    place.mkdir(0o700)
    import os

    os.chown(place, 65_534, 65_534)
    done = run(f"from pathlib import Path\nfrom detector.rights import drop_rights\ndrop_rights(Path({str(place)!r}))")
    assert f"{place}: belongs to another user" in done.stderr
    assert "--keep-rights" in done.stderr


@pytest.mark.parametrize("module", ["detector.service", "contract.clock"])
def test_what_runs_before_starts_no_thread(module: str) -> None:
    done = run(
        f"import {module}, sys\nfrom pathlib import Path\nassert 'numpy' not in sys.modules\n"
        "print(len(list(Path('/proc/self/task').iterdir())))"
    )
    assert done.stdout == "1\n", done.stderr
