"""Errors as RFC 9457 problem documents: one shape for whatever goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException

from api.key_file import hidden
from api.wire import json_response
from contract.errors import FullError, InputError, LackingError, TenfoldError

MEDIA_TYPE: Final = "application/problem+json"
_MAX_ERRORS: Final = 20
_RETRY_S: Final = 5


class ProblemError(Exception):
    """Raised by a route; becomes one problem document.

    ``kind`` names the problem in ``type`` (``urn:tenfold:problem:KIND``) and stays the same over versions.
    """

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.errors, self.headers = errors, dict(headers or {})

    def document(self, instance: str) -> dict[str, Any]:
        """The JSON object that the client gets."""
        body: dict[str, Any] = {
            "type": f"urn:tenfold:problem:{self.kind}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": hidden(self.detail),
            "instance": hidden(instance),
        }
        if self.errors:
            body["errors"] = self.errors
        return body


def not_found(kind: str, detail: str) -> ProblemError:
    """404 with a detail that says what exists."""
    return ProblemError(HTTPStatus.NOT_FOUND, kind, detail)


def conflict(kind: str, detail: str) -> ProblemError:
    """409: right in itself, but not now."""
    return ProblemError(HTTPStatus.CONFLICT, kind, detail)


def bad_request(kind: str, detail: str) -> ProblemError:
    """400: the request itself is wrong."""
    return ProblemError(HTTPStatus.BAD_REQUEST, kind, detail)


def problem_response(problem: ProblemError, instance: str) -> Any:  # noqa: ANN401 - a starlette Response
    """The problem as a response."""
    return json_response(problem.document(instance), problem.status, problem.headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Have every error of the application answered as a problem document."""

    async def own(request: Request, error: Exception) -> Any:  # noqa: ANN401
        problem = _as_problem(error)
        if problem.status is HTTPStatus.METHOD_NOT_ALLOWED:
            problem.headers["Allow"] = ", ".join(_methods(app, request.scope["path"]))
        return problem_response(problem, request.scope["path"])

    for kind in (ProblemError, RequestValidationError, HTTPException, TenfoldError, Exception):
        app.add_exception_handler(kind, own)


def _methods(app: FastAPI, path: str) -> list[str]:
    """Every method of a path: each has a route of its own, and the one that was tried knows only its own."""
    found: set[str] = set()
    for route in iter_route_contexts(app.routes):
        pattern = getattr(route, "path_regex", None)
        if pattern is not None and pattern.match(path):
            found |= route.methods or set()
    return sorted(found)


def _as_problem(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        kind = status.name.lower().replace("_", "-")
        return ProblemError(status, kind, str(error.detail), headers=error.headers)
    if isinstance(error, InputError):
        return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "unreadable", str(error))
    if isinstance(error, FullError):
        headers = {"Retry-After": str(_RETRY_S)}
        return ProblemError(HTTPStatus.INSUFFICIENT_STORAGE, "full", str(error), headers=headers)
    if isinstance(error, LackingError):
        return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "lacking", str(error))
    # The traceback goes to the server's log; the client learns nothing of the machine.
    return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something broke here; the server's log has it.")


def _of_validation(error: RequestValidationError) -> ProblemError:
    rows = [
        {"where": ".".join(str(part) for part in row["loc"]), "message": str(row["msg"])}
        for row in error.errors()[:_MAX_ERRORS]
    ]
    detail = "; ".join(f"{row['where']}: {row['message']}" for row in rows[:3]) or "the request is malformed"
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors=rows)
