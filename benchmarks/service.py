"""The service at the rates of an operations room, beside a campaign at 10x or over a store that lies still.

Usage: ``python benchmarks/service.py [--beside campaign|nothing|store] [--runs DIR] [--seconds 10] [--part NAME ...]``.
Prints one line of JSON for each part, with the limit that the part has to keep and whether it does, and how the
campaign fared at its end (a line ahead says the same of before the first part):

* ``floor``: ``/healthz`` at 200 requests a second, which touches nothing: what machine and client cost by themselves
* ``alerts``: a page of 100 alerts at 200 requests a second
* ``analyst``: detections, statistics and the timeline at the rates of a few people
* ``stream``: 100 clients of the live stream, and ten more that read nothing: when each alert arrives, counted from the
  moment at which it could be read in the store, and when those ten were cut off
* ``ingest``: flow batches over HTTP, each acknowledged when durable

Without a campaign and without ``--runs`` a small store is made first, of which the pages are read; ``stream`` needs a
campaign, which raises the alerts, and is left out. ``--runs`` with no run in it ends the program with exit code 2.

Requests are open loop: each has an intended time, and its latency counts from that, whatever became of the one before.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.service_asking import Pool, at_rate
from benchmarks.service_ingest import START_S, ingest
from benchmarks.service_stream import streams
from store.layout import DATABASE
from tests.api.helpers import make_run

PARTS = ("floor", "alerts", "analyst", "stream", "ingest")
_ANALYST = ("/v1/detections?limit=100", "/v1/stats", "/v1/detections?family=port_scan&limit=100", "/v1/stats/timeline")
_ALERTS = 200  # of the small store
_LIMIT_MS = {"floor": 20.0, "alerts": 20.0, "analyst": 100.0, "stream": 250.0}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", choices=("campaign", "nothing", "store"), default="campaign")
    parser.add_argument("--runs", type=Path, help="runs folder; with --beside store, one that holds a run")
    parser.add_argument("--multiplier", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second of a part")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each part")
    parser.add_argument("--settle", type=float, default=10.0, help="seconds of campaign before the first part")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this one")
    options = parser.parse_args()
    parts = options.part or [part for part in PARTS if part != "stream" or options.beside == "campaign"]
    if options.beside != "campaign" and "stream" in parts:
        parser.error("--part stream needs --beside campaign: its figures are of the alerts that a campaign raises")
    with tempfile.TemporaryDirectory(prefix="tenfold-bench-") as folder:
        runs = (options.runs or Path(folder)).resolve()
        if options.beside != "campaign":
            if options.runs is None:
                make_run(runs / "small", alerts=_ALERTS)
            elif not any(runs.glob(f"*/{DATABASE}")):
                parser.error(f"{options.runs} holds no run to ask about: name a folder with one, or leave --runs out")
        with serving(runs) as (url, process):
            if options.beside == "campaign":
                begin(url, options.multiplier, options.settle + len(parts) * (options.seconds + 2))
                time.sleep(options.settle)
                print(json.dumps({"part": "nothing", "beside": options.beside, "campaign": faring(url)}), flush=True)
            for part in parts:
                before = cpu_seconds(process.pid)
                began = time.monotonic()
                found = asyncio.run(measure(part, url, options.rate, options.seconds, runs))
                found["server_cores"] = round((cpu_seconds(process.pid) - before) / (time.monotonic() - began), 2)
                if "count" in found and part != "stream":
                    used = cpu_seconds(process.pid) - before
                    found["server_ms_per_request"] = round(used / found["count"] * 1e3, 2)
                found["load_of_machine"] = round(os.getloadavg()[0], 1)
                if options.beside == "campaign":
                    found["campaign"] = faring(url)
                print(json.dumps({"part": part, "beside": options.beside, **found}), flush=True)


@contextmanager
def serving(runs: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server process on a free port."""
    command = [sys.executable, "-m", "api.server", "--runs", str(runs), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = next((line for line in process.stderr or () if "serves http" in line), "")
            yield line.split("serves ")[1].split()[0].rstrip("/"), process
        finally:
            process.terminate()
            process.wait(120)


def begin(url: str, multiplier: float, seconds: float) -> None:
    """Start a campaign that lasts so long at that multiplier, and wait until it has raised alerts."""
    body = json.dumps({"scenario": "paris-2024", "multiplier": multiplier, "duration_s": round(seconds)}).encode()
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    with closing(connection):
        run = asked(connection, "POST", "/v1/campaigns", body)["id"]
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            state = asked(connection, "GET", f"/v1/campaigns/{run}")["state"]
            if state == "running":
                return
            if state != "starting":
                raise SystemExit(f"the campaign is {state}")
            time.sleep(0.1)
    raise SystemExit(f"the campaign has not begun within {START_S:.0f} s")


def faring(url: str) -> dict[str, Any]:
    """How the campaign does meanwhile."""
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)) as connection:
        stats = asked(connection, "GET", "/v1/stats")
    found = {"sent_per_s": stats["rates"].get("sent"), "within_1ms": stats.get("within_1ms")}
    return found | {"backlog_frames": stats.get("backlog_frames"), "latency_ms": stats.get("latency_ms")}


def asked(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
    """The JSON object of an answer."""
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    document: dict[str, Any] = json.loads(connection.getresponse().read())
    return document


async def measure(part: str, url: str, rate: float, seconds: float, runs: Path) -> dict[str, Any]:
    """One part."""
    host, port = url.removeprefix("http://").split(":")
    pool = Pool(host, int(port))
    try:
        if part == "floor":
            return await at_rate(pool, ["/healthz"], rate, seconds, _LIMIT_MS[part])
        if part == "alerts":
            return await at_rate(pool, ["/v1/alerts?limit=100"], rate, seconds, _LIMIT_MS[part])
        if part == "analyst":
            each = [await at_rate(pool, [path], 5.0, seconds / len(_ANALYST), _LIMIT_MS[part]) for path in _ANALYST]
            return {"limit_ms": _LIMIT_MS[part], "kept": all(row["kept"] for row in each)} | dict(
                zip(_ANALYST, each, strict=True)
            )
        if part == "ingest":
            return await ingest(pool, seconds, runs / "sensors" / "spool")
        return await streams(host, int(port), seconds, _LIMIT_MS[part])
    finally:
        pool.close()


def cpu_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
