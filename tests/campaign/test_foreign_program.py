"""The user's program, started without a shell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "campaign.foreign_program", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_it_becomes_the_program_word_for_word() -> None:
    assert run("-", "echo", "$HOME; ls", "a b").stdout == "$HOME; ls a b\n"


def test_what_cannot_be_started_is_told() -> None:
    for words in (("-", "no-such-program"), ("no-such-namespace", "echo")):
        found = run(*words)
        assert found.returncode == 3
        assert found.stderr.count("\n") == 1
