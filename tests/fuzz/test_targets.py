"""Every fuzz target, with what is kept of it and with spoiled inputs, the same ones each time.

Coverage-guided, for as long as you like: ``make fuzz`` (tests/fuzz/explore.py).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest

from tests.faults.corpus import mutated
from tests.fuzz.requests import checked
from tests.fuzz.target import Target, refused
from tests.fuzz.targets import CRASHES, TARGETS, corpus, crashes, pack

FULL = os.environ.get("TENFOLD_FAULTS") == "full"
NEEDED = {
    "frames", "pcap", "pcapng", "stream", "flows", "truth", "truth-table", "scenario", "configuration", "detector",
    "lab", "bodies", "lines-eve", "lines-zeek",
}  # fmt: skip


def spoiled(draw: random.Random, target: Target, known: list[bytes]) -> bytes:
    """Bytes changed, cut and moved; sometimes two inputs crossed, or a word of the format put in."""
    data = mutated(draw, draw.choice(known) or b"\0")
    if draw.random() < 0.2:
        other = draw.choice(known)
        data = data[: draw.randrange(len(data) + 1)] + other[draw.randrange(len(other) + 1) :]
    if target.words and draw.random() < 0.5:
        at = draw.randrange(len(data) + 1)
        data = data[:at] + draw.choice(target.words) + data[at + draw.choice((0, 0, 1, 5)) :]
    return data


def test_what_comes_from_outside_has_a_target() -> None:
    from campaign import adapters

    assert set(TARGETS) >= NEEDED | {f"lines-{name}" for name in adapters.names()}


@pytest.mark.parametrize("name", TARGETS)
def test_what_began_it_and_what_was_found_breaks_no_promise(name: str) -> None:
    target = TARGETS[name]
    seeds = target.seeds()
    assert seeds
    for data in (*seeds, *crashes(name).values(), *corpus(name)[:: 1 if FULL else 5], b""):
        target.call(data)


@pytest.mark.parametrize("name", TARGETS)
def test_spoiled_inputs_break_no_promise(name: str) -> None:
    target, draw = TARGETS[name], random.Random(name)
    known = [*target.seeds(), *corpus(name)]
    for _ in range(target.shots * (50 if FULL else 1)):
        target.call(spoiled(draw, target, known))


def test_by_hand_kernels_run_as_plain_python() -> None:
    """Each kind of frame goes through them: whatever they call must have a form that Python can run."""
    command = [sys.executable, "-m", "tests.fuzz.explore", "frames", "--seconds", "0", "--engine", "plain"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split(" lines")[0].split()[-1].replace(",", "")) > 1000


def test_a_broken_promise_is_seen() -> None:
    """The targets can fail: what is called wrong is not passed over."""
    two_lines = type("Bad", (Exception,), {"__str__": lambda _: "two\nlines"})()
    with pytest.raises(AssertionError):
        checked(500, {}, b"")
    with pytest.raises(AssertionError):
        refused(two_lines)


def test_a_corpus_is_the_same_file_each_time(tmp_path, monkeypatch) -> None:
    from tests.fuzz import targets

    monkeypatch.setattr(targets, "CORPUS", tmp_path)
    first = pack("x", [b"bb", b"a", b"a"]).read_bytes()
    assert pack("x", [b"a", b"bb"]).read_bytes() == first
    assert corpus("x") == [b"a", b"bb"]


def test_every_crash_belongs_to_a_target() -> None:
    assert {path.name for path in CRASHES.glob("*")} <= set(TARGETS)
