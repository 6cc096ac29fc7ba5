from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(parent: int, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "campaign.child", str(parent), *words]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=60)


def test_it_becomes_the_module_with_its_arguments(tmp_path):
    (tmp_path / "speaking.py").write_text("import sys\nprint(__name__, sys.argv[1:])\nsys.exit(3)\n")
    done = run(os.getpid(), "speaking", "--a", "b", folder=tmp_path)
    assert (done.returncode, done.stdout) == (3, "__main__ ['--a', 'b']\n")


def test_it_does_not_begin_where_the_parent_is_gone(tmp_path):
    (tmp_path / "speaking.py").write_text("print('hello')\n")
    done = run(1, "speaking", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "speaking: the parent is gone\n"
