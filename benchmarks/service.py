"""The service at the rates of an operations room, beside a campaign at 10x or over a store that lies still.

Usage: ``python benchmarks/service.py [--beside campaign|nothing|store] [--runs DIR] [--seconds 10] [--part NAME ...]``.
Prints one line of JSON for each part, with the limit that the part has to keep and whether it does:

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
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent.parent))

from contract.files import write_synced
from contract.flow_batch import Note, write_batch
from detector.config import Config
from detector.flow_rows import joined, to_batch
from detector.flowtable import NOT_ENDED
from detector.sensor import Sensor
from store.layout import DATABASE
from tests.api.helpers import make_run, syn_frames

PARTS = ("floor", "alerts", "analyst", "stream", "ingest")
_ANALYST = ("/v1/detections?limit=100", "/v1/stats", "/v1/detections?family=port_scan&limit=100", "/v1/stats/timeline")
_CONNECTIONS = 24
_DEAF_S = 40.0  # who reads nothing has to be cut off by then
_SENSORS = 6
_FLOWS = 10_000  # of a batch
_ALERTS = 200  # of the small store
_WANTED = 100_000  # flows a second
_CLIENTS = 100
_STUCK = 10
_ARROW = "application/vnd.apache.arrow.stream"
_START_S = 400.0  # a first start compiles the kernels
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
            for part in parts:
                before = cpu_seconds(process.pid)
                began = time.monotonic()
                found = asyncio.run(measure(part, url, options.rate, options.seconds, runs))
                found["server_cores"] = round((cpu_seconds(process.pid) - before) / (time.monotonic() - began), 2)
                if "count" in found and part != "stream":
                    used = cpu_seconds(process.pid) - before
                    found["server_ms_per_request"] = round(used / found["count"] * 1e3, 2)
                found["load_of_machine"] = round(os.getloadavg()[0], 1)
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
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            state = asked(connection, "GET", f"/v1/campaigns/{run}")["state"]
            if state == "running":
                return
            if state != "starting":
                raise SystemExit(f"the campaign is {state}")
            time.sleep(0.1)
    raise SystemExit(f"the campaign has not begun within {_START_S:.0f} s")


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


class Pool:
    """Connections that are kept open; a request takes a free one, or opens one more."""

    def __init__(self, host: str, port: int) -> None:
        self._where = (host, port)
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._gate = asyncio.Semaphore(_CONNECTIONS)

    async def get(self, path: str) -> tuple[int, int]:
        """Status of the answer and bytes of its body."""
        return await self.ask("GET", path)

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, int]:
        """The same of any request."""
        async with self._gate:
            found = await self._link()
            try:
                answer = await self._ask(*found, method, path, body)
            except BaseException:
                found[1].close()
                raise
            self._free.append(found)
            return answer

    async def _link(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A free one that the server has not ended, as it does with those that say nothing for 30 s; or a new one."""
        while self._free:
            reader, writer = self._free.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(*self._where, limit=1 << 22)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, path: str, body: bytes
    ) -> tuple[int, int]:
        more = f"Content-Type: {_ARROW}\r\nContent-Length: {len(body)}\r\n" if body else ""
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: {self._where[0]}:{self._where[1]}\r\n{more}\r\n".encode())
        writer.write(body)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        return int(head[9:12]), length

    def close(self) -> None:
        """Close them."""
        for _, writer in self._free:
            writer.close()


async def at_rate(pool: Pool, paths: list[str], rate: float, seconds: float, limit_ms: float) -> dict[str, Any]:
    """Requests at intended times."""
    loop = asyncio.get_running_loop()
    took: list[float] = []
    sizes: list[int] = []
    wrong = 0

    async def one(path: str, due: float) -> None:
        nonlocal wrong
        try:
            status, size = await pool.get(path)
            wrong += status != 200
            sizes.append(size)
        except (OSError, asyncio.IncompleteReadError, IndexError):
            wrong += 1
        took.append(loop.time() - due)

    for path in paths:
        await pool.get(path)  # whatever is made at the first request
    start = loop.time() + 0.05
    jobs = []
    for number in range(int(rate * seconds)):
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - loop.time()))
        jobs.append(asyncio.create_task(one(paths[number % len(paths)], due)))
    await asyncio.gather(*jobs)
    found = figures(took, limit_ms, "p99")
    found["kept"] = found["kept"] and not wrong  # a quick refusal is no answer
    return {"requests_per_s": rate, **found, "wrong": wrong, "bytes": int(np.median(sizes))}


