"""One or more detectors judged on one campaign, as ``tenfold judge`` asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from campaign import adapters, scorecard
from campaign.alert_files import Read, read_alerts
from campaign.alert_judgement import Judged, Terms, card_of, judge_alerts
from campaign.alert_listing import listing, mistaken, worst_missed
from campaign.attempts import Attempts, add_attempts
from campaign.clock_offset import estimate
from campaign.detector_file import Detector
from campaign.flow_words import NEVER
from campaign.self_reported import losses
from campaign.sightings import seen_rows
from campaign.true_flows import TrueFlows
from contract.errors import InputError
from contract.ledger import Ledger

Json = dict[str, Any]
_NS: Final = 1_000_000_000
_MANY: Final = 0.5


@dataclass(frozen=True)
class Result:
    """One detector's scorecard, and what is needed to set it beside others."""

    name: str
    card: Json
    attempts: Attempts
    judged: Judged | None = None


def judge_detector(detector: Detector, truth: TrueFlows, ledger: Json | None = None) -> Result:
    """Read a detector's alerts and judge them. Raises ``InputError``."""
    read = read_alerts(
        list(detector.alerts), adapters.adapter(detector.format), detector.reading(truth.span), damaged=detector.damaged
    )
    return judge_read(detector, read, truth, ledger)


def judge_read(detector: Detector, read: Read, truth: TrueFlows, ledger: Json | None = None) -> Result:
    """Judge alerts that have been read."""
    clock = estimate(read.alerts, truth, detector.community_id_seed)
    asked = clock.seconds or 0.0 if detector.clock_offset_s is None else detector.clock_offset_s
    tolerance = round(detector.tolerance_s * _NS)
    terms = Terms(tolerance, round(asked * _NS), detector.community_id_seed)
    judged = judge_alerts(read, truth, detector.families(), terms)
    card = card_of(judged, truth)
    _with_attempts(card, judged, truth, read, terms)
    card["ledger"] = ledger or Ledger().as_dict()
    card["groups"] = scorecard.group_rows(card["families"])
    card["worst_missed"] = worst_missed(truth, judged.flagged)
    card["mistaken"] = mistaken(judged, truth)
    card["detector"] = {
        "name": detector.name,
        "format": detector.format,
        "title": adapters.adapter(detector.format).title,
        "files": read.files,
        "lines": read.lines,
        "duplicates": read.duplicates,
        "damaged": read.damaged,
        "recorded_flows": len(read.seen),
        "tolerance_s": detector.tolerance_s,
        "time_zone": detector.time_zone,
        "clock": clock.as_dict() | {"corrected": asked},
        "losses": losses(read.counts, truth.span),
        "basis": "readable" if judged.live else "written",
        "latency": {
            "written": _latency(judged, truth, judged.written),
            "readable": _latency(judged, truth, judged.readable),
        },
        **listing(judged, read.files),
    }
    card["notes"] = [*truth.notes, *read.notes, *_remarks(card, detector)]
    return Result(detector.name, card, judged.attempts.after(truth.since_ns), judged)


def _with_attempts(card: Json, judged: Judged, truth: TrueFlows, read: Read, terms: Terms) -> None:
    """Attempts, latency, entries and zones; and how many attempts the detector recorded at all, where it says so."""
    attempts = judged.attempts.after(truth.since_ns)
    add_attempts(card, attempts, [])
    named = truth.attempts(judged.named, judged.written).after(truth.since_ns).found
    recorded = len(read.seen) > 0
    recorded_rows = truth.attempts(seen_rows(read.seen, truth, terms), judged.written).after(truth.since_ns).found
    seen = recorded_rows if recorded else None
    for name, row in card["families"].items():
        mine = attempts.family == name
        row["attempts_named"] = int((mine & named).sum())
        row.pop("attempts_seen", None)
        if seen is not None:
            row["attempts_seen"] = int((mine & seen).sum())
    card["attempts"]["named"] = int(named.sum())
    card["attempts"]["seen"] = int(seen.sum()) if seen is not None else None
    if truth.zones:
        card["zones"] = truth.zones.rows(truth.table, judged.attempts)
        for row in card["zones"].values():
            row.pop("attempts_seen", None)


def _latency(judged: Judged, truth: TrueFlows, since: Any) -> Json:  # noqa: ANN401 - int64 array
    values = (
        truth.attempts(judged.flagged, since).after(truth.since_ns).latency_ms if (since < NEVER).any() else np.zeros(0)
    )
    return scorecard.latency(values[~np.isnan(values)])


def _remarks(card: Json, detector: Detector) -> list[str]:
    """What a person should know before believing the figures."""
    said, clock = card["detector"], card["detector"]["clock"]
    notes = []
    if said["damaged"]:
        notes.append(f"{detector.name}: {said['damaged']:,} lines could not be read and are left out")
    if said["duplicates"]:
        notes.append(f"{detector.name}: {said['duplicates']:,} alerts came twice, word for word, and count once")
    ahead = clock["seconds"]
    if ahead and not clock["corrected"] and abs(ahead) > detector.tolerance_s:
        notes.append(
            f"{detector.name}: its stamps are {abs(ahead):,.3f} s {'ahead of' if ahead > 0 else 'behind'} the traffic, "
            f"told from {clock['agreeing']:,} alerts; nothing was corrected: --time-zone, or --clock-offset auto"
        )
    total, lost = card["alerts"]["total"], card["alerts"]["unmatched"]
    if total and lost > _MANY * total:
        notes.append(
            f"{detector.name}: {lost:,} of {total:,} alerts name nothing that this campaign sent: are they of this "
            "run, and of this clock?"
        )
    if not total:
        notes.append(f"{detector.name}: not one alert in {said['lines']:,} lines")
    return notes


def names_of(detectors: list[Detector]) -> list[Detector]:
    """One detector for each name: files that go by one name and format are parts of one log. Raises ``InputError``."""
    from dataclasses import replace

    merged: dict[str, Detector] = {}
    for one in detectors:
        known = merged.get(one.name)
        if known and known.format != one.format:
            raise InputError(f"two detectors are called {one.name!r}, of {known.format} and {one.format}: give --name")
        merged[one.name] = replace(known, alerts=(*known.alerts, *one.alerts)) if known else one
    return list(merged.values())
