"""Slow and stuck readers beside others: does anybody else wait for them?

    python -m benchmarks.readers [--pairs 8] [--seconds 3] [--json]

A service over a store in which alerts are written all the while. Some clients listen to the live stream, others ask for
pages of 100 alerts; in every second stretch of ``--seconds`` there are readers beside them that take nothing: of the
stream, and of answers that they have asked for again and again. Stretches come in pairs, in the order without, with,
with, without, ... so that what the machine does otherwise concerns both alike. Printed are the medians of the pairs'
ratios: of the median latency of pages, and of that of the stream's alerts; 1 is no change. At the end the stuck ones
stay, and it is seen whether they are cut off. Exit code 1 where a ratio is over 1.05 or one was not cut off.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.service import serving
from benchmarks.service_asking import Pool
from benchmarks.service_stream import Heard, deaf, listen
from store.writer import StoreWriter
from tests.api.helpers import FAMILIES, alert, make_run

PAGE: Final = "/v1/alerts?limit=100"
RATE, LISTENERS, STUCK = 100.0, 20, 10
MOST: Final = 1.05
_DEAF_S: Final = 60.0
_WRITES_S: Final = 0.1


class Writing:
    """Writes an alert ten times a second, so that the stream has something to say and pages are made anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        """Write no more."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        number = 1000
        with StoreWriter(self._folder) as writer:
            while not self._over.wait(_WRITES_S):
                number += 1
                writer.commit(alerts=[alert(number, FAMILIES[number % 4], "high", time.time_ns())])


def greedy(host: str, port: int) -> socket.socket:
    """A client that asks for page after page and takes nothing of them."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    link.connect((host, port))
    link.sendall(f"GET {PAGE} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode() * 40)
    return link


async def stretch(host: str, port: int, seconds: float) -> dict[str, float]:
    """How the others fare for so long: medians in ms."""
    loop, heard, took = asyncio.get_running_loop(), Heard(), []
    pool = Pool(host, port)
    listening = [asyncio.create_task(listen(host, port, seconds, heard)) for _ in range(LISTENERS)]

    async def one(due: float) -> None:
        status, _ = await pool.get(PAGE)
        if status != 200:
            raise SystemExit(f"readers: a page was answered with {status}")
        took.append(1e3 * (loop.time() - due))

    start = loop.time() + 0.2
    jobs = []
    for number in range(int(RATE * (seconds - 0.2))):
        due = start + number / RATE
        await asyncio.sleep(max(0.0, due - loop.time()))
        jobs.append(asyncio.create_task(one(due)))
    await asyncio.gather(*jobs, *listening)
    pool.close()
    return {"page_ms": float(np.median(took)), "alert_ms": float(np.median(heard.late_ms))}


def standing(port: int) -> int:
    """How many connections the service still has (the kernel's table: those that were cut off are not told so)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def stuck(host: str, port: int) -> list[socket.socket]:
    """Those who read nothing."""
    return [deaf(host, port) for _ in range(STUCK)] + [greedy(host, port) for _ in range(STUCK)]


def measure(host: str, port: int, options: argparse.Namespace) -> dict[str, Any]:
    """All pairs, and the end of those that stay stuck."""
    asyncio.run(stretch(host, port, options.seconds))  # whatever is made at the first request
    pairs = []
    for number in range(options.pairs):
        pair: dict[bool, dict[str, float]] = {}
        for beside in (False, True) if number % 2 else (True, False):
            links = stuck(host, port) if beside else []
            pair[beside] = asyncio.run(stretch(host, port, options.seconds))
            for link in links:
                link.close()
        pairs.append(pair)
    links = stuck(host, port)
    began = time.monotonic()
    while standing(port) and time.monotonic() - began < _DEAF_S:
        time.sleep(0.2)
    left, took = standing(port), time.monotonic() - began
    for link in links:
        link.close()
    ratios = {name: np.array([pair[True][name] / pair[False][name] for pair in pairs]) for name in pairs[0][True]}
    return {
        "alone": {name: round(float(np.median([pair[False][name] for pair in pairs])), 2) for name in ratios},
        "ratio": {name: round(float(np.median(values)), 3) for name, values in ratios.items()},
        "quartiles": {name: np.percentile(values, [25, 75]).round(3).tolist() for name, values in ratios.items()},
        "pairs": options.pairs,
        "stuck": len(links),
        "cut_off": len(links) - left,
        "cut_off_within_s": round(took, 1),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each stretch")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tfr") as name, ExitStack() as stack:
        url, _process = stack.enter_context(serving(Path(name)))
        writing = Writing(make_run(Path(name) / "small", alerts=200))
        stack.callback(writing.end)
        host, port = url.removeprefix("http://").split(":")
        row = measure(host, int(port), options)
    kept = all(ratio <= MOST for ratio in row["ratio"].values()) and row["cut_off"] == row["stuck"]
    if options.json:
        print(json.dumps(row | {"kept": kept}))
    else:
        print("\n".join(f"{what}: {value}" for what, value in (row | {"kept": kept}).items()))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
