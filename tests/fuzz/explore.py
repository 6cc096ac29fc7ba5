"""Coverage-guided fuzzing by hand: inputs that reach new lines are kept and spoiled further.

    python -m tests.fuzz.explore {frames,pcap,pcapng,stream} [--seconds N] [--seed N] [--keep FOLDER]

Kernels run as the plain Python that they were written in, where lines can be seen and an index out of bounds raises
instead of reading on: numba is switched off. ``sys.monitoring`` (Python 3.12) counts lines, ``sys.settrace`` before
that. What raises anything but ``InputError``, or leaves frames unaccounted for, is written to the folder, and ends it.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

os.environ["NUMBA_DISABLE_JIT"] = "1"  # before numba is loaded

import numpy as np

from contract.arrow_io import write_stream
from contract.errors import InputError
from contract.schemas import FRAMES
from detector import flow_index
from detector.capture.opening import source_of
from detector.meter import Meter
from tests.detector.captured import batch_of
from tests.faults.corpus import mutated, pcap, pcapng, small_batch, sound

flow_index.prefetch = lambda *_: None  # an instruction of the processor: it has no form in Python
ROOMS = tuple(str(Path(__file__).parents[2] / room) for room in ("detector", "contract"))
Seen = set[tuple[CodeType, int]]


def through_meter(data: bytes) -> None:
    """The first two bytes say which link type; the rest is one frame, twice."""
    links = (1, 113, 276, 101, 0, 108)
    meter = Meter(capacity=8, seed=1, tunnels="inner" if data[:1] > b"\x7f" else "outer")
    frame = data[2:]
    dropped = meter.update(batch_of([frame, frame], link=links[data[1] % len(links)] if len(data) > 1 else 1))
    flows = meter.table.flows[meter.finish()]
    assert int(flows["packets"].sum()) + dropped.total() == 2


def through_source(data: bytes) -> None:
    """A capture or stream, read to its end."""
    try:
        source = source_of(np.frombuffer(data, np.uint8), "x")
        frames = sum(batch.num_rows for batch in source.batches())
    except InputError:
        return
    assert source.ledger_stage.unexplained == 0
    assert source.ledger_stage.delivered == frames


TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "frames": (through_meter, lambda: [bytes([200 * (n % 2), 0]) + frame for n, (_, frame) in enumerate(sound())]),
    "pcap": (through_source, lambda: [pcap()]),
    "pcapng": (through_source, lambda: [pcapng("<"), pcapng(">")]),
    "stream": (through_source, lambda: [write_stream([small_batch()], FRAMES)]),
}


def lines_of(call: Callable[[bytes], None], data: bytes, seen: Seen) -> int:
    """Run it; how many lines of the detector and its contract it reached that nothing had reached before."""
    before = len(seen)
    if hasattr(sys, "monitoring"):
        call(data)
        return len(seen) - before

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(ROOMS):
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
    monitoring = sys.monitoring

    def line(code: CodeType, number: int) -> object:
        if code.co_filename.startswith(ROOMS):
            seen.add((code, number))
        return monitoring.DISABLE

    monitoring.use_tool_id(monitoring.COVERAGE_ID, "explore")
    monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, line)
    monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)


def explore(name: str, seconds: float, seed: int, keep: Path) -> dict[str, int]:
    """Spoil inputs for a while; how many were tried, kept and how many lines were reached."""
    call, seeds = TARGETS[name]
    draw, seen, corpus = random.Random(seed), Seen(), seeds()
    watch(seen)
    for data in corpus:
        lines_of(call, data, seen)
    tried, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        # New finds are spoiled more often than old ones.
        data = mutated(draw, corpus[int(len(corpus) * max(draw.random(), draw.random()))]) or b"\0"
        tried += 1
        try:
            if lines_of(call, data, seen):
                corpus.append(data)
        except BaseException:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{name}-{seed}-{tried}.bin").write_bytes(data)
            raise
    return {"tried": tried, "kept": len(corpus), "lines": len(seen)}


def main() -> int:
    """Explore, and say what was reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    options = parser.parse_args()
    found = explore(options.target, options.seconds, options.seed, options.keep)
    sys.stdout.write(f"{options.target}: {found['tried']:,} inputs, {found['kept']:,} kept, {found['lines']:,} lines\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
