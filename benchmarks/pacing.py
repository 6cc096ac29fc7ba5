"""How exactly senders keep a rate on a veth, and what of it is the machine's. Needs root.

    python -m benchmarks.pacing [--windows N] [--seconds S] [--rates 8150,81500] [--json]

A machine that is shared takes its processors away for longer than a frame may be late, so one run says little. Here
short windows of every sender follow one another in turn, and between any two of them stands one of a *bare clock*: a
compiled loop that does nothing but read the clock, and notes when it first saw each due time pass. Nobody who spins can
be more exact than that. A sender's window counts as *quiet* where both bare clocks beside it spread by at most
``QUIET_US`` (p99 less p50) and the system counted no stolen time in it (``/proc/stat``, in steps of 10 ms).

Of each sender: rate error and spread (p99 less p50 of arrival less due time, by the kernel's clock at the receiver),
best and median of all windows and of the quiet ones, the median as a multiple of the bare clock's, how many times as
wide the median of ``tcpreplay --pps`` is, and its share of a processor.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.wire import LAB, arrived, ours, say, started, write_pcap
from contract.errors import TenfoldError
from contract.jit import kernel
from generator.lab import namespaces, native
from generator.lab.native import monotonic
from generator.lab.permission import permit
from generator.lab.wire import Wire
from generator.pacing import claim_processor
from tests.generator.lab.helpers import frames

QUIET_US = 2.0
OURS = {"ours, xdp": ("xdp", "exact"), "ours, portable": ("sendmmsg", "exact"), "ours, frugal": ("sendmmsg", "frugal")}
PEER = "tcpreplay --pps"
Int64 = npt.NDArray[np.int64]


@kernel
def look(due: Int64, seen: Int64, room: Int64) -> None:
    """Read the clock until each due time has passed; note when."""
    now = monotonic(room)
    for i in range(len(due)):
        while now < due[i]:
            now = monotonic(room)
        seen[i] = now


def grid(rate: float, n: int) -> Int64:
    """Due times of a window that begins in a moment."""
    return time.monotonic_ns() + 20_000_000 + np.round(np.arange(n) * (1e9 / rate)).astype(np.int64)


def bare(rate: float, n: int) -> float:
    """The spread of a bare clock, in microseconds."""
    due, seen = grid(rate, n), np.zeros(n, np.int64)
    look(due, seen, native.times())
    p50, p99 = np.percentile(seen - due, [50, 99])
    return float(p99 - p50) / 1000


def serve(path: str, rate: float, engine: str, pacing: str, interface: str) -> None:
    """Child process: at each line that comes in one window of ours, on a wire opened for it."""
    stored = np.load(path)
    for _ in sys.stdin:
        ours(Wire.open(permit(interface), pacing=pacing, engine=engine), stored["offsets"], stored["data"], rate)
        sys.stdout.flush()


class Child:
    """Our sender in a process that stays, so that a window is not one of starting Python."""

    def __init__(self, path: Path, rate: float, engine: str, pacing: str) -> None:
        command = ["ip", "netns", "exec", LAB.send_namespace, sys.executable, "-m", "benchmarks.pacing", "--serve"]
        command += [str(path), str(rate), engine, pacing, LAB.send_interface]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def send(self) -> dict[str, float]:
        """One window: its share of a processor."""
        pipe, told = self._process.stdin, self._process.stdout
        if pipe is None or told is None:
            raise ValueError("its pipes are open")
        pipe.write("go\n")
        pipe.flush()
        line = told.readline()
        if not line:
            raise RuntimeError("the sender ended")
        return dict(json.loads(line))

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()


def stolen() -> int:
    """Steps of 10 ms that the host took from this machine's processors."""
    return int(Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[8])


def measured(folder: Path, rate: int, windows: int, seconds: float) -> dict[str, list[dict[str, float]]]:
    """All windows of every sender at a rate."""
    n = int(rate * seconds)
    offsets, data = frames(n)
    stored, pcap = folder / f"{rate}.npz", folder / f"{rate}.pcap"
    np.savez(stored, offsets=offsets, data=data)
    write_pcap(pcap, offsets, data)
    children = {name: Child(stored, rate, *way) for name, way in OURS.items()}
    senders = {name: child.send for name, child in children.items()}
    replay = ["tcpreplay", "-q", "-K", f"--pps={rate}", "-i", LAB.send_interface, str(pcap)]
    if shutil.which(replay[0]):
        senders[PEER] = lambda: started(replay)
    else:
        say(f"{PEER}: not installed, skipped")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ("bare clock", *senders)}
    for child in children.values():
        arrived(child.send, rate, n)  # not counted: what it loads and compiles
    before = bare(rate, n)
    try:
        for _ in range(windows):
            for name, send in senders.items():
                taken = stolen()
                row = arrived(send, rate, n)
                taken, after = stolen() - taken, bare(rate, n)
                quiet = max(before, after) <= QUIET_US and not taken
                found[name].append({**row, "beside_us": max(before, after), "stolen": taken, "quiet": quiet})
                found["bare clock"].append({"spread_us": after, "quiet": after <= QUIET_US})
                before = after
    finally:
        for child in children.values():
            child.close()
    return found


def summed(rows: list[dict[str, float]]) -> dict[str, Any]:
    """Best and median of all windows and of the quiet ones."""
    made: dict[str, Any] = {"windows": len(rows)}
    for word, some in (("all", rows), ("quiet", [row for row in rows if row["quiet"]])):
        made[word] = {"windows": len(some)}
        for key in ("spread_us", "error_percent", "cpu"):
            values = [row[key] for row in some if key in row]
            if values:
                made[word][key] = {"best": min(values), "median": float(np.median(values))}
    return made


def show(rate: int, results: dict[str, dict[str, Any]]) -> None:
    """One rate as a table."""
    say(f"{rate:,}/s: spread in us, best / median of all windows, of the quiet ones; median rate error; processor")
    peer = results.get(PEER, {}).get("all", {}).get("spread_us", {}).get("median")
    clock = results["bare clock"]["all"]["spread_us"]["median"]
    for name, row in results.items():
        cells = []
        for word in ("all", "quiet"):
            spread = row[word].get("spread_us")
            text = f"{spread['best']:8.2f} /{spread['median']:9.2f}" if spread else f"{'-':>19}"
            cells.append(f"{text} ({row[word]['windows']:3})")
        rest = ""
        if "error_percent" in row["all"]:
            error = (row["quiet"] if row["quiet"]["windows"] else row["all"])["error_percent"]["median"]
            rest = f"  {error:.4f} %  {row['all']['cpu']['median']:4.0%}"
            rest += f"{row['all']['spread_us']['median'] / clock:8.1f} x bare clock"
            rest += f"  {peer / row['all']['spread_us']['median']:8.1f} x {PEER}" if peer else ""
        say(f"  {name:18} {'  '.join(cells)}{rest}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.1, help="of each window")
    parser.add_argument("--rates", default="8150,81500")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report = {}
    claim_processor()
    with tempfile.TemporaryDirectory() as name:
        try:
            namespaces.up(LAB)
            for rate in map(int, options.rates.split(",")):
                windows = measured(Path(name), rate, options.windows, options.seconds)
                results = {sender: summed(rows) for sender, rows in windows.items()}
                show(rate, results)
                report[str(rate)] = {"windows": windows, "summary": results}
        except TenfoldError as error:
            say(str(error))
            sys.exit(error.exit_code)
        finally:
            if os.geteuid() == 0:
                namespaces.down(LAB)
    if options.json:
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        claim_processor()
        serve(sys.argv[2], float(sys.argv[3]), *sys.argv[4:7])
    else:
        main()
