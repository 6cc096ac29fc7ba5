"""The maker's parent side against a child that is a small script: what it is told, and what becomes of its words."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import maker
from generator.maker import Maker
from generator.ring import MESSAGE, PLAN, RECORD, Record, Ring

CHILD = """#!{python} -IS
import os, signal, sys
signals = []
signal.signal(signal.SIGUSR1, lambda *_: signals.append("early"))
options = dict(zip(sys.argv[3::2], sys.argv[4::2]))
os.write(int(options["--out"]), bytes(64))
{body}
"""
HONEST = """
open(options["--truth"], "w").write(sys.stdin.readline() + " ".join(signals))
"""
TALKING = f"""
while not signals:
    os.write(int(options["--out"]), bytes(64))  # goes on after a signal, and nobody reads
{HONEST}"""
FAILING = """
sys.stdin.readline()
print("first\\nthe disk is full", file=sys.stderr)
sys.exit(1)
"""
SILENT = "sys.exit(3)"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Maker]]:
    """Start a maker whose child runs these lines after its first record; waits for that record."""
    made: list[Maker] = []

    def started(body: str) -> Maker:
        script = tmp_path / "child"
        script.write_text(CHILD.format(python=sys.executable, body=body))
        script.chmod(0o755)
        monkeypatch.setattr(maker, "sys", SimpleNamespace(executable=str(script)))
        made.append(Maker(tmp_path / "w.json", tmp_path / "truth", "anchor", Ring.create(1000)))
        deadline = time.monotonic() + 60
        while not made[-1].records:
            assert time.monotonic() < deadline, "the child never spoke"
            made[-1].refill()
        return made[-1]

    yield started
    for each in made:
        if not each.gone:
            each.kill()


def test_it_is_told_when_to_end_and_writes_the_truth_up_to_then(start: Callable[[str], Maker], tmp_path: Path) -> None:
    child = start(HONEST)
    assert not child.gone
    assert child.records.popleft() == Record(*[0] * 8)
    child.refill()  # nothing there: returns at once
    assert not child.records
    assert child.end(1234567890123456789, early=False) == ""
    assert child.gone
    assert (tmp_path / "truth").read_text() == "1234567890123456789\n"


def test_stopped_early_it_is_told_so_before_the_moment(start: Callable[[str], Maker], tmp_path: Path) -> None:
    assert start(HONEST).end(5, early=True) == ""
    assert (tmp_path / "truth").read_text() == "5\nearly"


def test_stopped_while_its_words_wait_for_a_reader_it_still_ends(start: Callable[[str], Maker], tmp_path: Path) -> None:
    assert start(TALKING).end(5, early=True) == ""
    assert (tmp_path / "truth").read_text() == "5\nearly"


def test_it_does_not_hear_the_ctrl_c_of_the_sender(start: Callable[[str], Maker]) -> None:
    child = start(HONEST)
    assert os.getsid(child._process.pid) == child._process.pid


def test_its_last_words_are_the_reason(start: Callable[[str], Maker]) -> None:
    assert start(FAILING).end(5, early=False) == "the disk is full"


def test_a_death_without_words_is_a_failure_too(start: Callable[[str], Maker]) -> None:
    child = start(SILENT)
    child._process.wait(60)
    assert child.gone
    assert child.end(5, early=True) == "the maker of frames failed"


def test_killed_it_is_gone_and_its_words_are_kept(start: Callable[[str], Maker]) -> None:
    child = start(
        'print("a\\nwoe", file=sys.stderr, flush=True); os.write(int(options["--out"]), bytes(64)); sys.stdin.read()'
    )
    deadline = time.monotonic() + 60
    while len(child.records) < 2 and time.monotonic() < deadline:
        child.refill()
    assert child.kill() == "woe"
    assert child._process.returncode == -signal.SIGKILL


def detached() -> tuple[Maker, int]:
    """A maker without a child that reads from a pipe, and the pipe's other end."""
    made = Maker.__new__(Maker)
    made.records, made.plans, made._partial = maker.deque(), maker.deque(), b""
    made._pipe, out = os.pipe()
    os.set_blocking(made._pipe, False)
    return made, out


@given(st.lists(st.integers(1, 200), max_size=20))
def test_records_are_whole_however_the_pipe_cuts_them(cuts: list[int]) -> None:
    sent = [Record(MESSAGE, number, 2, 3, 4, 5, 6, 7) for number in range(20)]
    data, (reader, out) = b"".join(RECORD.pack(*record) for record in sent), detached()
    at = 0
    for size in [*cuts, len(data)]:
        os.write(out, data[at : at + size])
        at += size
        reader.refill()
        assert list(reader.records) == sent[: at // RECORD.size]
    os.close(out)
    os.close(reader._pipe)


def test_it_reads_ahead_so_far_and_no_further() -> None:
    reader, out = detached()
    for _ in range(10):  # what stays in the pipe fits into it
        os.write(out, bytes(RECORD.size * 500))
        reader.refill()
    assert len(reader.records) == 4500
    reader.records.clear()
    reader.refill()
    assert len(reader.records) == 500
    os.close(out)
    os.close(reader._pipe)


def test_words_on_the_plan_do_not_stand_between_the_messages() -> None:
    reader, out = detached()
    os.write(out, b"".join(RECORD.pack(kind, *[0] * 7) for kind in (MESSAGE, PLAN, MESSAGE)))
    reader.refill()
    assert [record.kind for record in reader.records] == [MESSAGE, MESSAGE]
    assert [record.kind for record in reader.plans] == [PLAN]
    os.close(out)
    os.close(reader._pipe)


LISTENING = """
open(options["--truth"], "w").write("".join(sys.stdin.readline() for _ in range(3)))
"""


def test_changes_are_told_one_a_line_before_the_end(start: Callable[[str], Maker], tmp_path: Path) -> None:
    child = start(LISTENING)
    assert child.change(1222.5, None)
    assert child.change(0.1, 12.5)
    assert child.end(7, early=False) == ""
    assert (tmp_path / "truth").read_text() == "change 1222.5 -\nchange 0.1 12.5\n7\n"
    assert not child.change(1.0, None)
