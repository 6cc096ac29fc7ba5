"""The shapes of statistics, comparisons and previews."""

from __future__ import annotations

from typing import Any, Final

from api.shapes import COUNT, FLAG, JSON, MAYBE, NUMBER, STRING, TEXTS, of, rows

_SERIES: Final = rows(NUMBER)
_BOTH: Final = of({"first": {}, "second": {}, "change": MAYBE})
SCHEMAS: Final[dict[str, Any]] = {
    "Confusion": of(
        {
            "run": STRING,
            "words": TEXTS | {"description": "every word that was said"},
            "rows": rows(of({"family": STRING, "flows": COUNT, "said": JSON}, required=["family", "flows", "said"])),
        },
        required=["run", "words", "rows"],
        example={
            "run": "20240726-193000-paris-2024-ab12",
            "words": ["benign", "syn_flood"],
            "rows": [{"family": "syn_flood", "flows": 8150, "said": {"syn_flood": 8102, "benign": 48}}],
        },
    ),
    "ScorecardSummary": of(
        {
            "run": STRING,
            "scenario": STRING,
            "title": STRING,
            "passed": {"type": ["boolean", "null"]},
            "valid": {"type": ["boolean", "null"]},
            "reasons": TEXTS,
            "recall": MAYBE,
            "latency_p50_ms": MAYBE,
            "latency_p99_ms": MAYBE,
            "false_alarm_rate": MAYBE,
            "alerts": {"type": ["integer", "null"]},
            "balanced": {"type": ["boolean", "null"]},
        },
        required=["run", "passed", "recall"],
        example={
            "run": "20240726-193000-paris-2024-ab12",
            "scenario": "paris-2024",
            "title": "Paris 2024",
            "passed": True,
            "valid": True,
            "reasons": [],
            "recall": 0.97,
            "latency_p50_ms": 61.0,
            "latency_p99_ms": 140.0,
            "false_alarm_rate": 0.0004,
            "alerts": 30,
            "balanced": True,
        },
    ),
    "Comparison": of(
        {
            "first": STRING,
            "second": STRING,
            "recall": _BOTH,
            "false_alarm_rate": _BOTH,
            "alerts": _BOTH,
            "false_alerts": _BOTH,
            "latency_ms": of({"p50": _BOTH, "p95": _BOTH, "p99": _BOTH, "max": _BOTH}),
            "sent_attempts": _BOTH,
            "passed": of({"first": {"type": ["boolean", "null"]}, "second": {"type": ["boolean", "null"]}}),
            "families": rows(of({"family": STRING, "first": MAYBE, "second": MAYBE, "change": MAYBE})),
        },
        required=["first", "second", "recall", "latency_ms", "families"],
        example={
            "first": "20240726-193000-paris-2024-ab12",
            "second": "20240726-201500-paris-2024-cd34",
            "recall": {"first": 0.97, "second": 0.96, "change": -0.01},
            "latency_ms": {"p99": {"first": 140.0, "second": 152.0, "change": 12.0}},
            "families": [{"family": "syn_flood", "first": 0.99, "second": 0.98, "change": -0.01}],
        },
    ),
    "Preview": of(
        {
            "scenario": STRING,
            "title": STRING,
            "overrides": JSON,
            "duration_s": NUMBER,
            "sites": COUNT,
            "seed": COUNT,
            "t": _SERIES | {"description": "seconds since the start"},
            "attempts_per_s": _SERIES,
            "ordinary_per_s": _SERIES,
            "multiplier": _SERIES | {"description": "attempts in multiples of 815 a second"},
            "attempts": COUNT,
            "ordinary": COUNT,
            "peak_multiplier": NUMBER,
            "families": JSON | {"description": "each attack family's part of the weights"},
            "zones": TEXTS,
        },
        required=["scenario", "duration_s", "t", "attempts_per_s", "attempts", "peak_multiplier"],
        example={
            "scenario": "paris-2024",
            "title": "Paris 2024",
            "overrides": {"multiplier": 10},
            "duration_s": 60.0,
            "t": [0.0, 30.0, 60.0],
            "attempts_per_s": [8150.0, 8150.0, 8150.0],
            "ordinary_per_s": [400.0, 400.0, 400.0],
            "multiplier": [10.0, 10.0, 10.0],
            "attempts": 489000,
            "ordinary": 24000,
            "peak_multiplier": 10.0,
            "families": {"syn_flood": 1.0},
            "zones": [],
        },
    ),
    "Model": of(
        {
            "name": STRING,
            "sha256": STRING,
            "bytes": COUNT,
            "attacks": TEXTS | {"description": "the families that it can say"},
            "card": JSON | {"description": "sources, held-out scores, importances, limits"},
        },
        required=["name", "sha256", "card"],
        example={
            "name": "default",
            "sha256": "9f86d081884c7d65",
            "bytes": 412000,
            "attacks": ["syn_flood"],
            "card": {},
        },
    ),
    "Configuration": of(
        {
            "version": STRING,
            "attack_version": STRING,
            "configured": FLAG | {"description": "whether the service was given a configuration file"},
            "service": JSON | {"description": "limits of the service"},
            "detector": JSON | {"description": "settings of the detectors that it starts, defaults filled in"},
        },
        required=["version", "service", "detector"],
        example={
            "version": "0.1.0",
            "attack_version": "19.2",
            "configured": False,
            "service": {"host": "127.0.0.1", "port": 8150, "max_clients": 200},
            "detector": {"meter": {"idle": 60.0}},
        },
    ),
}
