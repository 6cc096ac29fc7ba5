"""The shapes of runs, statistics, the catalogue and the service itself."""

from __future__ import annotations

from typing import Any, Final

from api.shapes import COUNT, INSTANT, MAYBE, MAYBE_INSTANT, NAMED, NUMBER, STRING, TEXTS, of

SCHEMAS: Final[dict[str, Any]] = {
    "Family": of(
        {
            "id": STRING,
            "title": STRING,
            "summary": STRING,
            "group": STRING,
            "attack": {"type": "boolean"},
            "technique": NAMED,
            "tactic": NAMED,
        },
        example={"id": "syn_flood", "title": "SYN flood", "group": "dos", "attack": True},
    ),
    "Scenario": of(
        {
            "name": STRING,
            "title": STRING,
            "summary": STRING,
            "duration_s": NUMBER,
            "curve": {"type": "array", "items": {"type": "array", "items": NUMBER}},
            "families": TEXTS,
        },
        required=["name"],
        example={"name": "paris-2024", "title": "Paris 2024", "duration_s": 60},
    ),
    "Run": of(
        {
            "id": STRING,
            "state": {
                "type": "string",
                "enum": ["starting", "running", "judging", "finished", "interrupted", "failed", "live", "unknown"],
            },
            "scenario": STRING,
            "title": STRING,
            "started": MAYBE_INSTANT,
            "started_ms": MAYBE,
            "elapsed_s": MAYBE,
            "duration_s": MAYBE,
            "reason": STRING,
            "stoppable": {"type": "boolean", "description": "whether it can be changed and stopped"},
            "changes": {
                "type": "array",
                "items": of({"at": MAYBE, "multiplier": NUMBER}),
                "description": "of the multiplier, while it runs: `at` is a second of the plan, null as soon as can be",
            },
            "has_report": {"type": "boolean"},
            "has_scorecard": {"type": "boolean"},
        },
        required=["id", "state"],
        example={"id": "20240726-193000-paris-2024", "state": "finished", "scenario": "paris-2024"},
    ),
    "Stats": of(
        {
            "as_of": INSTANT,
            "run": {"$ref": "#/components/schemas/Run"},
            "judged": {"type": "boolean"},
            "rates": {"type": "object", "description": "attempts a second: planned, sent, detected; frames a second"},
            "counts": {"type": "object"},
            "latency_ms": {"type": ["object", "null"]},
            "families": {"type": "array", "items": {"type": "object"}},
            "ledger": {"type": ["object", "null"]},
            "drift": {
                "type": ["object", "null"],
                "description": "how far the traffic is from that of training: `state`, `text`; of an unlike network "
                "`differs`, a list of texts",
            },
            "targets": {"type": "object", "description": "what the scenario wants: `p99_ms`, `recall`"},
        },
        required=["as_of", "run"],
        example={
            "as_of": "2024-07-26T19:30:04.000000Z",
            "run": {"id": "20240726-193000-paris-2024-ab12", "state": "running"},
            "judged": False,
            "rates": {"planned": 8150.0, "sent": 8148.0, "detected": 7990.0, "frames": 61200.0},
            "counts": {"attempts_sent": 32600, "flows_flagged": 31800, "alerts": 12},
            "latency_ms": {"p50": 61.0, "p99": 140.0, "max": None},
            "families": [],
            "ledger": None,
        },
    ),
    "Timeline": of(
        {
            "run": STRING,
            "started_ms": MAYBE,
            "t": {"type": "array", "items": NUMBER, "description": "seconds since the start"},
            "planned": {"type": "array", "items": MAYBE},
            "sent": {"type": "array", "items": MAYBE},
            "detected": {"type": "array", "items": MAYBE},
            "latency_p50_ms": {"type": "array", "items": MAYBE},
            "latency_p99_ms": {"type": "array", "items": MAYBE},
            "backlog": {"type": "array", "items": MAYBE, "description": "frames that wait"},
            "ahead": {"type": "object", "description": "the plan from now on: `t`, `planned`; empty once it is over"},
            "families": {"type": "object"},
        },
        example={
            "run": "20240726-193000-paris-2024-ab12",
            "started_ms": 1722022200000.0,
            "t": [0, 1],
            "planned": [6520.0, 6601.5],
            "sent": [6518.0, 6600.0],
            "detected": [6400, 6511],
            "latency_p50_ms": [60.0, 61.0],
            "latency_p99_ms": [130.0, 141.0],
            "families": {"syn_flood": [3200, 3251]},
        },
    ),
    "Receipt": of(
        {
            "batch": STRING,
            "frames": COUNT,
            "flows": {**COUNT, "description": "Rows of a batch of flows; `frames` are then those behind them."},
            "bytes": COUNT,
            "duplicate": {"type": "boolean"},
            "run": STRING,
        },
        required=["batch", "frames", "duplicate"],
        example={"batch": "sensor1-000042", "frames": 8150, "bytes": 912000, "duplicate": False, "run": "live"},
    ),
    "Scorecard": {
        "type": "object",
        "description": "families, entries, false alarms, latency, ledger, and what the run was judged by",
        "examples": [
            {
                "families": {"syn_flood": {"attempts": 8150, "attempts_detected": 8102, "recall": 0.994}},
                "false_alarms": {"benign_flows": 24000, "flagged": 9, "rate": 0.0004, "alerts": 0},
                "latency_ms": {"p50": 61.0, "p95": 90.0, "p99": 140.0, "max": 300.0, "count": 8102},
                "ledger": {"balanced": True, "stages": {}},
            }
        ],
    },
    "Health": of({"status": STRING, "version": STRING}, example={"status": "ok", "version": "0.1.0"}),
    "Session": of(
        {
            "keys": {"type": "boolean", "description": "whether the service asks for keys"},
            "caller": {"type": ["object", "null"], "description": "id, scopes, and name and end of the key"},
            "note": STRING,
        },
        required=["keys", "caller", "note"],
        example={"keys": True, "caller": {"id": "k3jw7xq2", "scopes": ["read"], "name": "wall"}, "note": ""},
    ),
    "AuditRecord": of(
        {
            "id": STRING,
            "at": INSTANT,
            "who": STRING | {"description": "id of the key; `loopback` where there are no keys"},
            "from": STRING | {"description": "address of the client"},
            "what": STRING | {"description": "the operation, `refused`, or `ingest` (summed up)"},
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
    "Readiness": of(
        {"status": STRING, "checks": {"type": "object"}},
        example={"status": "ready", "checks": {"store": {"ok": True, "detail": "17"}}},
    ),
}
