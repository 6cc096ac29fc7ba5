"""Parameters that a route does not know are refused: a filter that is spelt wrong must not look like no filter."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Final

from fastapi import FastAPI, Request

from api.problems import bad_request

# What is asked of the wrong list most often, and where it has its place.
_PLACES: Final = {
    "family": "a flow has no family until it is judged: /v1/detections and /v1/alerts know it",
    "group": "a flow has no group until it is judged: /v1/detections and /v1/alerts know it",
    "technique": "a flow has no technique until it is judged: /v1/detections and /v1/alerts know it",
    "min_score": "a flow has no score until it is judged: /v1/detections and /v1/alerts know it",
    "severity": "only alerts have a severity: /v1/alerts",
    "open": "only alerts are open or over: /v1/alerts",
    "traffic": "only /v1/detections tells attacks from ordinary traffic",
}
Known = dict[tuple[str, str], frozenset[str]]


async def only_known(request: Request) -> None:
    """For every route. Raises 400 for a parameter of the query that its operation does not have."""
    if not request.query_params:
        return
    path = getattr(request.scope.get("route"), "path", "")
    known = _known(request.app).get((request.method, path))
    if known is None:
        return  # pages and their files: whatever a link carries
    for name in request.query_params:
        if name not in known:
            raise bad_request("parameter", f"{name[:80]}: {_words(name, path, known)}")


def _words(name: str, path: str, known: frozenset[str]) -> str:
    if name in _PLACES:
        return _PLACES[name]
    near = get_close_matches(name, known, 1)
    if near:
        return f"{path} has no such parameter; is {near[0]} meant?"
    return f"{path} has no such parameter; it has {', '.join(sorted(known)) or 'none'}"


def _known(app: FastAPI) -> Known:
    known: Known | None = getattr(app.state, "parameters", None)
    if known is None:
        known = app.state.parameters = _read(app.openapi())
    return known


def _read(document: dict[str, Any]) -> Known:
    return {
        (method.upper(), path): frozenset(
            row["name"] for row in operation.get("parameters", ()) if row["in"] == "query"
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
