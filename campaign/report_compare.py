"""A run beside an earlier one: what became better, what worse, and whether they can be compared at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from campaign.report_page import milliseconds, number, percent

_SAME: Final = "about the same"
_NEVER: Final = 1e9  # the least share of a figure that is neither good nor bad
_BETTER: Final = "better"
_WORSE: Final = "worse"
Json = dict[str, Any]


@dataclass(frozen=True)
class _Measure:
    """A figure of a report: how it is shown, whether more is better, and what is too little to speak of."""

    name: str
    kind: str  # share, ms, count
    more_is_better: bool
    least_share: float  # a relative change below this is none


def compare(now: Json, before: Json) -> Json:
    """``{"id", "title", "rows", "families", "cautions"}`` from two documents of ``campaign.report_content``."""
    rows = [_row(measure, _value(now, measure.name), _value(before, measure.name)) for measure in _MEASURES]
    theirs = {row["name"]: row for row in before["families"]}
    families = [
        _row(_Measure(row["name"], "share", more_is_better=True, least_share=0.01), row["recall"], other["recall"])
        | {
            "p99": _row(
                _Measure("p99", "ms", more_is_better=False, least_share=0.1),
                row["latency"].get("p99"),
                other["latency"].get("p99"),
            )
        }
        for row in now["families"]
        if (other := theirs.get(row["name"])) is not None
    ]
    return {
        "id": before["id"],
        "title": before["title"],
        "started": before["started"],
        "rows": rows,
        "families": families,
        "cautions": _cautions(now, before),
    }


_MEASURES: Final = (
    _Measure("attempts sent", "count", more_is_better=True, least_share=_NEVER),
    _Measure("attempts detected", "share", more_is_better=True, least_share=0.005),
    _Measure("latency p50", "ms", more_is_better=False, least_share=0.05),
    _Measure("latency p99", "ms", more_is_better=False, least_share=0.1),
    _Measure("latency max", "ms", more_is_better=False, least_share=0.2),
    _Measure("ordinary flows called an attack", "share", more_is_better=False, least_share=0.05),
    _Measure("false alerts", "count", more_is_better=False, least_share=0.0),
    _Measure("frames lost", "count", more_is_better=False, least_share=0.0),
    _Measure("frames within 1 ms of plan", "share", more_is_better=True, least_share=0.001),
)


def _value(document: Json, name: str) -> float | None:
    late, attempts = document["latency_ms"], document["attempts"] or {}
    found: dict[str, float | None] = {
        "attempts sent": document["rate"]["sent_attempts"],
        "attempts detected": attempts.get("recall"),
        "latency p50": late["p50"],
        "latency p99": late["p99"],
        "latency max": late["max"],
        "ordinary flows called an attack": document["false_alarms"]["rate"],
        "false alerts": document["false_alarms"]["alerts"],
        "frames lost": sum(row["count"] for row in document["losses"] if row["unit"] == "frames"),
        "frames within 1 ms of plan": document["rate"]["within_1ms"],
    }
    return found[name]


def _row(measure: _Measure, now: float | None, before: float | None) -> Json:
    show = {"share": percent, "ms": milliseconds, "count": number}[measure.kind]
    word, change = (_SAME if measure.least_share < _NEVER else ""), ""
    if now is not None and before is not None:
        difference = now - before
        if measure.kind == "share":
            change = f"{100 * difference:+.2f} points"
        elif before:
            change = f"{100 * difference / before:+.1f} %"
        elif difference:
            change = f"{difference:+,.0f}"
        if difference and abs(difference) >= measure.least_share * abs(before):
            word = _BETTER if (difference > 0) == measure.more_is_better else _WORSE
    return {"name": measure.name, "now": show(now), "before": show(before), "change": change, "word": word}


def _cautions(now: Json, before: Json) -> list[str]:
    """Why the two may not be set beside each other."""
    found = [
        f"{which} run is not valid: its figures say little"
        for which, document in (("this", now), ("the earlier", before))
        if document["verdict"] == "not valid"
    ]
    for name, what in (("scenario", "scenarios"), ("warm_up_s", "warm-ups")):
        ours, theirs = now["run"].get(name), before["run"].get(name)
        if ours != theirs:
            found.append(f"the {what} differ: {ours} here, {theirs} there")
    names = sorted({*now["overrides"], *before["overrides"]})
    for name in names:
        ours, theirs = now["overrides"].get(name, "none"), before["overrides"].get(name, "none")
        if ours != theirs:
            found.append(f"override {name}: {ours} here, {theirs} there")
    for name in ("processor", "cores", "tenfold"):
        ours, theirs = now["machine"].get(name), before["machine"].get(name)
        if ours != theirs:
            found.append(f"{name}: {ours} here, {theirs} there")
    return found
