"""The outermost layer: under which names it answers, who asks, how much, with which headers; counts and notes it.

Plain ASGI, so that streams pass through untouched. Nobody gets past it to a path that is not open; which scope a route
needs is checked at the route (``api.rights``).
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.audit import AuditLog
from api.callers import STATE, Caller, Callers, unauthorised
from api.headers import origin_refusal, security_headers
from api.limits import Limits
from api.metrics import Metrics
from api.problems import ProblemError, problem_response
from api.settings import Settings

_INGEST: Final = "/v1/ingest/"
NOTE: Final = "tenfold.note"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_ONCE: Final = ("host", "authorization", "content-length", "origin")
_REFUSALS: Final = (401, 403, 421, 429)
_STILL_EVERY_S: Final = 0.5


class _GoneError(OSError):
    """The key of an answer that is under way was revoked or has expired."""


@dataclass
class _Asked:
    """One request on its way."""

    scope: Scope
    headers: dict[str, str]
    start: float = field(default_factory=time.perf_counter)
    caller: Caller | None = None
    status: int = 0
    checked: float = field(default_factory=time.monotonic)
    stream: bool = False
    more: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def who(self) -> str:
        return "" if self.caller is None else self.caller.id

    @property
    def source(self) -> str:
        return str((self.scope.get("client") or ("",))[0])


class Guard:
    """Wraps the application; see the module. ``open_paths`` are those that need no key, and beginnings of such."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        metrics: Metrics,
        callers: Callers,
        audit: AuditLog,
        open_paths: tuple[frozenset[str], tuple[str, ...]],
    ) -> None:
        self.app, self.settings, self.metrics = app, settings, metrics
        self.callers, self.audit, self._open = callers, audit, open_paths
        self.limits = Limits(settings.key_rate, settings.key_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass anything that is no request (lifespan) through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        names = [name.decode("latin-1") for name, _ in scope["headers"]]
        values = [value.decode("latin-1") for _, value in scope["headers"]]
        asked = _Asked(scope, dict(zip(names, values, strict=True)))

        async def sending(message: Message) -> None:
            await self._sending(asked, message, send)

        taken = ""
        try:
            self._check(asked, names)
            taken = self._take(asked)
            await self.app(scope, receive, sending)
        except ProblemError as refusal:
            if refusal.status == HTTPStatus.TOO_MANY_REQUESTS and scope["path"].startswith(_INGEST):
                await read_out(receive, self.settings.max_ingest)
            await problem_response(refusal, scope["path"])(scope, receive, sending)
        except _GoneError:
            pass  # nothing more is said to it: the connection ends
        finally:
            if taken:
                self.limits.give_back(taken)
            if not asked.status:
                # Something broke, or the client left: whoever asked for a change is noted all the same.
                await self._note(asked, 500)

    def _check(self, asked: _Asked, names: list[str]) -> None:
        """Raise a ``ProblemError`` unless the request may go on to its route."""
        headers, scope = asked.headers, asked.scope
        twice = [name for name, count in Counter(names).items() if count > 1 and name in _ONCE]
        if twice:
            raise ProblemError(HTTPStatus.BAD_REQUEST, "headers", f"The header {twice[0]} is given twice.")
        if not scope["query_string"].isascii():
            # RFC 3986 has no such bytes, and whoever decodes them fails.
            raise ProblemError(HTTPStatus.BAD_REQUEST, "query", "The query holds bytes that are not percent-encoded.")
        if not self.settings.answers_to(headers.get("host", "")):
            raise ProblemError(
                HTTPStatus.MISDIRECTED_REQUEST,
                "host",
                "This service answers only to its own names: loopback, and those that it was started with.",
            )
        asked.caller = scope[STATE] = self.callers.of(headers)
        if asked.caller is not None and asked.caller.key is not None:
            scope.setdefault("state", {})["key_name"] = asked.caller.key.name
        if asked.caller is None and not self._is_open(scope["path"]):
            raise unauthorised("This needs a key: Authorization: Bearer tfk_…")
        if scope["method"] not in _SAFE:
            refusal = origin_refusal(headers) or self._size_refusal(scope["path"], headers)
            if refusal is not None:
                raise refusal

    def _is_open(self, path: str) -> bool:
        exact, beginnings = self._open
        return path in exact or path.startswith(beginnings)

    def _take(self, asked: _Asked) -> str:
        """Take the request from the key's allowance; the id to give it back to. Raises 429."""
        key = asked.caller.key if asked.caller else None
        if key is None:
            return ""
        taken = self.limits.take(key.id, key.rate)
        asked.more = taken.headers
        if taken.wait_s:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "rate",
                f"Too much at once: {taken.why}; try again after {taken.wait_s} s.",
                headers={"Retry-After": str(taken.wait_s)},
            )
        return key.id

    def _size_refusal(self, path: str, headers: dict[str, str]) -> ProblemError | None:
        ingest = path.startswith(_INGEST)
        limit = self.settings.max_ingest if ingest else self.settings.max_body
        length = headers.get("content-length")
        if length is None:
            # Ingest counts while it reads; everything else is small and says its size.
            if "transfer-encoding" in headers and not ingest:
                return ProblemError(HTTPStatus.LENGTH_REQUIRED, "length", "Send a Content-Length with the body.")
            return None
        if not (length.isascii() and length.isdecimal()) or len(length) > 18 or int(length) > limit:
            return too_large(limit)
        return None

    async def _sending(self, asked: _Asked, message: Message, send: Send) -> None:
        if message["type"] == "http.response.start":
            present = {name for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *(row for row in security_headers() if row[0] not in present),
                *asked.more,
            ]
            asked.stream = (b"content-type", b"text/event-stream") in message["headers"] or any(
                name == b"content-type" and value.startswith(b"text/event-stream") for name, value in message["headers"]
            )
            asked.status = message["status"]
            self._count(asked)
            await self._note(asked, message["status"])
        elif asked.caller is not None and message.get("more_body"):
            await self._still(asked, asked.caller, send)
        await send(message)

    async def _still(self, asked: _Asked, caller: Caller, send: Send) -> None:
        """End a long answer whose key is no longer good."""
        now = time.monotonic()
        if now - asked.checked < _STILL_EVERY_S:
            return
        asked.checked = now
        if self.callers.still(caller):
            return
        if asked.stream:  # it has no end that could be mistaken; anything else must not look complete
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        raise _GoneError

    async def _note(self, asked: _Asked, status: int) -> None:
        """The audit log's part; for what changes something it is on the disk before the answer leaves."""
        method, path = asked.scope["method"], asked.scope["path"]
        if path.startswith(_INGEST) and method not in _SAFE and status not in (401, 403, 421):
            size = asked.headers.get("content-length", "0")
            self.audit.add(asked.who, asked.source, status, int(size) if size.isdecimal() else 0)
        elif method not in _SAFE and status < HTTPStatus.BAD_REQUEST:
            route = getattr(asked.scope.get("route"), "operation_id", None) or method
            more = {"path": path, **asked.scope.get(NOTE, {})}
            await run_in_threadpool(lambda: self.audit.write(route, asked.who, asked.source, status, **more))
        elif status in _REFUSALS or (method not in _SAFE and status >= HTTPStatus.BAD_REQUEST):
            why = HTTPStatus(status).phrase
            await run_in_threadpool(self.audit.refused, asked.who, asked.source, status, method, path, why)

    def _count(self, asked: _Asked) -> None:
        # The route's template, not the path that was asked for: else a scanner could grow the metrics without end.
        scope = asked.scope
        route = getattr(scope.get("route"), "path", "(none)")
        method = scope["method"] if scope["method"] in (*_SAFE, "POST", "DELETE", "PUT", "PATCH") else "(other)"
        self.metrics.requests.labels(method, route, str(asked.status)).inc()
        self.metrics.duration.labels(route).observe(time.perf_counter() - asked.start)


def too_large(limit: int) -> ProblemError:
    """413 that says the limit."""
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too-large",
        f"The body may have {limit:,} bytes at most; send less at once.",
    )


async def read_out(receive: Receive, most: int) -> None:
    """Read a body and forget it, of ``most`` bytes or a little more: for a sensor that is to come again later.

    Most senders look for an answer when all is sent: one that stopped them half-way would reach them as a broken
    connection, and they would not learn how long to wait.
    """
    size, more = 0, True
    while more and size <= most:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
