"""Detection quality as a gate: the same frames, some of them lost before the detector, judged against their truth.

Frames go through the detector without a pace, in the time of the traffic: the answer depends on the build alone, not on
how busy the machine is, so one run is a verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from campaign.flow_words import COMMITTED
from campaign.gate.findings import Finding, State, at_least, at_most
from campaign.gate.frames import Made
from campaign.gate.loss import LossySource
from campaign.gate.targets import Bars
from campaign.judge import truth_beside
from campaign.judgement import Material, judge
from campaign.scorecard import totals
from campaign.truth_table import read_truth_table
from contract.truth import Truth, read_truth
from detector.capture.opening import open_capture
from detector.offline import detect_source
from detector.pipeline import Judge as Model

_HOUR: Final = 3600.0
_RATIO: Final = "{:.4f}"
_COUNT: Final = "{:.1f}"
_SECONDS: Final = "{:.2f} s"
Json = dict[str, Any]
Told = Callable[[str], None]


@dataclass(frozen=True)
class Quality:
    """What was measured at one share of lost frames; shares from 0 to 1, None where there was nothing to find."""

    percent: float
    recall: float | None
    recall_by_family: dict[str, float]
    time_to_detect_s: dict[str, float]  # by family, of those that were found
    false_alarms_per_hour: float
    false_alerts: int
    hours: float
    lost_frames: int
    faults: list[str]
    entries_detected: float | None = None

    def as_dict(self) -> Json:
        """As a JSON object."""
        return {
            "percent": self.percent,
            "recall": self.recall,
            "recall_by_family": self.recall_by_family,
            "time_to_detect_s": self.time_to_detect_s,
            "false_alarms_per_hour": round(self.false_alarms_per_hour, 3),
            "false_alerts": self.false_alerts,
            "hours": round(self.hours, 5),
            "lost_frames": self.lost_frames,
            "entries_detected": self.entries_detected,
        }


def judge_lossy(capture: Path, truth: Truth | pa.Table, model: Model, percent: float, seed: int) -> Json:
    """The scorecard of a capture of which frames are lost before the detector. Raises ``InputError``.

    Time to detect is that of the traffic: to the end of the tick in which the word was spoken.
    """
    result = detect_source(LossySource(open_capture(capture), percent, seed), model)
    verdicts = result.verdicts.append_column(COMMITTED, result.verdicts.column("decided"))
    spoken = {alert.alert_id: [alert.decided] for alert in result.alerts}
    card = judge(
        Material(result.flows, verdicts, result.alerts, truth, result.ledger, result.frames, result.notes, spoken)
    )
    return card | {"name": capture.name, "drift": {}}


def of_generated(made: Made, benign: Made | None, model: Model, percent: float, seed: int) -> Quality:
    """Recall and time to detect on one workload; false alarms an hour on it and on ordinary traffic alone."""
    card = judge_lossy(made.capture, read_truth_table(made.truth), model, percent, seed)
    cards = [card] + (
        [judge_lossy(benign.capture, read_truth_table(benign.truth), model, percent, seed)] if benign else []
    )
    rows = {name: row for name, row in card["families"].items() if row.get("attempts")}
    hours = sum(one.seconds for one in (made, benign) if one) / _HOUR
    return Quality(
        percent,
        card["attempts"]["recall"],
        {name: round(row["attempts_detected"] / row["attempts"], 6) for name, row in rows.items()},
        _times(card),
        sum(one["alerts"]["false"] for one in cards) / hours,
        sum(one["alerts"]["false"] for one in cards),
        hours,
        sum(_lost(one) for one in cards),
        [fault for one in cards for fault in one["ledger"]["faults"]],
    )


def of_captures(captures: list[Path], model: Model, percent: float, seed: int, told: Told) -> Quality:
    """The same of captures with their truth files: recall of flows, and the share of entries that an alert names."""
    cards = []
    for number, capture in enumerate(captures, 1):
        told(f"quality: {capture.name} ({number} of {len(captures)}) with {percent:g} % of frames lost")
        cards.append(judge_lossy(capture, read_truth(truth_beside(capture)), model, percent, seed))
    total = totals(cards)
    flows = sum(row["flows"] for row in total["families"].values())
    found = sum(row["detected"] for row in total["families"].values())
    hours = max(total["capture"]["seconds"], 1e-9) / _HOUR
    entries = total["entries"]
    slowest: dict[str, float] = {}
    for card in cards:
        for family, seconds in _times(card).items():
            slowest[family] = max(seconds, slowest.get(family, 0.0))
    return Quality(
        percent,
        round(found / flows, 6) if flows else None,
        {name: row["recall"] for name, row in total["families"].items() if row["flows"]},
        slowest,
        total["alerts"]["false"] / hours,
        total["alerts"]["false"],
        hours,
        sum(_lost(card) for card in cards),
        [f"{card['name']}: {fault}" for card in cards for fault in card["ledger"]["faults"]],
        round(entries["detected"] / entries["total"], 6) if entries["total"] else None,
    )


def findings(found: Quality, bars: Bars, where: str) -> list[Finding]:
    """What the bars say of what was measured. A family that has a bar and does not occur breaks it."""
    at = f"{where}, {found.percent:g} % lost"
    rows = [_balanced(found, at)]
    rows.append(at_least("quality", f"{at}: recall", found.recall, bars.recall, _RATIO))
    if found.entries_detected is not None:
        named = found.entries_detected
        rows.append(at_least("quality", f"{at}: entries detected", named, bars.entries_detected, _RATIO))
    for family, limit in bars.recall_by_family.items():
        share = found.recall_by_family.get(family)
        rows.append(at_least("quality", f"{at}: recall of {family}", share, limit, _RATIO))
    slowest: tuple[float | None, str] = max(
        ((seconds, name) for name, seconds in found.time_to_detect_s.items()), default=(None, "none found")
    )
    name = f"{at}: time to detect, slowest family"
    rows.append(at_most("quality", name, slowest[0], bars.time_to_detect_s, _SECONDS, slowest[1]))
    for family, limit in bars.time_to_detect_by_family.items():
        rows.append(
            at_most("quality", f"{at}: time to detect {family}", found.time_to_detect_s.get(family), limit, _SECONDS)
        )
    detail = f"{found.false_alerts} false alerts in {_HOUR * found.hours:.0f} s of traffic"
    rate = found.false_alarms_per_hour
    rows.append(at_most("quality", f"{at}: false alarms an hour", rate, bars.false_alarms_per_hour, _COUNT, detail))
    return rows


def _balanced(found: Quality, at: str) -> Finding:
    state = State.BROKEN if found.faults else State.PASSED
    got = "; ".join(found.faults) or f"balanced; {found.lost_frames:,} frames lost on purpose"
    return Finding("quality", f"{at}: ledger", state, got, "balanced to the frame")


def _lost(card: Json) -> int:
    return int(card["ledger"]["stages"]["capture"]["dropped"].get("injected", 0))


def _times(card: Json) -> dict[str, float]:
    """Seconds from a family's first attempt, or entry, to its first detection; of several entries the slowest."""
    found: dict[str, float] = {}
    for entry in card["entries"]:
        seconds = entry["time_to_detect_s"]
        if entry["detected"] and seconds is not None:
            found[entry["family"]] = round(max(seconds, found.get(entry["family"], 0.0)), 3)
    return dict(sorted(found.items()))
