"""The test's side of ``tests.faults.lives``: begin a life, hear what it says, kill it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Lives:
    """The process that forks lives."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.faults.lives"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.line() == "ready"

    def line(self) -> str:
        """What a life says next."""
        return self._process.stdout.readline().strip()

    def word(self, expected: str) -> str:
        """What a life says behind a word, which must come next."""
        word, said = self.line().split()
        assert word == expected
        return said

    def begin(self, *life: object) -> int:
        """Begin a life; its process group."""
        self._process.stdin.write(json.dumps([*life[:1], str(life[1]), *life[2:]]) + "\n")
        self._process.stdin.flush()
        return int(self.word("pid"))

    def rest(self) -> list[str]:
        """What a life still says, until it is dead."""
        found = []
        while (line := self.line()) != "dead":
            assert line, "the process that forks lives has died"
            found.append(line)
        return found

    def close(self) -> None:
        """No more of them."""
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def detector_of(folder: Path) -> int:
    """The pid of the present detector, 0 while there is none that says so."""
    with suppress(OSError, ValueError):
        document = json.loads((folder / "detector.status.json").read_bytes())
        pid = int(document["pid"]) if document.get("state") in ("listening", "serving") else 0
        if b"tests.faults.lives" in Path(f"/proc/{pid}/cmdline").read_bytes():  # not one that has its number by now
            return pid
    return 0


def has_ended(pid: int) -> bool:
    """Whether a process does nothing any more (nobody may have asked how it ended)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (OSError, IndexError):
        return True


def numbers(lines: list[str], word: str) -> set[int]:
    """The numbers that a life said behind a word."""
    return {int(line.split()[1]) for line in lines if line.split()[0] == word}
