"""Clients of the live stream: when each alert arrives, counted from the moment at which it could be read in the store.

Some more clients read nothing: when they are cut off.
"""

from __future__ import annotations

import asyncio
import json
import select
import socket
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.service_asking import figures

_CLIENTS = 100
_STUCK = 10
_DEAF_S = 40.0  # who reads nothing has to be cut off by then


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
