"""Frames read from a packet ring: how many a second without loss, in which order, at what cost. Needs root.

    python -m benchmarks.live [--frames N] [--rounds R] [--ring MIB] [--rate FRAMES/S] [--json]

A lab of its own; the sender is tcpreplay at full speed (skipped with a word where it is not installed), then our wire
sender with XDP live frames: at full speed, at a rate (500,000 frames a second: nothing may be lost), and at full speed
to a reader that is too slow and has a small ring (what is lost must be counted, and memory must not grow). Rates are
those of the kernel's times of arrival; the reader's cost is its thread's own processor time. Every frame carries its
number: what is missing, doubled or out of order is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.flood import resident_mib
from contract.clock import Clock
from detector.capture.live import LiveSource
from detector.capture.live_socket import Options, Ring
from generator.lab import namespaces
from generator.lab.interfaces import inside
from generator.lab.namespaces import Lab
from tests.generator.lab.helpers import frames

LAB = Lab(f"tfl-{os.getpid()}-send", f"tfl-{os.getpid()}-listen", "tfl-send", "tfl-listen")
NUMBER_AT = 42
_SMALL_RING = 4  # MiB
_SLOW = 0.05  # seconds of pause after each batch, of a reader that cannot keep up
I64 = npt.NDArray[np.int64]


def send(path: Path, rate: float) -> None:
    """Child process: all frames of a file by XDP live frames, so many a second; 0: as fast as they go."""
    from benchmarks.wire import ours
    from generator.lab.permission import permit
    from generator.lab.wire import Wire

    stored = np.load(path)
    ours(Wire.open(permit(LAB.send_interface), pacing="exact", engine="xdp"), stored["offsets"], stored["data"], rate)


def write_pcap(path: Path, offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8]) -> None:
    """The frames as a capture."""
    raw = data.tobytes()
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1))
        for low, high in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
            file.write(struct.pack("<IIII", 0, 0, high - low, high - low) + raw[low:high])


def numbers(batch: pa.RecordBatch) -> I64:
    """The numbers that the frames of a batch carry."""
    _, offsets, data = batch.column("frame").buffers()
    starts = np.frombuffer(offsets, np.int32)[: batch.num_rows]
    octets = np.frombuffer(data, np.uint8)
    found: I64 = sum(octets[starts + NUMBER_AT + n].astype(np.int64) << (8 * n) for n in range(4))
    return found


def measure(command: Sequence[str], expected: int, ring_mib: int, pause: float = 0.0) -> dict[str, Any]:
    """Start a sender and read until it has ended, with a pause after each batch; what came."""
    options = Options(LAB.listen_interface, ring_bytes=ring_mib << 20)
    ring = inside(LAB.listen_namespace, lambda: Ring(options))
    source = LiveSource(ring, Clock.start(), lab=True)
    source.start()
    seen: list[I64] = []
    times: list[tuple[int, int]] = []
    spent, before, most = 0, resident_mib(), 0
    quiet = subprocess.DEVNULL
    with subprocess.Popen(["ip", "netns", "exec", LAB.send_namespace, *command], stdout=quiet, stderr=quiet) as sender:
        over = False
        while not over:
            if sender.poll() is not None:
                source.stop()
            begun = time.thread_time_ns()
            batch, over = source.read(0.05)
            spent += time.thread_time_ns() - begun
            most = max(most, resident_mib())
            time.sleep(pause)
            if batch is not None:
                seen.append(numbers(batch))
                ts = batch.column("ts").cast(pa.int64())
                times.append((ts[0].as_py(), ts[-1].as_py()))
    ring.close()
    came = np.concatenate(seen) if seen else np.zeros(0, np.int64)
    seconds = (times[-1][1] - times[0][0]) / 1e9 if len(came) > 1 else 1.0
    dropped = source.ledger_stage.dropped["kernel"]
    return {
        "sent": expected,
        "read": len(came),
        "dropped_by_the_ring": dropped,
        "unexplained": expected - len(came) - dropped,
        "out_of_order": int((np.diff(came) < 0).sum()),
        "packets_per_s": round(len(came) / seconds),
        "reader_ns_per_frame": round(spent / max(len(came), 1)),
        "memory_mib": most - before,
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ring", type=int, default=128, help="MiB")
    parser.add_argument("--rate", type=int, default=500_000, help="frames a second that must all arrive")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--send", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--send-rate", type=float, default=0.0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        send(options.send, options.send_rate)
        return 0
    offsets, data = frames(options.frames)
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        stored, capture = Path(folder, "frames.npz"), Path(folder, "frames.pcap")
        np.savez(stored, offsets=offsets, data=data)
        commands = {"xdp": [sys.executable, "-m", "benchmarks.live", "--send", str(stored)]}
        if shutil.which("tcpreplay"):
            write_pcap(capture, offsets, data)
            replay = ["tcpreplay", "-q", "-t", "-K", "-i", LAB.send_interface, str(capture)]
            commands = {"tcpreplay -t -K": replay} | commands
        else:
            print("tcpreplay is not installed: skipped", file=sys.stderr)
        namespaces.up(LAB)
        try:
            for name, command in commands.items():
                found = [measure(command, options.frames, options.ring) for _ in range(options.rounds)]
                rows[name] = max(found, key=lambda row: row["packets_per_s"])
            paced = [*commands["xdp"], "--send-rate", str(options.rate)]
            found = [measure(paced, options.frames, options.ring) for _ in range(options.rounds)]
            rows[f"xdp at {options.rate:,}/s"] = min(found, key=lambda row: row["dropped_by_the_ring"])
            rows["xdp, overload"] = measure(commands["xdp"], options.frames, _SMALL_RING, _SLOW)
        finally:
            namespaces.down(LAB)
    if options.json:
        print(json.dumps(rows, indent=1))
        return 0
    for name, row in rows.items():
        print(f"{name}: {', '.join(f'{what} {value:,}' for what, value in row.items())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
