"""Coverage-guided fuzzing by hand: inputs that reach something new are kept and spoiled further.

    make fuzz [TARGET=name] [SECONDS=120]
    python -m tests.fuzz.explore NAME|all [--seconds N] [--seed N] [--engine atheris|plain] [--pack]

``atheris`` (libFuzzer on instrumented bytecode; needs a wheel for this Python) is used where it is installed, else a
plain mutator watched by ``sys.monitoring`` (Python 3.12) or ``sys.settrace``. Kernels run as the plain Python that they
were written in, where lines can be seen and an index out of bounds raises instead of reading on: numba is switched off.
What breaks a promise is written to ``tests/fuzz/crashes/NAME/`` and ends it: once mended, the suite tries it for ever.
With ``--pack`` what was found is kept in ``tests/fuzz/corpus/NAME.zip``.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import random
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

os.environ["NUMBA_DISABLE_JIT"] = "1"  # before numba is loaded

from contract import jit
from detector import prefetch

# before any module takes them from there
jit._compiled = lambda function, _: function
prefetch.prefetch = lambda *_: None

ROOT = Path(__file__).parents[2]
ROOMS = ("contract", "generator", "detector", "store", "campaign", "api")
LONGEST = 16_384
MOST_KEPT = 250
Seen = set[tuple[CodeType, int]]


def prepare() -> None:
    """What kernels call that has no form in Python gets one; words outside their bytes raise."""
    from generator import memory

    def reader(width: int) -> Any:
        def get(data: Any, at: Any) -> int:
            word = bytes(data[int(at) : int(at) + width])
            if at < 0 or len(word) < width:
                raise IndexError(f"{width} bytes at {at} of {len(data)}")
            return int.from_bytes(word, "big")

        return get

    for width in (1, 2, 4, 8):
        setattr(memory, f"get{8 * width}", reader(width))


def crash(name: str, data: bytes) -> Path:
    """Keep an input that broke a promise, under a name that its bytes make."""
    from tests.fuzz.targets import CRASHES

    folder = CRASHES / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:12]
    path.write_bytes(data)
    return path


def with_atheris(name: str, seconds: float, seed: int, pack: bool) -> int:
    """libFuzzer in a process of its own (it ends the process), over a folder of what is known."""
    from tests.fuzz.targets import TARGETS, corpus, crashes

    with tempfile.TemporaryDirectory(prefix="tenfold-fuzz-") as folder:
        work = Path(folder) / "work"
        work.mkdir()
        known = [*TARGETS[name].seeds(), *corpus(name), *crashes(name).values()]
        for number, data in enumerate(known):
            (work / f"seed-{number:04d}").write_bytes(data)
        words = Path(folder) / "words"
        entries = ["".join(f"\\x{byte:02x}" for byte in word) for word in TARGETS[name].words]
        words.write_text("".join(f'"{entry}"\n' for entry in entries))
        command = [sys.executable, "-m", "tests.fuzz.guided", name]
        options = [f"-seed={seed}", f"-max_len={LONGEST}", "-timeout=30", "-rss_limit_mb=4096", "-print_final_stats=1"]
        options += [f"-dict={words}"] if TARGETS[name].words else []
        run = [*command, f"-max_total_time={int(seconds)}", f"-artifact_prefix={folder}/found-", *options, str(work)]
        done = subprocess.run(run, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        tail = done.stderr.splitlines()
        said = "\n".join(line for line in tail if not line.startswith(("#", "INFO", "stat::")))
        for path in sorted(Path(folder).glob("found-*")):
            kept = crash(name, path.read_bytes())
            sys.stdout.write(f"{said[-6000:]}\n{name}: broke a promise, kept as {kept.relative_to(ROOT)}\n")
        if pack and not done.returncode:
            keep(name, [path.read_bytes() for path in work.iterdir()])
        told = [line for line in tail if "cov:" in line][-1:] + [line for line in tail if "executed_units" in line]
        sys.stdout.write(f"{name}: {' '.join(' '.join(told).split())}\n")
        return done.returncode


def keep(name: str, inputs: list[bytes]) -> None:
    """Keep the smallest of them: each has reached something that the ones before it had not."""
    from tests.fuzz.targets import pack

    path = pack(name, sorted(inputs, key=len)[:MOST_KEPT])
    sys.stdout.write(f"{name}: {min(len(inputs), MOST_KEPT)} inputs in {path.relative_to(ROOT)}\n")


def lines_of(name: str, data: bytes, seen: Seen) -> int:
    """Run it; how many lines of ours it reached that nothing had reached before."""
    from tests.fuzz.targets import TARGETS

    before = len(seen)
    call = TARGETS[name].call
    if hasattr(sys, "monitoring"):
        call(data)
        return len(seen) - before
    ours = tuple(str(ROOT / room) for room in ROOMS)

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(ours):
            return None
        if event == "line":
            seen.add((frame.f_code, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        call(data)
    finally:
        sys.settrace(None)
    return len(seen) - before


def watch(seen: Seen) -> None:
    """Python 3.12 and later: each line reports itself once, which costs next to nothing."""
    if not hasattr(sys, "monitoring"):
        return
    monitoring, ours = sys.monitoring, tuple(str(ROOT / room) for room in ROOMS)

    def line(code: CodeType, number: int) -> object:
        if code.co_filename.startswith(ours):
            seen.add((code, number))
        return monitoring.DISABLE

    monitoring.use_tool_id(monitoring.COVERAGE_ID, "explore")
    monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, line)
    monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)


def plainly(name: str, seconds: float, seed: int, pack: bool) -> int:
    """Without atheris: spoil inputs for a while, and keep those that reach new lines."""
    from tests.faults.corpus import mutated
    from tests.fuzz.targets import TARGETS, corpus

    prepare()
    warnings.filterwarnings("ignore", "overflow encountered", RuntimeWarning)  # hashes wrap
    draw, seen = random.Random(seed), Seen()
    known = [*TARGETS[name].seeds(), *corpus(name)]
    watch(seen)
    kept = [data for data in known if lines_of(name, data, seen)]
    tried, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        # New finds are spoiled more often than old ones.
        data = mutated(draw, kept[int(len(kept) * max(draw.random(), draw.random()))]) or b"\0"
        tried += 1
        try:
            if lines_of(name, data[:LONGEST], seen):
                kept.append(data)
        except BaseException:
            sys.stdout.write(f"{name}: broke a promise, kept as {crash(name, data).relative_to(ROOT)}\n")
            raise
    sys.stdout.write(f"{name}: {tried:,} inputs, {len(kept):,} kept, {len(seen):,} lines\n")
    if pack:
        keep(name, kept)
    return 0


def main() -> int:
    """Explore, and say what was reached."""
    from tests.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=["all", *sorted(TARGETS)])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=("atheris", "plain"))
    parser.add_argument("--pack", action="store_true")
    options = parser.parse_args()
    there = importlib.util.find_spec("atheris") is not None
    if options.engine == "atheris" and not there:
        parser.error("atheris is not installed (pip install atheris; it has wheels for CPython 3.11 to 3.13)")
    engine = with_atheris if there and options.engine != "plain" else plainly
    names = sorted(TARGETS) if options.target == "all" else [options.target]
    return max(engine(name, options.seconds, options.seed, options.pack) for name in names)


if __name__ == "__main__":
    sys.exit(main())
