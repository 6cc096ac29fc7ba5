"""How fast a capture is rewritten, and beside it what tcprewrite does with the same file (skipped where it is absent).

    python -m benchmarks.replay [CAPTURE] [--frames N] [--json]

Without a capture one of ``--frames`` frames is generated. ``survey`` (first pass: addresses, flows, truth), ``rewrite``
(second pass, frames read from the file and left in memory) and ``whole`` (both, and the files written) are
frames a second of processor time; ``tcprewrite --seed`` is its own processor time, reading and writing files.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from campaign.replay_files import write
from campaign.replay_request import Request
from campaign.replay_survey import survey
from campaign.replaying import Replay
from generator.plan import make_plan
from generator.sinks import open_sink
from generator.traffic import chunks
from generator.workload import Share, Workload


def generated(path: Path, frames: int) -> None:
    """A capture of about that many frames: web browsing, scans, and a flood of spoofed sources."""
    seconds = max(frames / 40_000, 0.5)
    workload = Workload(
        duration_s=seconds,
        curve=((0.0, 8000.0),),
        attacks=(Share("syn_flood"), Share("port_scan")),
        benign=(Share("web_browsing"),),
        benign_curve=((0.0, 800.0),),
    )
    sink = open_sink(path)
    for chunk in chunks(make_plan(workload)):
        sink.write(chunk.frames)
    sink.close()


def best(work: Callable[[], Any], rounds: int = 3) -> float:
    """The least processor time of several rounds, in seconds; the first, which may compile, is not counted."""
    work()
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


def children_s() -> float:
    """Processor time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def tcprewrite(capture: Path, out: Path) -> float | None:
    """Processor time of ``tcprewrite --seed``, ``None`` where it is not installed."""
    program = shutil.which("tcprewrite")
    if program is None:
        return None
    spent = []
    for _ in range(3):
        begun = children_s()
        subprocess.run(
            [program, "--seed=5", "--fixcsum", f"--infile={capture}", f"--outfile={out}"],
            check=True,
            capture_output=True,
        )
        spent.append(children_s() - begun)
    return min(spent)


def measure(capture: Path, folder: Path) -> dict[str, Any]:
    """Frames a second of each stage."""
    request = Request(str(capture))
    found = survey(capture, None, request.cut, None)
    replay = Replay(found, request)
    frames = found.frames
    times = {
        "survey": best(lambda: survey(capture, None, request.cut, None)),
        "rewrite": best(lambda: sum(len(batch) for batch in replay.frames())),
        "whole": best(lambda: write(request, folder / "out.pcap")),
    }
    rates: dict[str, Any] = {name: round(frames / spent) for name, spent in times.items()}
    other = tcprewrite(capture, folder / "other.pcap")
    rates["tcprewrite"] = None if other is None else round(frames / max(other, 1e-6))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "capture": capture.name,
        "frames": frames,
        "bytes": capture.stat().st_size,
        "per_s": rates,
        "peak_mib": peak,
    }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("capture", nargs="?", type=Path)
    parser.add_argument("--frames", type=int, default=400_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        capture = options.capture or Path(name) / "made.pcap"
        if options.capture is None:
            generated(capture, options.frames)
        found = measure(capture, Path(name))
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{found['capture']}: {found['frames']:,} frames, {found['bytes']:,} bytes; peak {found['peak_mib']} MiB")
    for stage, rate in found["per_s"].items():
        print(f"{stage:11} {'not installed' if rate is None else f'{rate:12,} frames/s'}")


if __name__ == "__main__":
    main()
