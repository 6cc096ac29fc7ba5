"""Bounds on connections, which uvicorn leaves open: how long a request's head, its body and a reader may take, how
large a head may be, how many connections there are.

Whoever sends a head a byte at a time (slowloris), a body likewise, or does not read its answer, is cut off. Where there
are too many connections the one that has waited longest without a whole request goes: an honest client asks at once.
A request has one end and one answer (``api.framing``): after whatever could be read in two ways the connection ends.
"""

from __future__ import annotations

import asyncio
import fcntl
import resource
import socket
import struct
import sys
import termios
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.framing import check_head

_MOST: Final = 2048
_WISHED_FILES: Final = 8192
_CHECK_S: Final = 2.0
_TCP_INFO: Final = 192  # bytes of the kernel's ``struct tcp_info``; where tcpi_bytes_acked (8 bytes) stands in it
_ACKED: Final = 120
_PADDING: Final = 8  # bytes of chunk sizes and extensions for each byte of a body: a byte a chunk takes five
LINK: Final = "tenfold.link"


@dataclass(frozen=True)
class Bounds:
    """What one connection may take, and how many there may be. Times in seconds."""

    most: int = _MOST
    head_s: float = 10.0  # from the first byte of a request (or the connection) to the end of its head
    head_bytes: int = 32 * 1024
    body_s: float = 20.0  # after that a body must have come at ``body_rate`` at least
    body_rate: float = 16 * 1024  # bytes a second
    write_s: float = 20.0  # a client that takes nothing of its answer for so long is gone
    pipelined: int = 16  # requests that wait for the answer to the one before
    refused_bytes: int = 1 << 20  # of the body of a request that was refused already, for which it has ``body_s``