def flow_batches(count: int) -> list[pa.RecordBatch]:
    """What a sensor tells of so many floods of one-packet flows: each row a flow of its own."""
    batches = []
    for number in range(count):
        eyes = Sensor(Config(seed=1))
        eyes.feed(syn_frames(_FLOWS, time.time_ns(), number * _FLOWS))
        eyes.finish()
        ticks = eyes.rows()
        rows = joined([tick for tick in ticks if tick.records["ended"][0] == NOT_ENDED])
        batches.append(to_batch(rows))
        eyes.close()
    return batches


async def ingest(pool: Pool, seconds: float, spool: Path) -> dict[str, Any]:
    """Sensors that post as fast as they are answered; how fast the disk syncs what they post, and how fast all of it
    is detected.
    """
    prepared = flow_batches(8)
    await pool.ask("POST", "/v1/ingest/flows", write_batch(Note("s0", "first", 0), [prepared[0]]))
    await emptied(spool, _START_S)  # the detector is there
    size = len(write_batch(Note("s", "x", 0), [prepared[0]]))
    synced = sync_ms(size)
    took: list[float] = []
    waits = 0
    end = time.monotonic() + seconds

    async def sensor(number: int) -> None:
        nonlocal waits
        sequence = 0
        while time.monotonic() < end:
            # A session a batch: so its flows are new, as those of a flood are.
            note = Note(f"s{number}", f"{number}-{sequence}", 0, through=time.time_ns(), newest=time.time_ns())
            body = write_batch(note, [prepared[sequence % len(prepared)]])
            began = time.monotonic()
            status, _ = await pool.ask("POST", "/v1/ingest/flows", body)
            if status == 202:
                took.append(time.monotonic() - began)
                sequence += 1
            else:
                waits += 1
                await asyncio.sleep(1.0)

    began = time.monotonic()
    await asyncio.gather(*(sensor(number) for number in range(_SENSORS)))
    rate = len(took) * _FLOWS / (time.monotonic() - began)
    await emptied(spool, 180.0)
    detected = len(took) * _FLOWS / (time.monotonic() - began)
    return {
        "flows_per_s": round(rate),
        "detected_flows_per_s": round(detected),
        "limit_flows_per_s": _WANTED,
        "kept": rate >= _WANTED,
        "batches": len(took),
        "bytes_per_flow": round(size / _FLOWS),
        "mb_per_s": round(rate * size / _FLOWS / 1e6, 1),
        "acknowledged_p50_ms": round(float(np.percentile(took, 50)) * 1e3, 1),
        "acknowledged_p99_ms": round(float(np.percentile(took, 99)) * 1e3, 1),
        "sync_alone_ms": synced,
        "told_to_wait": waits,
    }


async def emptied(spool: Path, patience_s: float) -> None:
    """Wait until the detector has taken everything."""
    until = time.monotonic() + patience_s
    while any(spool.iterdir()):
        if time.monotonic() > until:
            raise SystemExit(f"the detector has not taken all batches within {patience_s:.0f} s")
        await asyncio.sleep(0.05)


def sync_ms(size: int) -> float:
    """How long this disk takes to keep so many bytes durably, with nothing else: the median of several."""
    took = []
    with tempfile.TemporaryDirectory(prefix="tenfold-bench-") as folder:
        for number in range(15):
            began = time.perf_counter()
            write_synced(Path(folder) / str(number), bytes(size))
            took.append(time.perf_counter() - began)
    return round(float(np.median(took)) * 1e3, 1)


@dataclass(frozen=True)
class Told:
    """What the figures need of one alert."""

    alert_id: str
    revision: int
    committed_ns: int
    raised_ns: int


@dataclass
class Heard:
    """What the clients of the stream heard. They are one process here: each text is parsed once for all of them."""

    late_ms: list[float] = field(default_factory=list)  # of the first word on each alert, by client
    revised_ms: list[float] = field(default_factory=list)
    gaps: int = 0
    ends: int = 0
    texts: dict[bytes, Told] = field(default_factory=dict)

    def read(self, data: bytes) -> Told:
        """The alert of an event's data."""
        found = self.texts.get(data)
        if found is None:
            item = json.loads(data)
            moments = (nanoseconds(item["committed_text"]), nanoseconds(item["raised_text"]))
            found = self.texts[data] = Told(item["alert_id"], item["revision"], *moments)
        return found


