"""Requests to a service at intended times, over connections that are kept open; what they took, held to a limit.

Requests are open loop: each has an intended time, and its latency counts from that, whatever became of the one before.
"""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

_CONNECTIONS = 24
_ARROW = "application/vnd.apache.arrow.stream"


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


def figures(milliseconds_or_seconds: list[float], limit_ms: float, by: str) -> dict[str, Any]:
    """Percentiles, and whether the limit was kept. Requests are in seconds, events in milliseconds."""
    values = np.asarray(milliseconds_or_seconds, np.float64) * (1e3 if by == "p99" else 1.0)
    if not values.size:
        return {"count": 0, "limit_ms": limit_ms, "kept": False}
    p50, p95, p99 = (round(float(value), 1) for value in np.percentile(values, [50, 95, 99]))
    most = round(float(values.max()), 1)
    found = {"count": int(values.size), "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "max_ms": most}
    return found | {"limit_ms": limit_ms, "kept": bool(found[f"{by}_ms"] < limit_ms)}
