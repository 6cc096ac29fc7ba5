"""kill -9 at random instants: the service that takes batches, the detector behind it, both at once, and a compactor.

Real detectors and real files; ``tests.faults.lives`` forks them from one process, so that a thousand are cheap.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from contract.addresses import column_to_array
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.faults.length import often
from tests.faults.lives import SOURCES_EACH
from tests.faults.works import ROWS

ROOT = Path(__file__).parents[2]
HOSTS, MOST_ROUNDS = 51_200, 12  # of tests.api.helpers.syn_frames
IDLE = ("", "[meter]\nidle_s = 0.1\n", "[meter]\nidle_s = 3\n")  # the default keeps all flows open for long


class Lives:
    """The process that forks lives."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.faults.lives"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.line() == "ready"

    def line(self) -> str:
        return self._process.stdout.readline().strip()

    def begin(self, *life: object) -> int:
        """Begin a life; its process group."""
        self._process.stdin.write(json.dumps([*life[:1], str(life[1]), *life[2:]]) + "\n")
        self._process.stdin.flush()
        word, pid = self.line().split()
        assert word == "pid"
        return int(pid)

    def rest(self) -> list[str]:
        """What a life still says, until it is dead."""
        found = []
        while (line := self.line()) != "dead":
            assert line, "the process that forks lives has died"
            found.append(line)
        return found

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    found = Lives()
    yield found
    found.close()


def numbers(lines: list[str], word: str) -> set[int]:
    return {int(line.split()[1]) for line in lines if line.split()[0] == word}


def detector_of(folder: Path) -> int:
    """The pid of the present detector, 0 while there is none that says so."""
    with suppress(OSError, ValueError):
        document = json.loads((folder / "detector.status.json").read_bytes())
        pid = int(document["pid"]) if document.get("state") in ("listening", "serving") else 0
        if b"tests.faults.lives" in Path(f"/proc/{pid}/cmdline").read_bytes():  # not one that has its number by now
            return pid
    return 0


def kill_one(lives: Lives, folder: Path, first: int, randomness: random.Random) -> list[str]:
    """Let a life post, and kill something of it at a random instant; all that it said."""
    whom = randomness.choice(("desk", "detector", "all"))
    group = lives.begin("desk", folder, first)
    lines, struck = [], False
    most = randomness.randrange(2, 40)
    while len(lines) < 2 * most + 400 * (whom == "detector" and not struck):
        lines.append(lives.line())
        assert lines[-1], lines
        if whom == "detector" and not struck and len(lines) >= most and (pid := detector_of(folder)):
            struck = True
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    for _ in range(randomness.randrange(100_000)):
        pass  # a busy wait of a random length puts the signal anywhere
    if whom == "all":
        os.killpg(group, signal.SIGKILL)
    else:
        os.kill(group, signal.SIGKILL)
    return lines + lives.rest()


def counted(folder: Path) -> Counter[int]:
    """How many frames of each source are in flows."""
    found: Counter[int] = Counter()
    with StoreReader(folder) as store:
        for table in store.flow_tables():
            src = column_to_array(table.column("src"))
            number = (src[:, 14].astype(int) - 1) * 256 + src[:, 15]
            ports = np.asarray(table.column("src_port"))
            for _ in range(MOST_ROUNDS):  # addresses come round after so many sources, and then with another port
                number += HOSTS * ((number + 1024 - ports) % 60_000 != 0)
            assert ((number + 1024 - ports) % 60_000 == 0).all()
            for one, packets in zip(number.tolist(), np.asarray(table.column("packets_fwd")).tolist(), strict=True):
                found[one] += packets
    return found


def test_posted_batches_are_neither_lost_nor_doubled_whoever_is_killed(lives: Lives, tmp_path: Path) -> None:
    """Each frame of a batch that was acknowledged is in one flow, however long flows stay open."""
    folder, randomness = tmp_path / "live", random.Random()
    folder.mkdir()
    sent: set[int] = set()
    acknowledged: set[int] = set()
    for _ in range(often(14, 400)):
        (tmp_path / "config.toml").write_text(randomness.choice(IDLE))
        lines = kill_one(lives, folder, max(sent, default=-1) + 1, randomness)
        sent |= numbers(lines, "sent")
        acknowledged |= numbers(lines, "acknowledged")
    first = max(sent) + 1
    lives.begin("desk", folder, first, first + 5)
    lines = lives.rest()
    assert lines[-1] == "ended 0", lines
    acknowledged |= numbers(lines, "acknowledged")
    sent |= numbers(lines, "sent")
    found = counted(folder)
    for source in range((first + 5) * SOURCES_EACH):
        within = {source // SOURCES_EACH, source // SOURCES_EACH + 1}
        least, most = len(within & acknowledged), len(within & sent)
        assert least <= found[source] <= most, (
            f"lost or doubled: {found[source]} of {least} to {most} frames of {source}"
        )
    assert not list((folder / "aside").glob("*"))


def test_a_compactor_that_is_killed_loses_and_doubles_nothing(lives: Lives, tmp_path: Path) -> None:
    randomness = random.Random()
    following = 0
    for _ in range(often(12, 400)):
        pid = lives.begin("compact", tmp_path, following)
        lines = [lives.line() for _ in range(randomness.randrange(2, 24))]
        for _ in range(randomness.randrange(100_000)):
            pass
        os.kill(pid, signal.SIGKILL)
        lines += lives.rest()
        with StoreWriter(tmp_path) as writer:
            assert not [note for note in writer.notes if "adopted" not in note and "part of its" not in note]
        with StoreReader(tmp_path) as reader:
            rows = np.concatenate([np.asarray(t.column("flow_id")) for t in reader.verdict_tables()] or [np.zeros(0)])
        assert sorted(rows.tolist()) == list(range(len(rows))), "lost or doubled"
        following = len(rows) // ROWS
        assert following > max(numbers(lines, "acknowledged"), default=-1)