async def streams(host: str, port: int, seconds: float, limit_ms: float) -> dict[str, Any]:
    """Clients of the live stream, and some that never read."""
    heard = Heard()
    began = time.monotonic()
    stuck = [deaf(host, port) for _ in range(_STUCK)]
    cut = asyncio.create_task(asyncio.to_thread(cut_off, stuck, began + _DEAF_S))
    jobs = [asyncio.create_task(listen(host, port, seconds, heard)) for _ in range(_CLIENTS)]
    await asyncio.gather(*jobs)
    ends = sorted(moment - began for moment in await cut)
    return {
        "clients": _CLIENTS,
        **figures(heard.late_ms, limit_ms, "max"),
        "p99_kept": bool(heard.late_ms) and bool(np.percentile(heard.late_ms, 99) < limit_ms),
        "revised_p99_ms": round(float(np.percentile(heard.revised_ms, 99)), 1) if heard.revised_ms else None,
        "gaps": heard.gaps,
        "ended_early": heard.ends,
        "stuck_clients": _STUCK,
        "stuck_cut_off": len(ends),
        "stuck_cut_off_after_s": [round(ends[0], 1), round(ends[-1], 1)] if ends else None,
    }


def deaf(host: str, port: int) -> socket.socket:
    """A client that asks for the stream and takes nothing of it."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    link.connect((host, port))
    link.sendall(f"GET /v1/stream HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    return link


def cut_off(links: list[socket.socket], until: float) -> list[float]:
    """When each was told that its connection is over; without reading, which would make it take something."""
    waiting = {link.fileno(): link for link in links}
    poll = select.poll()
    for number in waiting:
        poll.register(number, select.POLLERR)
    ends = []
    while waiting and time.monotonic() < until:
        for number, _ in poll.poll(500):
            poll.unregister(number)
            waiting.pop(number)
            ends.append(time.monotonic())
    for link in links:
        link.close()
    return ends


async def opened(host: str, port: int, limit: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An open stream, from behind the head of the answer."""
    reader, writer = await asyncio.open_connection(host, port, limit=limit)
    writer.write(f"GET /v1/stream HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def listen(host: str, port: int, seconds: float, heard: Heard) -> None:
    """One client."""
    loop = asyncio.get_running_loop()
    reader, writer = await opened(host, port, limit=1 << 22)
    known: set[str] = set()
    began_ns = time.time_ns()
    end = loop.time() + seconds
    try:
        async with asyncio.timeout_at(end):
            while True:
                event = await reader.readuntil(b"\n\n")
                now = time.time_ns()
                if b"event: gap" in event[:80]:
                    heard.gaps += 1
                if b"event: alert" not in event[:160]:
                    continue
                item = heard.read(event.split(b"data: ", 1)[1])
                first = item.alert_id not in known
                known.add(item.alert_id)
                late = (now - item.committed_ns) / 1e6
                if first and item.raised_ns > began_ns and item.revision == 1:
                    heard.late_ms.append(late)
                elif not first:
                    heard.revised_ms.append(late)
    except TimeoutError:
        pass
    except (asyncio.IncompleteReadError, OSError):
        heard.ends += 1
    writer.close()


def nanoseconds(text: str) -> int:
    """Of a time as the service writes it."""
    return int(np.datetime64(text.rstrip("Z"), "ns").astype(np.int64))


def figures(milliseconds_or_seconds: list[float], limit_ms: float, by: str) -> dict[str, Any]:
    """Percentiles, and whether the limit was kept. Requests are in seconds, events in milliseconds."""
    values = np.asarray(milliseconds_or_seconds, np.float64) * (1e3 if by == "p99" else 1.0)
    if not values.size:
        return {"count": 0, "limit_ms": limit_ms, "kept": False}
    p50, p95, p99 = (round(float(value), 1) for value in np.percentile(values, [50, 95, 99]))
    most = round(float(values.max()), 1)
    found = {"count": int(values.size), "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "max_ms": most}
    return found | {"limit_ms": limit_ms, "kept": bool(found[f"{by}_ms"] < limit_ms)}


def cpu_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
