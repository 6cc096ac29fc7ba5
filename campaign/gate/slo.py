"""The SLO verdict: real campaigns at each level, judged by absolute targets, each tried a few times.

A busy machine can only make figures worse, so a level that meets its targets in one of its tries meets them; how many
it took is in every output. Loss that nothing explains is no matter of the machine: it breaks the target at once. A try
whose generator was late judges nobody; where all were, the level is invalid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from campaign import latency
from campaign.closing import LATE, LEDGER
from campaign.gate.findings import Finding, State, at_least, at_most
from campaign.gate.targets import Table, Targets
from contract.errors import InputError

_LOSS: Final = "unexplained loss"
_LATE_SHARE: Final = 0.1
_MOST_LATE_MS: Final = 100.0  # whatever latency is allowed; the sender's histogram ends at 200 ms
_HOUR: Final = 3600.0
_MS: Final = "{:,.1f} ms"
_RATIO: Final = "{:.4f}"
_COUNT: Final = "{:.1f}"
Json = dict[str, Any]
Told = Callable[[str], None]


@dataclass
class Level:
    """One level's tries: the findings of the one that counts, and the figures of each."""

    name: str
    findings: list[Finding] = field(default_factory=list)
    tries: list[Json] = field(default_factory=list)


def level_name(multiplier: float) -> str:
    """``10x``."""
    return f"{multiplier:g}x"


def try_level(multiplier: float, targets: Targets, run: Callable[[int], tuple[Json, Json]], told: Told) -> Level:
    """Try a level until its targets are met or its tries are used up.

    ``run`` plays it once (given the number of the try) and returns its scorecard and its ``latency.json``.
    """
    found = Level(level_name(multiplier))
    tries = int(targets["slo"]["tries"])
    for number in range(1, tries + 1):
        told(f"slo: {found.name}, try {number} of {tries}")
        card, stages = run(number)
        rows = of_card(card, targets["slo"], targets.slo_levels[multiplier], found.name)
        states = {row.state for row in rows}
        found.tries.append(figures(card, stages) | {"state": str(_worst(states))})
        if number == 1 or State.INVALID not in states:
            found.findings = rows
        lost = any(row.state is State.BROKEN and row.name.endswith(_LOSS) for row in rows)
        if lost or not states & {State.BROKEN, State.INVALID}:
            break
    count = f"try {len(found.tries)} of at most {tries}"
    found.findings = [replace(row, detail="; ".join(filter(None, [row.detail, count]))) for row in found.findings]
    return found


def of_card(card: Json, slo: Table, p99_ms: float | None, at: str) -> list[Finding]:
    """What the SLO says of a scorecard, of a run or of a capture.

    A run whose generator was late by more than a tenth of the latency that is allowed judges nobody. Less than that is
    in the latency, which counts from the planned time, and so only against the build.
    """
    run = card.get("run") or {}
    faults = card["ledger"]["faults"]
    lost = State.BROKEN if faults or not card["ledger"]["balanced"] else State.PASSED
    rows = [Finding("slo", f"{at}: {_LOSS}", lost, "; ".join(faults) or "none", "none")]
    failures, late = _reasons(run, p99_ms)
    if failures:
        rows.append(Finding("slo", f"{at}: the run holds", State.BROKEN, "; ".join(failures), "nothing fails"))
    if late.startswith(LATE["detector"]):
        rows.append(Finding("slo", f"{at}: keeps up", State.BROKEN, late, "frames leave on time"))
    elif late:
        rows.append(Finding("slo", f"{at}: valid run", State.INVALID, late, "frames leave on time"))
        if lost is State.PASSED and not failures:
            return rows
    rows.append(at_most("slo", f"{at}: p99 detection latency", card["latency_ms"]["p99"], p99_ms, _MS))
    for family, limit in slo.get("p99_ms_by_family", {}).items():
        got = ((card["families"].get(family) or {}).get("latency_ms") or {}).get("p99")
        rows.append(at_most("slo", f"{at}: p99 detection latency of {family}", got, limit, _MS))
    sight = card.get("on_sight") or {}
    if sight.get("attempts") and "on_sight_p99_ms" in slo:
        got, limit = sight["latency_ms"]["p99"], slo["on_sight_p99_ms"]
        rows.append(at_most("slo", f"{at}: p99 of what can be known on sight", got, limit, _MS))
    rows.append(at_least("slo", f"{at}: recall", recall(card), slo.get("recall"), _RATIO))
    families = recall_by_family(card)
    for family, limit in slo.get("recall_by_family", {}).items():
        rows.append(at_least("slo", f"{at}: recall of {family}", families.get(family), limit, _RATIO))
    rate, detail = false_alarms_per_hour(card), f"{card['alerts']['false']} false of {card['alerts']['total']} alerts"
    rows.append(at_most("slo", f"{at}: false alarms an hour", rate, slo.get("false_alarms_per_hour"), _COUNT, detail))
    return rows


