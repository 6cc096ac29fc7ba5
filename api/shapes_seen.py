"""The shapes of what was seen: detections, flows, alerts; and of a problem."""

from __future__ import annotations

from typing import Any, Final

from api.shapes import COUNT, INSTANT, NAMED, NUMBER, STRING, TEXTS, of

KEY: Final = {
    "flow_id": STRING | {"description": "64 bits, as text"},
    "community_id": STRING,
    "src": STRING,
    "dst": STRING,
    "src_port": COUNT,
    "dst_port": COUNT,
    "protocol": COUNT,
    "protocol_name": STRING,
    "first": INSTANT,
    "last": INSTANT,
}


SCHEMAS: Final[dict[str, Any]] = {
    "Problem": of(
        {
            "type": STRING | {"format": "uri"},
            "title": STRING,
            "status": {"type": "integer"},
            "detail": STRING,
            "instance": STRING,
            "errors": {"type": "array", "items": of({"where": STRING, "message": STRING})},
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
    "Detection": of(
        KEY
        | {
            "family": STRING,
            "group": STRING,
            "technique": NAMED,
            "score": NUMBER,
            "final": {"type": "boolean"},
            "packets": COUNT,
            "bytes": COUNT,
            "alert_id": {"type": ["string", "null"]},
            "decided": INSTANT,
            "committed": INSTANT,
        },
        example={"flow_id": "17", "src": "198.18.4.9", "dst": "198.18.0.7", "family": "syn_flood", "score": 0.998},
    ),
    "Flow": of(
        KEY
        | {
            "packets_fwd": COUNT,
            "packets_bwd": COUNT,
            "bytes_fwd": COUNT,
            "bytes_bwd": COUNT,
            "payload_fwd": COUNT,
            "payload_bwd": COUNT,
            "tcp_flags_fwd": STRING,
            "tcp_flags_bwd": STRING,
            "ended": STRING,
            "committed": INSTANT,
        },
        example={"flow_id": "17", "src": "198.18.4.9", "dst": "198.18.0.7", "packets_fwd": 4, "ended": "fin"},
    ),
    "Alert": of(
        {
            "alert_id": STRING,
            "family": STRING,
            "group": STRING,
            "title": STRING,
            "severity": {"type": "string", "enum": ["low", "medium", "high", "critical"]},
            "severity_reason": STRING,
            "confidence": NUMBER,
            "technique": NAMED,
            "tactic": NAMED,
            "attack_version": STRING | {"description": "of ATT&CK, whose ids technique and tactic are"},
            "attackers": TEXTS,
            "victims": TEXTS,
            "ports": {"type": "array", "items": COUNT},
            "attackers_total": COUNT,
            "victims_total": COUNT,
            "ports_total": COUNT,
            "protocol": COUNT,
            "flows": COUNT,
            "packets": COUNT,
            "bytes": COUNT,
            "rate": NUMBER,
            "evidence": TEXTS,
            "sample_flows": {"type": "array", "items": {"type": "object"}},
            "revision": COUNT,
            "open": {"type": "boolean"},
            "allowed": STRING,
            "muted": STRING,
            "direction": STRING,
            "first_seen_ms": NUMBER,
            "last_seen_ms": NUMBER,
            "first_seen_text": INSTANT,
            "last_seen_text": INSTANT,
            "decided_text": INSTANT,
            "raised_text": INSTANT,
            "committed_text": INSTANT,
        },
        example={"alert_id": "3", "family": "syn_flood", "severity": "high", "victims": ["198.18.0.7"], "flows": 8150},
    ),
}
