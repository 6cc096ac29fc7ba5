"""Many times what it can hold: goodput, memory, drops by reason, and how soon it is itself again.

    python -m benchmarks.overload [--part socket|live|ingest ...] [--share 0.1] [--seconds 120] [--burst 10] [--json]

By hand: ``--seconds 600``. For each way in, on real processes: how much it metered a second while it was given no more
than it took (the peak), then in a flood of ten times that, and one of a hundred times; private memory at most, against
a ceiling; what was dropped and why; and how many seconds after each flood it was back to normal. Exit code 1 where
something of it was not kept. A sender on the same two processors cannot offer a hundred times of what a whole one
holds: ``--share`` leaves the detector a part of one (root, control groups).

* ``socket``: the detector's socket, written to as fast as it takes. Nothing is dropped: the sender is held back.
* ``live``: an interface (a lab of its own, tcpreplay, so root): what the ring cannot hold the kernel drops and counts.
* ``ingest``: the API, posted to by clients that do not wait when they are told to: 429 and ``Retry-After``. Normal is
  when the next batch is taken.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from benchmarks.live import write_pcap
from benchmarks.overload_gauge import AHEAD, BATCH, PEAK_S, START_S, Flood, Flooded, Gauge, Json, judged, until
from benchmarks.overload_ingest import by_ingest
from benchmarks.share import held_to
from contract.schemas import FRAMES
from generator.lab import namespaces
from generator.lab.namespaces import Lab
from tests.faults.floods import spoofed

PARTS: Final = ("socket", "live", "ingest")
LAB: Final = Lab(f"tfo-{os.getpid()}-send", f"tfo-{os.getpid()}-listen", "tfo-send", "tfo-listen")
_MOST_PPS: Final = 1_000_000  # from there on tcpreplay is told to go as fast as it can
_SOURCES: Final = 400_000  # a frame each, again and again: longer than a flow is kept


@contextmanager
def detector(folder: Path, *listening: str) -> Iterator[tuple[subprocess.Popen[bytes], Gauge]]:
    """A detector's process that listens."""
    command = [sys.executable, "-m", "detector.service", *listening, "--store", str(folder / "store")]
    command += ["--status", str(folder / "status.json")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    with subprocess.Popen(command, env=environment) as process:
        gauge = Gauge(folder / "status.json")
        try:
            until(lambda: gauge.status().get("state") in ("listening", "serving"), START_S)
            yield process, gauge
        finally:
            gauge.end()
            process.terminate()
            process.wait(120)


def by_socket(options: argparse.Namespace) -> Json:
    """As fast as the socket takes: whoever sends is held back, so nothing is offered that it cannot hold."""
    with tempfile.TemporaryDirectory(prefix="tfo") as name:
        folder = Path(name)
        with (
            detector(folder, "--socket", str(folder / "s"), "--once") as (process, gauge),
            held_to(options.share, process.pid),
            socket.socket(socket.AF_UNIX) as peer,
        ):
            peer.connect(str(folder / "s"))
            flood, began = Flood(), time.monotonic()
            with peer.makefile("wb") as sink, pa.ipc.new_stream(sink, FRAMES) as writer:
                while time.monotonic() - began < min(options.seconds, PEAK_S):  # no more than it takes
                    writer.write_batch(flood.next())
                    sink.flush()
                    due = flood.frames - AHEAD * BATCH
                    until(lambda due=due: gauge.status().get("frames", 0) >= due, 120)  # type: ignore[misc]
                turned = time.monotonic()
                while time.monotonic() - turned < options.seconds:
                    writer.write_batch(flood.next())
                ended = time.monotonic()
            normal = until(lambda: gauge.status().get("frames", 0) >= flood.frames, 300)
            until(lambda: gauge.status().get("state") == "done", 300)
            flooded = Flooded("held back", 0.0, turned, ended, normal)
            return judged("socket", gauge, gauge.mean(began, turned), [flooded], {"frames": flood.frames})


def by_interface(options: argparse.Namespace) -> Json:
    """What tcpreplay sends: more and more until it is too much, then ten and a hundred times of what was metered."""
    if os.geteuid() != 0 or not shutil.which("tcpreplay"):
        return {"part": "live", "skipped": "needs root and tcpreplay"}
    with tempfile.TemporaryDirectory(prefix="tfo") as name, ExitStack() as stack:
        folder = Path(name)
        _, offsets, data = spoofed(_SOURCES, 1, np.arange(_SOURCES)).column("frame").buffers()
        write_pcap(folder / "flood.pcap", np.frombuffer(offsets, np.int32), np.frombuffer(data, np.uint8))
        namespaces.up(LAB)
        stack.callback(namespaces.down, LAB)
        where = ["--interface", LAB.listen_interface, "--netns", LAB.listen_namespace, "--lab", "--keep-rights"]
        where += ["--ring-mib", str(options.ring)]
        process, gauge = stack.enter_context(detector(folder, *where))

        def replay(spent: float, rate: float) -> tuple[float, float]:
            command = ["ip", "netns", "exec", LAB.send_namespace, "tcpreplay", "-q", "-K", "--loop=0"]
            command += [f"--pps={round(rate)}" if rate < _MOST_PPS else "-t", f"--duration={max(1, round(spent))}"]
            command += ["-i", LAB.send_interface, str(folder / "flood.pcap")]
            began = time.monotonic()
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            return began, time.monotonic()

        def is_normal() -> bool:
            status = gauge.status()
            return not status["backlog"] and not status["uncommitted"]

        def offered() -> int:
            time.sleep(0.5)  # its status is renewed five times a second
            seen = gauge.status()["capture"]
            return int(seen["received"] + seen["kernel_dropped"])

        stack.enter_context(held_to(options.share, process.pid))
        peak, rate = 0.0, 40_000 * (options.share or 1.0)
        replay(PEAK_S, 4 * rate)  # what it touches for the first time takes longer
        while rate < 10 * peak or not peak:  # up to ten times of what it meters
            until(is_normal, 120)
            began, ended = replay(PEAK_S / 2, rate)
            peak, rate = max(peak, gauge.mean(began + 1, ended)), 4 * rate
        until(is_normal, 120)
        floods = []
        for word, times, seconds in (("10x", 10, options.seconds), ("100x", 100, options.burst)):
            before = offered()
            began, ended = replay(seconds, times * peak)
            normal = until(is_normal, 120)
            floods.append(Flooded(word, (offered() - before) / (ended - began), began, ended, normal))
        return judged("live", gauge, peak, floods, {"ring_mib": options.ring})


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--seconds", type=float, default=10.0, help="of the flood; 120, and 600 by hand")
    parser.add_argument("--burst", type=float, default=3.0, help="of the flood of a hundred times; 10 by hand")
    parser.add_argument("--share", type=float, default=0.0, help="of a processor for the detector; 0: what it gets")
    parser.add_argument("--ring", type=int, default=128, help="MiB of the ring (live)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    work = {"socket": by_socket, "live": by_interface, "ingest": by_ingest}
    kept = True
    for part in options.part or PARTS:
        row = work[part](options)
        kept = kept and all(row.get("kept", {}).values())
        if options.json:
            print(json.dumps(row), flush=True)
            continue
        print(f"{part}: {', '.join(f'{what} {value}' for what, value in row.items() if what != 'part')}", flush=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
