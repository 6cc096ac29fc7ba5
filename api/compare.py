"""Two judged runs side by side: what the second does differently from the first."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]
_LATENCY: Final = ("p50", "p95", "p99", "max")


def compare(first: Json, second: Json) -> Json:
    """Both scorecards' figures with ``change`` = second minus first (None where one of them has none)."""
    families = [
        {"family": name} | _both(_recall(_row(first, name)), _recall(_row(second, name)))
        for name in sorted({*first.get("families", {}), *second.get("families", {})})
    ]
    latencies = [card.get("latency_ms") or {} for card in (first, second)]
    return {
        "recall": _both(_whole(first), _whole(second)),
        "false_alarm_rate": _both(*((card.get("false_alarms") or {}).get("rate") for card in (first, second))),
        "alerts": _both(*((card.get("alerts") or {}).get("total") for card in (first, second))),
        "false_alerts": _both(*((card.get("alerts") or {}).get("false") for card in (first, second))),
        "latency_ms": {name: _both(latencies[0].get(name), latencies[1].get(name)) for name in _LATENCY},
        "sent_attempts": _both(*((card.get("run") or {}).get("sent_attempts") for card in (first, second))),
        "passed": {
            "first": (first.get("run") or {}).get("passed"),
            "second": (second.get("run") or {}).get("passed"),
        },
        "families": families,
    }


def summary(card: Json) -> Json:
    """The few figures of a scorecard that a list shows."""
    run, alarms = card.get("run") or {}, card.get("false_alarms") or {}
    latency = card.get("latency_ms") or {}
    return {
        "passed": run.get("passed"),
        "valid": run.get("valid"),
        "reasons": run.get("reasons", []),
        "recall": _whole(card),
        "latency_p50_ms": latency.get("p50"),
        "latency_p99_ms": latency.get("p99"),
        "false_alarm_rate": alarms.get("rate"),
        "alerts": (card.get("alerts") or {}).get("total"),
        "balanced": (card.get("ledger") or {}).get("balanced"),
    }


def _both(first: Any, second: Any) -> Json:  # noqa: ANN401 - numbers or None
    known = isinstance(first, int | float) and isinstance(second, int | float)
    return {"first": first, "second": second, "change": second - first if known else None}


def _row(card: Json, name: str) -> Json:
    row: Json = (card.get("families") or {}).get(name) or {}
    return row


def _recall(row: Json) -> float | None:
    """The share of attempts detected, of flows where attempts are not known (as of a capture)."""
    total = row.get("attempts", row.get("flows"))
    found = row.get("attempts_detected", row.get("detected"))
    return found / total if total and found is not None else None


def _whole(card: Json) -> float | None:
    attempts = card.get("attempts") or {}
    if attempts.get("recall") is not None:
        return float(attempts["recall"])
    rows = [row for row in (card.get("families") or {}).values() if row.get("attempts", row.get("flows"))]
    total = sum(row.get("attempts", row.get("flows", 0)) for row in rows)
    return sum(row.get("attempts_detected", row.get("detected", 0)) for row in rows) / total if total else None
