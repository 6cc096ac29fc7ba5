"""Many times what it can hold: goodput, memory, drops by reason, and how soon it is itself again.

    python -m benchmarks.overload [--part socket|live|ingest ...] [--seconds 120] [--burst 10] [--json]

By hand: ``--seconds 600``. For each way in, on real processes: how much it metered a second while it was given no more
than it took (the peak), then in the flood; private memory at most, against a ceiling; what was dropped and why; and how
many seconds after the flood it was back to normal. Exit code 1 where something of it was not kept.

* ``socket``: the detector's socket, written to as fast as it takes. Nothing is dropped: the sender is held back.
* ``live``: an interface (a lab of its own, tcpreplay at full speed, so root): what the ring cannot hold the kernel
  drops and counts. ``--burst`` seconds of it follow a pause.
* ``ingest``: the API, posted to by clients that do not wait when they are told to: 429 and ``Retry-After``. Normal is
  when the next batch is taken.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from benchmarks.live import write_pcap
from benchmarks.service import serving
from contract.arrow_io import write_stream
from contract.schemas import FRAMES, TIME
from generator.lab import namespaces
from generator.lab.namespaces import Lab
from tests.faults.floods import spoofed
from tests.generator.lab.helpers import frames

PARTS: Final = ("socket", "live", "ingest")
LAB: Final = Lab(f"tfo-{os.getpid()}-send", f"tfo-{os.getpid()}-listen", "tfo-send", "tfo-listen")
CEILING_MIB: Final = 1800.0  # the flow table (701), the queue (256), rings, windows, code and what Python keeps
GOODPUT, NORMAL_S = 0.9, 5.0
_BATCH, _POSTERS = 16_384, 4
_AHEAD: Final = 8  # batches that are under way at the peak: its status is renewed five times a second only
_ARROW: Final = {"Content-Type": "application/vnd.apache.arrow.stream"}
_START_S: Final = 400.0  # a first start compiles the kernels
Json = dict[str, Any]


class Gauge:
    """What a detector says of itself and how much memory its process has, five times a second."""

    def __init__(self, status: Path, more: int = 0) -> None:
        self.status_path, self._more = status, more
        self.rows: list[tuple[float, int]] = []
        self.memory_mib = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def status(self) -> Json:
        """The newest status."""
        with suppress(OSError, ValueError):
            found = json.loads(self.status_path.read_bytes())
            return found if isinstance(found, dict) else {}
        return {}

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def mean(self, since: float, until: float) -> float:
        """What was metered a second, between."""
        rows = [row for row in self.rows if since <= row[0] <= until]
        return (rows[-1][1] - rows[0][1]) / (rows[-1][0] - rows[0][0]) if len(rows) > 1 else 0.0

    def _run(self) -> None:
        while not self._over.wait(0.2):
            status = self.status()
            if "frames" in status:
                self.rows.append((time.monotonic(), int(status["frames"])))
            pids = [pid for pid in (status.get("pid"), self._more) if pid]
            self.memory_mib = max(self.memory_mib, sum(map(_private_mib, pids)))


def _private_mib(pid: int) -> float:
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/status").read_text().partition("RssAnon:")[2].split()[0]) / 1024
    return 0.0


def until(holds: Callable[[], object], patience_s: float) -> float:
    """Seconds until something holds. Ends the benchmark where it never does."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > patience_s:
            raise SystemExit("overload: what was waited for never came")
        time.sleep(0.02)
    return time.monotonic() - began


