"""Rows a second into the store in commits of 8,150 rows, and reading it at the same time.

Usage: ``python benchmarks/store.py [--commits 200]``. Prints one line of JSON. Flows and verdicts are appended side by
side (8,150 rows of each a commit, one alert in every tenth); a second process asks for the last 100 alerts and
detections of a family every 50 ms.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from store.filters import Filters
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.store.helpers import alert, flows, verdicts

ROWS = 8_150


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=200)
    parser.add_argument("--read", type=Path, help="be the reader of this store")
    options = parser.parse_args()
    if options.read:
        read(options.read)
        return
    with tempfile.TemporaryDirectory(prefix="tenfold-bench-") as folder:
        print(json.dumps(write(Path(folder), options.commits), indent=1))


def write(folder: Path, commits: int) -> dict[str, float]:
    """Append as fast as it goes beside a reader."""
    batches = [(flows(ROWS, first_id=i * ROWS), verdicts(ROWS, first_id=i * ROWS)) for i in range(10)]
    took = []
    with StoreWriter(folder) as writer:
        writer.commit(*batches[0], [alert(1)])  # compiles what is compiled
        reader = subprocess.Popen(
            [sys.executable, __file__, "--read", str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if reader.stdout:
            reader.stdout.readline()  # it is ready
        began = time.perf_counter()
        for number in range(commits):
            start = time.perf_counter()
            writer.commit(*batches[number % 10], [alert(2 + number)] if number % 10 == 0 else [])
            took.append(time.perf_counter() - start)
        seconds = time.perf_counter() - began
        reads = json.loads(reader.communicate("stop\n", timeout=60)[0])
    milliseconds = np.asarray(took) * 1e3
    return {
        "commits": commits,
        "rows_per_s": round(2 * ROWS * commits / seconds),
        "append_p50_ms": round(float(np.percentile(milliseconds, 50)), 2),
        "append_p99_ms": round(float(np.percentile(milliseconds, 99)), 2),
        "append_max_ms": round(float(milliseconds.max()), 2),
        **reads,
    }


def read(folder: Path) -> None:
    """Ask every 50 ms until stdin says stop."""
    import threading

    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    alerts, detections = [], []
    with StoreReader(folder) as reader:
        print("ready", flush=True)
        while not stop.wait(0.05):
            start = time.perf_counter()
            reader.alerts(Filters(family="syn_flood"), 100)
            middle = time.perf_counter()
            reader.detections(Filters(family="syn_flood"), 100)
            alerts.append((middle - start) * 1e3)
            detections.append((time.perf_counter() - middle) * 1e3)
    result = {"reads": len(alerts)}
    for name, values in (("alerts", alerts), ("detections", detections)):
        for percent in (50, 99):
            result[f"last_100_{name}_p{percent}_ms"] = round(float(np.percentile(values, percent)), 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
