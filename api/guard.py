"""The outermost layer: who may ask (loopback names, same origin), how much, with which headers; counts each answer.

Plain ASGI, so that streams pass through untouched.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import ProblemError, problem_response
from api.settings import Settings

INGEST_PATH: Final = "/v1/ingest/frames"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)


class Guard:
    """Wraps the application; see the module."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self.app, self.settings, self.metrics = app, settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass anything that is no request (lifespan) through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(row for row in _HEADERS if row[0] not in present)]
                self._count(scope, message["status"], time.perf_counter() - start)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, sending)
        else:
            await problem_response(refusal, scope["path"])(scope, receive, sending)

    def _refusal(self, scope: Scope) -> ProblemError | None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if host.lower() not in self.settings.allowed_hosts:
            return ProblemError(
                HTTPStatus.MISDIRECTED_REQUEST, "host", "This service answers only to its loopback address by name."
            )
        if scope["method"] in _SAFE:
            return None
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"http://{host.lower()}":
            return ProblemError(
                HTTPStatus.FORBIDDEN, "origin", "Requests that change something come from this page only."
            )
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return ProblemError(
                HTTPStatus.FORBIDDEN, "origin", "Requests that change something come from this page only."
            )
        return self._size_refusal(scope["path"], headers)

    def _size_refusal(self, path: str, headers: dict[str, str]) -> ProblemError | None:
        limit = self.settings.max_ingest if path == INGEST_PATH else self.settings.max_body
        length = headers.get("content-length")
        if length is None:
            # Ingest counts while it reads; everything else is small and says its size.
            if "transfer-encoding" in headers and path != INGEST_PATH:
                return ProblemError(HTTPStatus.LENGTH_REQUIRED, "length", "Send a Content-Length with the body.")
            return None
        if not length.isdecimal() or int(length) > limit:
            return too_large(limit)
        return None

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's template, not the path that was asked for: else a scanner could grow the metrics without end.
        route = getattr(scope.get("route"), "path", "(none)")
        method = scope["method"] if scope["method"] in (*_SAFE, "POST", "DELETE", "PUT", "PATCH") else "(other)"
        self.metrics.requests.labels(method, route, str(status)).inc()
        self.metrics.duration.labels(route).observe(seconds)


def too_large(limit: int) -> ProblemError:
    """413 that says the limit."""
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too-large",
        f"The body may have {limit:,} bytes at most; send less at once.",
    )
