"""Settings, stores and receivers for tests of outputs: everything listens on loopback and on a free port."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Self

from store.outputs.base import Batch, RefusedError, UnavailableError
from store.outputs.registry import complete

ALERT = b'{"event_type":"alert","n":%d}'


def settings(kind: str = "eve_file", **values: Any) -> dict[str, Any]:
    """The settings of an output that does not wait long."""
    own = {
        "eve_file": {"path": "eve.json"},
        "webhook": {"url": "http://127.0.0.1:1/"},
        "syslog": {"address": "127.0.0.1:1"},
    }
    quick = {"retry_first_s": 0.01, "retry_most_s": 0.02, "timeout_s": 5.0}
    return complete({"kind": kind, "name": "out", **own[kind], **quick, **values})


def batch(count: int, first: int = 0, level: str = "high") -> Batch:
    return Batch("alerts", tuple(ALERT % (first + n) for n in range(count)), (level,) * count)


class Noted:
    """A target that takes what ``refuse`` does not refuse, and notes it."""

    def __init__(self, faults: list[Exception] | None = None, poison: bytes = b"\0") -> None:
        self.lines: list[bytes] = []
        self.faults, self.poison = faults or [], poison
        self.reopened = 0

    def deliver(self, given: Batch) -> None:
        if self.faults:
            fault = self.faults.pop(0)
            raise fault
        if any(self.poison in line for line in given.lines):
            raise RefusedError("poison")
        self.lines += given.lines

    def reopen(self) -> None:
        self.reopened += 1

    def close(self) -> None:
        pass


def unavailable(count: int) -> list[Exception]:
    return [UnavailableError("down") for _ in range(count)]


class Hook:
    """A web server that answers as it is told and keeps what it was sent."""

    def __init__(self, *answers: tuple[int, dict[str, str]]) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.arrived = threading.Semaphore(0)
        self.answers = list(answers)
        hook = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # whoever asked was killed in the middle: nothing was told
                    self.close_connection = True
                    return
                hook.requests.append((self.path, dict(self.headers), body))
                status, headers = hook.answers.pop(0) if hook.answers else (204, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
                hook.arrived.release()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/in"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@contextlib.contextmanager
def listener(kind: socket.SocketKind, path: Path | None = None) -> Iterator[tuple[socket.socket, str]]:
    """A socket that receives, and its address."""
    made = socket.socket(socket.AF_UNIX if path else socket.AF_INET, kind)
    made.settimeout(10)
    made.bind(str(path) if path else ("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        made.listen()
    with made:
        yield made, str(path) if path else f"127.0.0.1:{made.getsockname()[1]}"


def framed(stream: Any) -> bytes:
    """One message with octet counting (RFC 6587, 3.4.1)."""
    length = b""
    while (byte := stream.read(1)) != b" ":
        assert byte.isdigit(), byte
        length += byte
    message: bytes = stream.read(int(length))
    return message
