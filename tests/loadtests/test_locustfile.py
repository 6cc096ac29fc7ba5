"""The locustfile in a process of its own: Locust replaces sockets and threads where it is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def locust(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    values = {name: value for name, value in os.environ.items() if not name.startswith("TENFOLD_")}
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests" / "locustfile.py"), "--list"]
    return subprocess.run(
        command,
        cwd=tmp_path,
        env=values | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_locust_finds_the_users(tmp_path: Path):
    done = locust(tmp_path, TENFOLD_FEEDS=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "Sensor" in done.stdout + done.stderr
    assert "Analyst" in done.stdout + done.stderr


def test_without_feeds_it_says_what_is_missing(tmp_path: Path):
    done = locust(tmp_path)
    assert done.returncode != 0
    assert "TENFOLD_FEEDS" in done.stderr