@dataclass
class Desk:
    """The connections of one server that have no whole request, the longest waiting first."""

    bounds: Bounds
    waiting: OrderedDict[BoundedProtocol, None] = field(default_factory=OrderedDict)
    cut: dict[str, int] = field(default_factory=dict)  # by reason

    def count(self, reason: str) -> None:
        """One connection was cut off."""
        self.cut[reason] = self.cut.get(reason, 0) + 1

    def make_room(self, there: int) -> bool:
        """Cut the longest waiting off where there are too many; False where all are at work."""
        if there <= self.bounds.most:
            return True
        if not self.waiting:
            return False
        oldest, _ = self.waiting.popitem(last=False)
        oldest.cut("room")
        return True


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the bounds of a desk."""

    def __init__(self, *arguments: Any, desk: Desk, **more: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **more)
        self._desk, self._bounds = desk, desk.bounds
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._in_head, self._head, self._fields = False, 0, 0
        self._in_body, self._body, self._body_begun, self._raw = False, 0, 0.0, 0
        self._deaf, self._unheard = False, 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """A client has come."""
        super().connection_made(transport)
        self._wait()
        self._arm("head", self._bounds.head_s, self._head_late)
        if not self._desk.make_room(len(self.connections)):
            self.cut("full")

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        for name in list(self._timers):
            self._disarm(name)
        self._desk.waiting.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        if self._deaf:
            self._unheard += len(data)
            if self._unheard > self._bounds.refused_bytes:
                self.cut("refused body")
            return
        if self._in_body:
            self._raw += len(data)
        super().data_received(data)
        if self.transport.is_closing() or self._deaf:
            return
        if self._in_body and self._raw - self._body > self._bounds.head_bytes + _PADDING * self._body:
            self._refuse("padded body", b"400 Bad Request")
        elif self._in_head:
            self._head += len(data)
            if self._head > self._bounds.head_bytes:
                self._refuse("large head", b"431 Request Header Fields Too Large")
        elif self in self._desk.waiting and "head" not in self._timers:
            # Empty lines before a request are none, but uvicorn's own clock has stopped for them.
            self._arm("head", self._bounds.head_s, self._head_late)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        if len(self.pipeline) >= self._bounds.pipelined:
            raise ValueError("too many requests wait for their answers")
        super().on_message_begin()
        self._in_head, self._head, self._fields = True, 0, 0
        if "head" not in self._timers:
            self._arm("head", self._bounds.head_s, self._head_late)

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._measure(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; or one behind a body in chunks, which must not pass for a part of the head."""
        self._measure(len(name) + len(value))
        if self._in_head:
            super().on_header(name, value.strip(b" \t"))

    def on_headers_complete(self) -> None:
        """The head is whole: the request begins."""
        upgrade = self.parser.should_upgrade()
        check_head(self.parser.get_http_version(), self.url, self.headers, upgrade=upgrade)
        self._in_head = False
        self._in_body, self._body, self._body_begun, self._raw = True, 0, self.loop.time(), 0
        self._disarm("head")
        self._desk.waiting.pop(self, None)
        self._arm("body", self._bounds.body_s, self._look_at_body)
        self.scope[LINK] = self  # type: ignore[typeddict-unknown-key]  # for answers that last
        super().on_headers_complete()
        if upgrade:
            self._hear_no_more()  # the parser takes what follows for another protocol, which is not spoken here

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body += len(body)
        if self.cycle.response_complete and self._body > self._bounds.refused_bytes:
            self.cut("refused body")
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_body = False
        self._disarm("body")
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is out."""
        super().on_response_complete()
        if not self.pipeline and not self._in_body:
            self._wait()
        elif self._in_body and self.cycle.response_complete:
            self._arm("body", self._bounds.body_s, partial(self.cut, "refused body"))

    def send_400_response(self, msg: str) -> None:
        """What came is no request, or no body. Requests before it that wait for their answers still get them."""
        if self._busy() and not self._in_body:
            self._desk.count("bad request")
            self._hear_no_more()
        else:
            self._refuse("bad request", b"400 Bad Request", msg.encode())

    def pause_writing(self) -> None:
        """The client does not read as fast as it is written to."""
        super().pause_writing()
        self._arm("write", self._bounds.write_s, partial(self.cut, "slow reader", forget=True))

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._disarm("write")

    def taken(self) -> tuple[int, int]:
        """Bytes that the other side has acknowledged so far, and bytes that wait for it in the system."""
        link = self.transport.get_extra_info("socket")
        if link is None:
            raise ConnectionError("the connection is gone")
        state = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO)
        acknowledged = int.from_bytes(state[_ACKED : _ACKED + 8], sys.byteorder) if len(state) >= _ACKED + 8 else 0
        waiting = fcntl.ioctl(link.fileno(), termios.TIOCOUTQ, bytes(4))
        return acknowledged, int.from_bytes(waiting, sys.byteorder)

    def cut(self, reason: str, *, forget: bool = False) -> None:
        """End the connection at once; with ``forget`` the system lets go of what still waits to be sent, too."""
        self._desk.count(reason)
        link = self.transport.get_extra_info("socket")
        if forget and link is not None:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _measure(self, size: int) -> None:
        self._fields += size
        if self._fields > self._bounds.head_bytes:
            raise ValueError("the head is too large")

    def _wait(self) -> None:
        self._desk.waiting[self] = None
        self._desk.waiting.move_to_end(self)

    def _head_late(self) -> None:
        self._refuse("slow head", b"408 Request Timeout")

    def _look_at_body(self) -> None:
        """A body that comes too slowly ends the connection; but not where the service itself did not read on."""
        took = self.loop.time() - self._body_begun
        if not self.flow.read_paused and self._body < took * self._bounds.body_rate:
            self._refuse("slow body", b"408 Request Timeout")
        else:
            self._arm("body", _CHECK_S, self._look_at_body)

    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _hear_no_more(self) -> None:
        """Answer what was asked, then end the connection; what else comes is neither read nor answered."""
        self._deaf, self._in_head = True, False
        self._disarm("head")
        self.cycle.keep_alive = False

    def _refuse(self, reason: str, status: bytes, words: bytes = b"") -> None:
        """Answer why and end the connection; without a word where this request was answered, or another's answer is
        under way.
        """
        self._desk.count(reason)
        if self._in_body:
            free = self._busy() and not self.cycle.response_started and not self.pipeline
        else:
            free = not self._busy()
        if free:
            kind = b"content-type: text/plain; charset=utf-8\r\n" if words else b""
            head = b"HTTP/1.1 %b\r\n%bconnection: close\r\ncontent-length: %d\r\n\r\n" % (status, kind, len(words))
            self.transport.write(head + words)
        if free or not self._busy():
            self.transport.close()
        else:
            self.transport.abort()

    def _arm(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        self._disarm(name)
        self._timers[name] = self.loop.call_later(seconds, call)

    def _disarm(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()


def bounded(desk: Desk) -> Any:  # noqa: ANN401 - uvicorn wants a class, and calls it
    """The protocol of a server, for ``uvicorn.Config(http=...)``."""
    return partial(BoundedProtocol, desk=desk)


def room() -> int:
    """How many connections there may be: half of the files that the process may open, as many as it is allowed to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wished = _WISHED_FILES if hard == resource.RLIM_INFINITY else min(_WISHED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wished:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))
        soft = wished
    return _MOST if soft == resource.RLIM_INFINITY else max(16, min(_MOST, soft // 2))
