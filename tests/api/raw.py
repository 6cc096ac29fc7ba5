"""One server in a thread of the test, and plain sockets to say anything to it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import Any

import uvicorn

from api.app import create_app
from api.connections import Bounds, Desk, bounded
from api.server import listen
from api.settings import Settings

QUICK = Bounds(most=60, head_s=0.5, head_bytes=8192, body_s=0.5, body_rate=1e6, write_s=0.5, refused_bytes=65536)
GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"


class Running:
    """One server in a thread."""

    def __init__(self, folder, bounds: Bounds, keep_alive: float = 0.1, **settings: Any) -> None:
        self.asked: list[tuple[str, bytes]] = []  # method and path of whatever the server took for a request
        self.desk = Desk(bounds)
        self.listener = listen("127.0.0.1", 0)
        self.port = self.listener.getsockname()[1]
        app = create_app(Settings(runs=folder, port=self.port, **settings))

        @app.get("/v1/endless", include_in_schema=False)
        async def endless():
            from starlette.responses import StreamingResponse

            async def parts():
                while True:
                    await asyncio.sleep(0)
                    yield b"x" * 65536

            return StreamingResponse(parts())

        async def noted(scope, receive, send):
            if scope["type"] == "http":
                self.asked.append((scope["method"], scope["raw_path"]))
            await app(scope, receive, send)

        more = {"log_level": "critical", "ws": "none", "timeout_keep_alive": keep_alive}
        self.server = uvicorn.Server(uvicorn.Config(noted, http=bounded(self.desk), **more))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listener]})
        self.thread.start()

    @property
    def open(self) -> int:
        return len(self.server.server_state.connections)

    def connect(self) -> socket.socket:
        found = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return found

    def ask(self, data: bytes) -> bytes:
        """Send, then read until the server ends the connection."""
        with self.connect() as link:
            link.sendall(data)
            return read(link)

    def end(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)
        assert not self.thread.is_alive()

    def answers(self) -> bool:
        return self.ask(GET + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200")


def read(link: socket.socket) -> bytes:
    found = b""
    with contextlib.suppress(ConnectionError):
        while part := link.recv(65536):
            found += part
    return found