@contextmanager
def detector(folder: Path, *listening: str) -> Iterator[tuple[subprocess.Popen[bytes], Gauge]]:
    """A detector's process that listens."""
    command = [sys.executable, "-m", "detector.service", *listening, "--store", str(folder / "store")]
    command += ["--status", str(folder / "status.json")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    with subprocess.Popen(command, env=environment) as process:
        gauge = Gauge(folder / "status.json")
        try:
            until(lambda: gauge.status().get("state") in ("listening", "serving"), _START_S)
            yield process, gauge
        finally:
            gauge.end()
            process.terminate()
            process.wait(120)


def judged(part: str, gauge: Gauge, peak: float, flooded: tuple[float, float], normal_s: float, more: Json) -> Json:
    """One row, with what it has to keep."""
    good = gauge.mean(*flooded)
    ratio = good / peak if peak else 0.0
    ledger = gauge.status().get("ledger", {})
    dropped = {name: row["dropped"] for name, row in ledger.get("stages", {}).items() if row["dropped"]}
    return {
        "part": part,
        "seconds": round(flooded[1] - flooded[0], 1),
        "peak_frames_per_s": round(peak),
        "goodput_frames_per_s": round(good),
        "goodput_of_peak": round(ratio, 3),
        "memory_mib": round(gauge.memory_mib),
        "ceiling_mib": CEILING_MIB,
        "normal_after_s": round(normal_s, 2),
        "dropped": dropped,
        "ledger_faults": ledger.get("faults"),
        "kept": {
            "goodput": ratio >= GOODPUT,
            "memory": gauge.memory_mib <= CEILING_MIB,
            "normal": normal_s <= NORMAL_S,
            "ledger": ledger.get("faults") == [],
        },
    } | more


class Flood:
    """Batches of spoofed SYNs, made ahead; each is given the time of now when it is asked for."""

    def __init__(self) -> None:
        self._made = [spoofed(_BATCH, seed, np.arange(_BATCH, dtype=np.int64)) for seed in range(16)]
        self.frames = 0

    def next(self) -> pa.RecordBatch:
        """One more."""
        made = self._made[self.frames // _BATCH % len(self._made)]
        self.frames += _BATCH
        now = pa.array(time.time_ns() + np.arange(_BATCH, dtype=np.int64)).cast(TIME)
        return pa.record_batch([now, *made.columns[1:]], schema=FRAMES)


def by_socket(seconds: float, _: float) -> Json:
    """As fast as the socket takes."""
    with tempfile.TemporaryDirectory(prefix="tfo") as name:
        folder = Path(name)
        with (
            detector(folder, "--socket", str(folder / "s"), "--once") as (_process, gauge),
            socket.socket(socket.AF_UNIX) as peer,
        ):
            peer.connect(str(folder / "s"))
            flood, began = Flood(), time.monotonic()
            with peer.makefile("wb") as sink, pa.ipc.new_stream(sink, FRAMES) as writer:
                while time.monotonic() - began < seconds:  # no more than it takes
                    writer.write_batch(flood.next())
                    sink.flush()
                    due = flood.frames - _AHEAD * _BATCH
                    until(lambda due=due: gauge.status().get("frames", 0) >= due, 120)  # type: ignore[misc]
                turned = time.monotonic()
                while time.monotonic() - turned < seconds:
                    writer.write_batch(flood.next())
                ended = time.monotonic()
            normal = until(lambda: gauge.status().get("frames", 0) >= flood.frames, 300)
            until(lambda: gauge.status().get("state") == "done", 300)
            peak = gauge.mean(began, turned)
            return judged("socket", gauge, peak, (turned, ended), normal, {"offered_frames": flood.frames})


def by_interface(seconds: float, burst: float) -> Json:
    """As fast as tcpreplay sends; first a while at what the detector takes."""
    if os.geteuid() != 0 or not shutil.which("tcpreplay"):
        return {"part": "live", "skipped": "needs root and tcpreplay"}
    with tempfile.TemporaryDirectory(prefix="tfo") as name, ExitStack() as stack:
        folder = Path(name)
        write_pcap(folder / "flood.pcap", *frames(200_000))
        namespaces.up(LAB)
        stack.callback(namespaces.down, LAB)
        where = ["--interface", LAB.listen_interface, "--netns", LAB.listen_namespace, "--lab", "--keep-rights"]
        _process, gauge = stack.enter_context(detector(folder, *where))

        def replay(spent: float, *rate: str) -> tuple[float, float]:
            command = ["ip", "netns", "exec", LAB.send_namespace, "tcpreplay", "-q", "-K", *rate, "--loop=0"]
            command += [f"--duration={max(1, round(spent))}", "-i", LAB.send_interface, str(folder / "flood.pcap")]
            began = time.monotonic()
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            return began, time.monotonic()

        def is_normal() -> bool:
            status = gauge.status()
            return not status["backlog"] and not status["uncommitted"]

        steps = [replay(4.0, f"--pps={rate}") for rate in (50_000, 100_000, 200_000)]
        peak = max(gauge.mean(began + 1, ended) for began, ended in steps)
        until(is_normal, 120)
        before = gauge.status()["capture"]
        flooded = replay(seconds, "-t")
        normal = until(is_normal, 120)
        burst_ = replay(burst, "-t")
        normal = max(normal, until(is_normal, 120))
        time.sleep(0.5)
        seen = gauge.status()["capture"]
        offered = sum(seen[name] - before[name] for name in ("received", "kernel_dropped"))
        times = offered / (flooded[1] - flooded[0] + burst_[1] - burst_[0]) / max(peak, 1)
        return judged("live", gauge, peak, flooded, normal, {"offered_times_of_peak": round(times, 1)})


def by_ingest(seconds: float, _: float) -> Json:
    """Clients that post on whatever they are told."""
    with tempfile.TemporaryDirectory(prefix="tfo") as name, serving(Path(name)) as (url, process):
        host = url.removeprefix("http://")
        gauge = Gauge(Path(name) / "live" / "detector.status.json", process.pid)
        answers: dict[int, int] = {}
        over, turn = threading.Event(), threading.Lock()

        def post(connection: http.client.HTTPConnection, flood: Flood) -> int:
            connection.request("POST", "/v1/ingest/frames", write_stream([flood.next()], FRAMES), _ARROW)
            reply = connection.getresponse()
            reply.read()
            with turn:
                answers[reply.status] = answers.get(reply.status, 0) + 1
            return reply.status

        def rude() -> None:
            flood = Flood()
            while not over.is_set():
                with suppress(OSError, http.client.HTTPException), closing(_to(host)) as connection:
                    while not over.is_set():
                        post(connection, flood)

        with closing(_to(host)) as connection:
            flood = Flood()
            post(connection, flood)
            until(lambda: gauge.status().get("frames", 0) > 0, _START_S)
            polite = time.monotonic()
            while time.monotonic() - polite < seconds:
                post(connection, flood)
                due = flood.frames - _AHEAD * _BATCH
                until(lambda due=due: gauge.status().get("frames", 0) >= due, 120)  # type: ignore[misc]
            posters = [threading.Thread(target=rude) for _ in range(_POSTERS)]
            began = time.monotonic()
            for poster in posters:
                poster.start()
            time.sleep(seconds)
            over.set()
            for poster in posters:
                poster.join()
            ended = time.monotonic()

        def is_taken() -> bool:  # on a connection of its own: the one from before the flood was idle for too long
            with suppress(OSError, http.client.HTTPException), closing(_to(host)) as connection:
                return post(connection, flood) == HTTPStatus.ACCEPTED
            return False

        normal = until(is_taken, 300)
        with closing(_to(host)) as connection:
            connection.request("GET", "/metrics")
            told = [line for line in connection.getresponse().read().decode().splitlines() if "service_" in line]
        gauge.end()
        row = judged("ingest", gauge, gauge.mean(polite, began), (began, ended), normal, {"answers": answers})
        return row | {"service": [line for line in told if line.startswith("tenfold_service_dropped_total")]}


def _to(host: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(host, timeout=60)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--seconds", type=float, default=10.0, help="of the flood; 120, and 600 by hand")
    parser.add_argument("--burst", type=float, default=3.0, help="of a second flood (live)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    work = {"socket": by_socket, "live": by_interface, "ingest": by_ingest}
    kept = True
    for part in options.part or PARTS:
        row = work[part](options.seconds, options.burst)
        kept = kept and all(row.get("kept", {}).values())
        if options.json:
            print(json.dumps(row))
            continue
        print(f"{part}: {', '.join(f'{what} {value}' for what, value in row.items() if what != 'part')}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