def _reasons(run: Json, p99_ms: float | None) -> tuple[list[str], str]:
    """Of the reasons for which a run is not valid: what failed, and who was late, where that was by too much."""
    failures = []
    late = ""
    for reason in run.get("reasons", []):
        if reason.startswith(tuple(LATE.values())):
            late = reason
        elif not reason.startswith(LEDGER):  # a finding of its own
            failures.append(reason)
    if failures and not late and run.get("bottleneck") == "generator":  # over a wire, its certificate has other words
        failures, late = [], "; ".join(failures)
    lateness = (run.get("lateness_us") or {}).get("p99")
    if late and p99_ms is not None and isinstance(lateness, int | float):
        allowed = min(_LATE_SHARE * p99_ms, _MOST_LATE_MS)
        late = "" if lateness / 1000 <= allowed else late
    return failures, late


def recall(card: Json) -> float | None:
    """Of attempts where the scorecard knows them, else of flows."""
    if card.get("attempts"):
        found: float | None = card["attempts"]["recall"]
        return found
    flows = sum(row["flows"] for row in card["families"].values())
    return round(sum(row["detected"] for row in card["families"].values()) / flows, 6) if flows else None


def recall_by_family(card: Json) -> dict[str, float]:
    """Likewise by family, of those that occurred."""
    found = {}
    for name, row in card["families"].items():
        whole, part = (row.get("attempts") or row["flows"]), (row.get("attempts_detected") or 0)
        if whole:
            found[name] = round((part if row.get("attempts") else row["detected"]) / whole, 6)
    return found


def false_alarms_per_hour(card: Json) -> float | None:
    """False alerts for each hour of traffic."""
    seconds = card["capture"]["seconds"]
    return round(card["alerts"]["false"] / seconds * _HOUR, 3) if seconds else None


def figures(card: Json, stages: Json) -> Json:
    """What of a run is kept for the trend and in a baseline."""
    total = stages.get("stages", {}).get("total", {}).get("percentiles", {})
    p999 = total.get("99.9")
    return {
        "p50_ms": card["latency_ms"]["p50"],
        "p99_ms": card["latency_ms"]["p99"],
        "p999_ms": None if p999 is None else round(p999 / 1000, 3),
        "on_sight_p99_ms": ((card.get("on_sight") or {}).get("latency_ms") or {}).get("p99"),
        "recall": recall(card),
        "recall_by_family": recall_by_family(card),
        "attempts_by_family": {name: row.get("attempts") or row["flows"] for name, row in card["families"].items()},
        "false_alarms_per_hour": false_alarms_per_hour(card),
        "within_1ms": (card.get("run") or {}).get("within_1ms"),
        "lateness_us": (card.get("run") or {}).get("lateness_us"),
        "reasons": (card.get("run") or {}).get("reasons", []),
    }


def play(targets: Targets, multiplier: float, number: int, runs: Path) -> tuple[Json, Json]:
    """One real campaign; its scorecard and latencies. Must run in the main thread. Raises ``InputError``."""
    from campaign.runner import Options
    from campaign.runner import run as run_campaign
    from campaign.scenario import Overrides, load

    slo = targets["slo"]
    overrides = Overrides(multiplier, float(slo["seconds"]), int(slo["seed"]))
    outcome = run_campaign(load(slo["scenario"]), Options(runs=runs, run_id=_free(runs, multiplier, number)), overrides)
    if outcome.passed is None:
        raise InputError("interrupted")
    return outcome.card, latency.read(outcome.folder.latency)


def _free(runs: Path, multiplier: float, number: int) -> str:
    """A name for a run folder that is not taken: earlier checks stay readable."""
    name = f"slo-{level_name(multiplier)}-try{number}"
    taken = sum(1 for path in runs.glob(f"{name}*") if path.is_dir()) if runs.is_dir() else 0
    return f"{name}.{taken}" if taken else name


def _worst(states: set[State]) -> State:
    for state in (State.BROKEN, State.INVALID):
        if state in states:
            return state
    return State.PASSED
