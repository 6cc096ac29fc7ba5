"""The parts of a scorecard, and its sum over several captures. A scorecard is a JSON object (DESIGN, section 4)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from campaign.alert_truth import same_family, same_group
from campaign.labels import Mask, is_attack
from contract.families import BENIGN, UNKNOWN, group_of

Json = dict[str, Any]
Names = npt.NDArray[np.object_]
_COUNTS: Final = ("flows", "detected", "right_group", "right_family", "attempts", "attempts_detected")


def latency(values_ms: npt.NDArray[np.float64]) -> Json:
    """Smallest, mean, percentiles and largest of latencies in milliseconds; null where there is none."""
    if not len(values_ms):
        return dict.fromkeys(("min", "mean", "p50", "p95", "p99", "max")) | {"count": 0}
    p50, p95, p99 = np.percentile(values_ms, (50, 95, 99))
    return {
        "min": round(float(values_ms.min()), 3),
        "mean": round(float(values_ms.mean()), 3),
        "p50": round(float(p50), 3),
        "p95": round(float(p95), 3),
        "p99": round(float(p99), 3),
        "max": round(float(values_ms.max()), 3),
        "count": len(values_ms),
    }


def share(part: int, whole: int) -> float | None:
    """``part / whole``, or null where there is nothing to divide by."""
    return round(part / whole, 6) if whole else None


def family_rows(true: Names, flagged: Mask, *said: Names) -> Json:
    """One row for each true family of attack, from one element a flow.

    ``flagged`` says which were found; each of ``said`` gives a word on every flow (``benign`` for none).
    """
    rows: Json = {}
    for name in sorted(set(true[is_attack(true)])):
        mine = true == name
        group = np.zeros(int(mine.sum()), np.bool_)
        family = np.zeros(len(group), np.bool_)
        for words in said:
            spoken, inverse = np.unique(words[mine].astype(str), return_inverse=True)
            group |= np.array([same_group(str(word), name) for word in spoken], np.bool_)[inverse]
            family |= np.array([same_family(str(word), name) for word in spoken], np.bool_)[inverse]
        found = int(flagged[mine].sum())
        rows[name] = empty_row(name) | {
            "flows": len(group),
            "detected": found,
            "right_group": int(group.sum()),
            "right_family": int(family.sum()),
            "recall": share(found, len(group)),
        }
    return rows


def empty_row(name: str) -> Json:
    """The row of a family of which no flow was seen."""
    counts = dict.fromkeys(("flows", "detected", "right_group", "right_family"), 0)
    return {"group": group_of(name), **counts, "recall": None}


def group_rows(families: Json) -> Json:
    """The family rows summed by group."""
    groups: Json = {}
    for row in families.values():
        total = groups.setdefault(row["group"], dict.fromkeys((k for k in _COUNTS if k in row), 0))
        for key in total:
            total[key] += row.get(key, 0)
    for total in groups.values():
        total["recall"] = share(total["detected"], total["flows"])
    return groups


def word_rows(true: Names, word: Names) -> Json:
    """For each family that was said: of how many flows, and of how many rightly (unknown flows are left out)."""
    rows: Json = {}
    for name in sorted(set(word[is_attack(word)])):
        truths, counts = np.unique(true[(word == name) & (true != UNKNOWN)].astype(str), return_counts=True)
        right = sum(int(n) for t, n in zip(truths, counts, strict=True) if t != BENIGN and same_family(name, str(t)))
        rows[name] = {"flows": int(counts.sum()), "right": right, "precision": share(right, int(counts.sum()))}
    return rows


def confusion(true: Names, word: Names) -> Json:
    """How many flows of each true family got which word: ``{true: {said: flows}}``."""
    rows: Json = {}
    keys, counts = np.unique(np.stack((true.astype(str), word.astype(str))), axis=1, return_counts=True)
    for (is_, said), count in zip(keys.T, counts, strict=True):
        rows.setdefault(str(is_), {})[str(said)] = int(count)
    return rows


def totals(cards: list[Json]) -> Json:
    """Several captures' scorecards in one: counts added up, shares made anew, ``entries`` counted."""
    families: Json = {}
    for card in cards:
        for name, row in card["families"].items():
            total = families.setdefault(
                name, {"group": row["group"]} | dict.fromkeys((k for k in _COUNTS if k in row), 0)
            )
            for key in _COUNTS:
                if key in row:
                    total[key] = total.get(key, 0) + row[key]
    for total in families.values():
        total["recall"] = share(total["detected"], total["flows"])
    entries = [entry for card in cards for entry in card["entries"]]
    false_alarms = {k: sum(card["false_alarms"][k] for card in cards) for k in ("benign_flows", "flagged", "alerts")}
    false_alarms["rate"] = share(false_alarms["flagged"], false_alarms["benign_flows"]) or 0.0
    benign_only = [card for card in cards if not card["entries"]]
    return {
        "captures": len(cards),
        "capture": {k: sum(card["capture"][k] for card in cards) for k in ("frames", "flows", "seconds")},
        "families": dict(sorted(families.items())),
        "groups": group_rows(families),
        "entries": {
            "total": len(entries),
            "detected": sum(e["detected"] for e in entries),
            "right_group": sum(e["right_group"] for e in entries),
            "right_family": sum(e["right_family"] for e in entries),
            "by_group": _entries_by_group(entries),
        },
        "false_alarms": false_alarms
        | {
            "benign_captures": len(benign_only),
            "benign_captures_with_alerts": sum(card["alerts"]["false"] > 0 for card in benign_only),
        },
        "alerts": {k: sum(card["alerts"][k] for card in cards) for k in ("total", "true", "false", "unjudged")},
        "drift": {"captures": {card["name"]: card["drift"]["state"] for card in cards if card.get("drift")}},
        "balanced": all(card["ledger"]["balanced"] for card in cards),
    }


def _entries_by_group(entries: list[Json]) -> Json:
    rows: Json = {}
    for entry in entries:
        row = rows.setdefault(
            group_of(entry["family"]), {"total": 0, "detected": 0, "right_group": 0, "right_family": 0}
        )
        row["total"] += 1
        for key in ("detected", "right_group", "right_family"):
            row[key] += bool(entry[key])
    return dict(sorted(rows.items()))
