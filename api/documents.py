"""The shapes of answers, for the OpenAPI document alone: answers are encoded from plain objects, not from models."""

from __future__ import annotations

from typing import Any, Final

from api.shapes import SUMMED

_STRING: Final = {"type": "string"}
_INSTANT: Final = {"type": "string", "format": "date-time"}
_NUMBER: Final = {"type": "number"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_TEXTS: Final = {"type": "array", "items": _STRING}
_NAMED: Final = {
    "type": "object",
    "properties": {"id": _STRING, "name": _STRING},
    "examples": [{"id": "T1498.001", "name": "Network Denial of Service: Direct Network Flood"}],
}
_KEY: Final = {
    "flow_id": _STRING | {"description": "64 bits, as text"},
    "community_id": _STRING,
    "src": _STRING,
    "dst": _STRING,
    "src_port": _COUNT,
    "dst_port": _COUNT,
    "protocol": _COUNT,
    "protocol_name": _STRING,
    "first": _INSTANT,
    "last": _INSTANT,
}


def _object(properties: dict[str, Any], *, required: list[str] | None = None, example: Any = None) -> dict[str, Any]:  # noqa: ANN401
    document: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        document["required"] = required
    if example is not None:
        document["examples"] = [example]
    return document


SCHEMAS: Final[dict[str, Any]] = {
    "Problem": _object(
        {
            "type": _STRING | {"format": "uri"},
            "title": _STRING,
            "status": {"type": "integer"},
            "detail": _STRING,
            "instance": _STRING,
            "errors": {"type": "array", "items": _object({"where": _STRING, "message": _STRING})},
        },
        required=["type", "title", "status", "detail"],
        example={
            "type": "urn:tenfold:problem:no-run",
            "title": "Not Found",
            "status": 404,
            "detail": "no run is called x; /v1/runs lists them",
            "instance": "/v1/alerts",
        },
    ),
    "Detection": _object(
        _KEY
        | {
            "family": _STRING,
            "group": _STRING,
            "technique": _NAMED,
            "score": _NUMBER,
            "final": {"type": "boolean"},
            "packets": _COUNT,
            "bytes": _COUNT,
            "alert_id": {"type": ["string", "null"]},
            "decided": _INSTANT,
            "committed": _INSTANT,
        },
        example={"flow_id": "17", "src": "198.18.4.9", "dst": "198.18.0.7", "family": "syn_flood", "score": 0.998},
    ),
    "Flow": _object(
        _KEY
        | {
            "packets_fwd": _COUNT,
            "packets_bwd": _COUNT,
            "bytes_fwd": _COUNT,
            "bytes_bwd": _COUNT,
            "payload_fwd": _COUNT,
            "payload_bwd": _COUNT,
            "tcp_flags_fwd": _STRING,
            "tcp_flags_bwd": _STRING,
            "ended": _STRING,
            "committed": _INSTANT,
        },
        example={"flow_id": "17", "src": "198.18.4.9", "dst": "198.18.0.7", "packets_fwd": 4, "ended": "fin"},
    ),
    "Alert": _object(
        {
            "alert_id": _STRING,
            "family": _STRING,
            "group": _STRING,
            "title": _STRING,
            "severity": {"type": "string", "enum": ["low", "medium", "high", "critical"]},
            "severity_reason": _STRING,
            "confidence": _NUMBER,
            "technique": _NAMED,
            "tactic": _NAMED,
            "attackers": _TEXTS,
            "victims": _TEXTS,
            "ports": {"type": "array", "items": _COUNT},
            "attackers_total": _COUNT,
            "victims_total": _COUNT,
            "ports_total": _COUNT,
            "protocol": _COUNT,
            "flows": _COUNT,
            "packets": _COUNT,
            "bytes": _COUNT,
            "rate": _NUMBER,
            "evidence": _TEXTS,
            "sample_flows": {"type": "array", "items": {"type": "object"}},
            "revision": _COUNT,
            "open": {"type": "boolean"},
            "allowed": _STRING,
            "muted": _STRING,
            "direction": _STRING,
            "first_seen_ms": _NUMBER,
            "last_seen_ms": _NUMBER,
            "first_seen_text": _INSTANT,
            "last_seen_text": _INSTANT,
            "decided_text": _INSTANT,
            "raised_text": _INSTANT,
            "committed_text": _INSTANT,
        },
        example={"alert_id": "3", "family": "syn_flood", "severity": "high", "victims": ["198.18.0.7"], "flows": 8150},
    ),
    "Family": _object(
        {
            "id": _STRING,
            "title": _STRING,
            "summary": _STRING,
            "group": _STRING,
            "attack": {"type": "boolean"},
            "technique": _NAMED,
            "tactic": _NAMED,
        },
        example={"id": "syn_flood", "title": "SYN flood", "group": "dos", "attack": True},
    ),
    "Scenario": _object(
        {
            "name": _STRING,
            "title": _STRING,
            "summary": _STRING,
            "duration_s": _NUMBER,
            "curve": {"type": "array", "items": {"type": "array", "items": _NUMBER}},
            "families": _TEXTS,
        },
        required=["name"],
        example={"name": "paris-2024", "title": "Paris 2024", "duration_s": 60},
    ),
    "Run": _object(
        {
            "id": _STRING,
            "state": {
                "type": "string",
                "enum": ["starting", "running", "judging", "finished", "interrupted", "failed", "live", "unknown"],
            },
            "scenario": _STRING,
            "title": _STRING,
            "started": {"type": ["string", "null"], "format": "date-time"},
            "started_ms": {"type": ["number", "null"]},
            "elapsed_s": {"type": ["number", "null"]},
            "duration_s": {"type": ["number", "null"]},
            "reason": _STRING,
            "stoppable": {"type": "boolean"},
            "has_report": {"type": "boolean"},
            "has_scorecard": {"type": "boolean"},
        },
        required=["id", "state"],
        example={"id": "20240726-193000-paris-2024", "state": "finished", "scenario": "paris-2024"},
    ),
    "Stats": _object(
        {
            "as_of": _INSTANT,
            "run": {"$ref": "#/components/schemas/Run"},
            "judged": {"type": "boolean"},
            "rates": {"type": "object", "description": "attempts a second: planned, sent, detected; frames a second"},
            "counts": {"type": "object"},
            "latency_ms": {"type": ["object", "null"]},
            "families": {"type": "array", "items": {"type": "object"}},
            "ledger": {"type": ["object", "null"]},
            "drift": {"type": ["object", "null"], "description": "how far the traffic is from that of training"},
            "targets": {"type": "object", "description": "what the scenario wants: `p99_ms`, `recall`"},
        },
        required=["as_of", "run"],
    ),
    "Timeline": _object(
        {
            "run": _STRING,
            "started_ms": {"type": ["number", "null"]},
            "t": {"type": "array", "items": _NUMBER, "description": "seconds since the start"},
            "planned": {"type": "array", "items": {"type": ["number", "null"]}},
            "sent": {"type": "array", "items": {"type": ["number", "null"]}},
            "detected": {"type": "array", "items": {"type": ["number", "null"]}},
            "latency_p50_ms": {"type": "array", "items": {"type": ["number", "null"]}},
            "latency_p99_ms": {"type": "array", "items": {"type": ["number", "null"]}},
            "backlog": {"type": "array", "items": {"type": ["number", "null"]}, "description": "frames that wait"},
            "families": {"type": "object"},
        }
    ),
    **SUMMED,
    "Receipt": _object(
        {"batch": _STRING, "frames": _COUNT, "bytes": _COUNT, "duplicate": {"type": "boolean"}, "run": _STRING},
        required=["batch", "frames", "duplicate"],
        example={"batch": "sensor1-000042", "frames": 8150, "bytes": 912000, "duplicate": False, "run": "live"},
    ),
    "Scorecard": {
        "type": "object",
        "description": "DESIGN section 4: families, entries, false alarms, latency, ledger.",
    },
    "Health": _object({"status": _STRING, "version": _STRING}, example={"status": "ok", "version": "0.1.0"}),
    "Session": _object(
        {
            "keys": {"type": "boolean", "description": "whether the service asks for keys"},
            "caller": {"type": ["object", "null"], "description": "id, scopes, and name and end of the key"},
            "note": _STRING,
        },
        required=["keys", "caller", "note"],
        example={"keys": True, "caller": {"id": "k3jw7xq2", "scopes": ["read"], "name": "wall"}, "note": ""},
    ),
    "AuditRecord": _object(
        {
            "id": _STRING,
            "at": _INSTANT,
            "who": _STRING | {"description": "id of the key; `loopback` where there are no keys"},
            "from": _STRING | {"description": "address of the client"},
            "what": _STRING | {"description": "the operation, `refused`, or `ingest` (summed up)"},
            "result": {"type": ["integer", "string"]},
        },
        required=["id", "at", "who", "from", "what", "result"],
        example={
            "id": "1722022200000000000-9f3c",
            "at": "2024-07-26T19:30:00.000000Z",
            "who": "k3jw7xq2",
            "from": "127.0.0.1",
            "what": "startCampaign",
            "result": 202,
            "run": "20240726-193000-paris-2024-ab12",
        },
    ),
    "Readiness": _object({"status": _STRING, "checks": {"type": "object"}}),
}

_WORDS: Final = {
    400: "The request is wrong; `detail` says where.",
    401: "A key is needed, or the one given is none.",
    403: "The key lacks the scope, or the request comes from another site's page.",
    404: "There is no such thing.",
    409: "Not now.",
    411: "The body has no length.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    421: "The service answers only to its own names.",
    422: "A parameter is malformed; `errors` lists which.",
    429: "Too much waits; try again after `Retry-After` seconds.",
    503: "Something that the service needs is missing or damaged.",
}
Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """Problem responses for those statuses, and for those that each route may give."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": _WORDS[status], "content": {"application/problem+json": {"schema": schema}}}
        for status in sorted({*statuses, 400, 401, 403, 421, 422, 429})
    }


def one(name: str, *statuses: int, status: int = 200, description: str = "Found.") -> Responses:
    """One object."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    found: dict[str, Any] = {"description": description, "content": {"application/json": {"schema": schema}}}
    return {status: found, **problems(404, 503, *statuses)}


def plain(name: str) -> Responses:
    """One object that is always there."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {200: {"description": "Found.", "content": {"application/json": {"schema": schema}}}, **problems()}


def readiness() -> Responses:
    """Ready or not, with the same shape."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Readiness"}}}
    return {
        200: {"description": "Ready.", "content": content},
        503: {"description": "Not ready.", "content": content},
        **problems(),
    }


def items(name: str) -> Responses:
    """A whole list."""
    schema = _object(
        {"items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}}, required=["items"]
    )
    return {200: {"description": "All of them.", "content": {"application/json": {"schema": schema}}}, **problems()}


def page(name: str) -> Responses:
    """A page of a list."""
    schema = _object(
        {
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
            "next": {"type": ["string", "null"], "description": "cursor of the next page"},
            "as_of": _INSTANT,
            "run": _STRING,
        },
        required=["items", "next", "as_of"],
    )
    link = {"Link": {"description": 'the next page, `rel="next"`', "schema": _STRING}}
    found = {"description": "A page.", "headers": link, "content": {"application/json": {"schema": schema}}}
    return {200: found, **problems(400, 404, 503)}


def text(media_type: str, *statuses: int) -> Responses:
    """A document that is no JSON."""
    return {200: {"description": "Found.", "content": {media_type: {"schema": _STRING}}}, **problems(*statuses)}
