"""The shapes of answers, for the OpenAPI document alone: answers are encoded from plain objects, not from models."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from api import shapes_figures, shapes_runs, shapes_seen, shapes_summed
from api.media import ARROW, MEDIA, NDJSON
from api.shapes import INSTANT, STRING, of

SCHEMAS: Final[dict[str, Any]] = {
    **shapes_seen.SCHEMAS,
    **shapes_runs.SCHEMAS,
    **shapes_figures.SCHEMAS,
    **shapes_summed.SCHEMAS,
}

_WORDS: Final = {
    400: "The request is wrong; `detail` says where.",
    401: "A key is needed, or the one given is none.",
    403: "The key lacks the scope, or the request comes from another site's page.",
    404: "There is no such thing.",
    406: "There is no form of this that `Accept` allows.",
    409: "Not now.",
    411: "The body has no length.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    421: "The service answers only to its own names.",
    422: "A parameter is malformed; `errors` lists which.",
    429: "Too much waits; try again after `Retry-After` seconds.",
    507: "The disk is nearly full; try again after `Retry-After` seconds.",
    503: "Something that the service needs is missing or damaged.",
}
_WHEN: Final = "2024-07-26T19:30:04.000000Z"
_RUN: Final = "20240726-193000-paris-2024-ab12"
_EXAMPLES: Final = {
    400: ("parameter", "famly: /v1/alerts has no such parameter; is family meant?"),
    401: ("unauthorised", "This needs a key: Authorization: Bearer tfk_…"),
    403: ("forbidden", "The key lacks the scope operate."),
    404: ("no-run", "no run is called x; /v1/runs lists them"),
    406: ("not-acceptable", "there is no form of this that Accept allows; there are application/json, text/csv"),
    409: ("under-way", "campaign 20240726-193000-paris-2024-ab12 is under way; stop it or wait for its end"),
    411: ("length", "Send a Content-Length with the body."),
    413: ("too-large", "The body may have 65,536 bytes at most; send less at once."),
    415: ("media-type", "post application/vnd.apache.arrow.stream, not text/plain"),
    421: ("host", "This service answers only to its own names."),
    422: ("invalid", "Input should be greater than or equal to 1"),
    429: ("busy", "512,000,000 bytes wait for the detector; send this batch again after 1 s"),
    503: ("unreadable", "the store is damaged"),
    507: ("full", "the disk has 201,326,592 bytes left and 268,435,456 are kept free: make room, then try again"),
}
_OTHER: Final = {
    NDJSON: STRING | {"description": "one JSON object a line: EVE, with `format` also OCSF or the store's columns"},
    ARROW: STRING | {"format": "binary", "description": "an Arrow IPC stream"},
    "text/csv": STRING,
}
Responses = dict[int | str, dict[str, Any]]


def _problem(status: int) -> dict[str, Any]:
    """What such a problem looks like."""
    kind, detail = _EXAMPLES[status]
    found: dict[str, Any] = {
        "type": f"urn:tenfold:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": "/v1/alerts",
    }
    return found | ({"errors": [{"where": "query.limit", "message": detail}]} if status == 422 else {})


def problems(*statuses: int) -> Responses:
    """Problem responses for those statuses, and for those that each route may give."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": _WORDS[status],
            "content": {"application/problem+json": {"schema": schema, "example": _problem(status)}},
        }
        for status in sorted({*statuses, 400, 401, 403, 421, 422, 429})
    }


def _json(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """JSON of a shape, with the shape's example."""
    examples = SCHEMAS[name].get("examples", [])
    return {"schema": schema} | ({"example": examples[0]} if examples else {})


def _listed(name: str) -> list[Any]:
    return list(SCHEMAS[name].get("examples", [])[:1])


def one(
    name: str, *statuses: int, status: int = 200, description: str = "Found.", media: tuple[str, ...] = ()
) -> Responses:
    """One object; ``media`` are the forms besides JSON in which it may be asked for."""
    content = {"application/json": _json(name, {"$ref": f"#/components/schemas/{name}"})}
    content |= {form: {"schema": _OTHER[form]} for form in media}
    found: dict[str, Any] = {"description": description, "content": content}
    return {status: found, **problems(404, 503, *statuses)}


def plain(name: str) -> Responses:
    """One object that is always there."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {200: {"description": "Found.", "content": {"application/json": _json(name, schema)}}, **problems()}


def readiness() -> Responses:
    """Ready or not, with the same shape."""
    content = {"application/json": _json("Readiness", {"$ref": "#/components/schemas/Readiness"})}
    return {
        200: {"description": "Ready.", "content": content},
        503: {"description": "Not ready.", "content": content},
        **problems(),
    }


def items(name: str) -> Responses:
    """A whole list."""
    schema = of({"items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}}, required=["items"])
    content = {"application/json": {"schema": schema, "example": {"items": _listed(name)}}}
    return {200: {"description": "All of them.", "content": content}, **problems()}


def page(name: str) -> Responses:
    """A page of a list."""
    schema = of(
        {
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
            "next": {"type": ["string", "null"], "description": "cursor of the next page"},
            "as_of": INSTANT,
            "run": STRING,
        },
        required=["items", "next", "as_of"],
    )
    link = {"Link": {"description": 'the next page, `rel="next"`', "schema": STRING}}
    example = {"items": _listed(name), "next": "AV64gILm94zUAAAAAAAAEC8", "as_of": _WHEN, "run": _RUN}
    content: dict[str, Any] = {"application/json": {"schema": schema, "example": example}}
    content |= {media: {"schema": _OTHER[media]} for media in MEDIA.values() if media in _OTHER}
    found = {"description": "A page.", "headers": link, "content": content}
    return {200: found, **problems(400, 404, 406, 503)}


def text(media_type: str, *statuses: int) -> Responses:
    """A document that is no JSON."""
    return {200: {"description": "Found.", "content": {media_type: {"schema": STRING}}}, **problems(*statuses)}
