"""What a report says of a run, as one JSON document that is made from the run folder alone (``tenfold-report/1``).

The HTML and the Markdown show this document; a program reads it as it is.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final

from campaign import latency
from campaign.capacity_trial import losses
from campaign.report_missed import missed, mistaken
from campaign.report_page import milliseconds, number, percent
from campaign.runfolder import RunFolder, read_json
from contract.clock import iso
from contract.errors import InputError
from contract.families import BENIGN, catalogue
from contract.ledger import MEANT
from contract.version import VERSION

FORMAT: Final = "tenfold-report/1"
_ALERTS: Final = 40
_FALSE_ALERTS: Final = 20
_ORDER: Final = ("sent", "decide", "received", "metered", "classified", "queued", "committed", "commit", "total")
Json = dict[str, Any]


def content(folder: RunFolder) -> Json:
    """The document of a run. Raises ``InputError`` where it was not judged or a file of it is damaged."""
    card = read_json(folder.scorecard)
    if not card:
        raise InputError(f"{folder.path}: holds no scorecard.json; the run was not judged")
    state = read_json(folder.state)
    run = {"passed": None, "valid": None, "reasons": [], "targets": []} | card.get("run", {})
    started = state.get("started_ns")
    document: Json = {
        "format": FORMAT,
        "tenfold": VERSION,
        "id": folder.id,
        "title": str(state.get("title", folder.id)),
        "started": iso(started) if started else "",
        "started_ns": started or 0,
        "duration_s": state.get("duration_s"),
        "verdict": verdict(run),
        "run": run,
        "overrides": state.get("overrides") or {},
        "machine": run.get("machine") or {},
        "rate": _rate(card, run),
        "attempts": card.get("attempts"),
        "latency_ms": card["latency_ms"],
        "stages": _stages(latency.read(folder.latency)),
        "families": _families(card),
        "on_sight": card.get("on_sight") or {},
        "over_time": card.get("over_time") or {},
        "missed": missed(card, started or 0),
        "mistaken": mistaken(card, started or 0),
        "false_alarms": card["false_alarms"],
        "alerts": card["alerts"],
        "shown_alerts": _alerts(folder, card),
        "losses": _losses(card),
        "ledger": card["ledger"],
        "zones": card.get("zones") or {},
        "confusion": confusion_table(card.get("confusion", {})),
        "certificate": _certificate(card.get("certificate")),
        "detector": card.get("detector"),
        "notes": card.get("notes", []),
        "capture": card["capture"],
    }
    document["summary"] = _summary(document)
    return document


def verdict(run: Json) -> str:
    """One word: passed, failed, not valid, or interrupted."""
    if run.get("valid") is False and run.get("passed") is not None:
        return "not valid"
    return {True: "passed", False: "failed"}.get(run.get("passed"), "interrupted")  # type: ignore[arg-type] # None: no judgement


def read_timeline(folder: RunFolder) -> list[Json]:
    """The lines of ``timeline.jsonl``; a last line that is cut off is left out."""
    rows = []
    for text in text_of(folder.timeline).splitlines():
        try:
            row = json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            continue
        if isinstance(row, dict) and isinstance(row.get("t"), int | float) and math.isfinite(row["t"]):
            rows.append(row)
    return rows


def text_of(path: Path) -> str:
    """A text file of the run, empty where there is none. Raises ``InputError`` where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read: {error}") from None


def _summary(document: Json) -> list[str]:
    """The run in a few sentences, for who reads no table."""
    late, other = document["latency_ms"], document["detector"]
    lines = [f"Detector under test: {other['name']} ({other['title']})."] if other else []
    attempts = document["attempts"]
    if attempts and attempts["total"]:
        soon = (
            f", half of them within {milliseconds(late['p50'])} and 99 of 100 within {milliseconds(late['p99'])} "
            "of the moment at which they were due."
        )
        lines.append(
            f"Of {number(attempts['total'])} attempts the detector found {number(attempts['detected'])} "
            f"({percent(attempts['recall'])}){soon if late['count'] else '.'}"
        )
    sight = document["on_sight"]
    if sight and sight["latency_ms"]["count"]:
        first = sight["latency_ms"]
        lines.append(
            f"Of floods and scans, which can be known on sight, it found {number(sight['detected'])} of "
            f"{number(sight['attempts'])} attempts, half of them within {milliseconds(first['p50'])} and 99 of 100 "
            f"within {milliseconds(first['p99'])}."
        )
    wrong, ordinary = document["false_alarms"], document["alerts"]
    lines.append(
        f"Of {number(wrong['benign_flows'])} ordinary flows it called {number(wrong['flagged'])} an attack "
        f"({percent(wrong['rate'])}); {number(wrong['alerts'])} of {number(ordinary['total'])} alerts were false."
    )
    lines.append(_lost(document))
    if document["verdict"] == "not valid":
        lines.append("The run is not valid, so it says nothing of whether the detector passes: see why below.")
    return lines


def _lost(document: Json) -> str:
    """What became of the frames; of another detector's own losses, what it says."""
    lost = sum(row["count"] for row in document["losses"] if row["unit"] == "frames")
    balance = "every frame is accounted for" if document["ledger"]["balanced"] else "the ledger does NOT balance"
    other = document["detector"]
    way = " on the way to the detector" if other else ""
    line = f"{'No frame was lost' if not lost else f'{number(lost)} frames were lost'}{way}, and {balance}."
    if not other:
        return line
    told = ", ".join(f"{name} {number(value)}" for name, value in other["losses"]["lost"].items())
    if told:
        return f"{line} It says itself that it lost: {told}."
    silent = "It reports no counters of its own, so what it lost inside is not known."
    return f"{line} {'It reports no loss of its own.' if other['losses']['records'] else silent}"


def _rate(card: Json, run: Json) -> Json:
    seen = card.get("attempts") or {}
    return {
        "planned_attempts": run.get("planned_attempts"),
        "sent_attempts": run.get("sent_attempts"),
        "seen_attempts": seen.get("seen"),
        "sent_frames": run.get("sent_frames"),
        "metered_frames": card["capture"]["frames"],
        "flows": card["capture"]["flows"],
        "within_1ms": run.get("within_1ms"),
        "lateness_us": run.get("lateness_us") or {},
    }


def _stages(document: Json) -> list[Json]:
    """Latency by stage in microseconds; ``beyond`` says how many values lie above each percentile."""
    rows = []
    found = document.get("stages", {})
    for name in sorted(found, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)):
        stage = found[name]
        count = stage.get("count") or 0
        if not count:
            continue
        beyond = {p: math.floor(count * (100 - float(p)) / 100 + 1e-9) for p in stage["percentiles"]}
        row = {"name": str(name), "count": count, "mean": stage["mean"]}
        rows.append(row | {"percentiles": stage["percentiles"], "beyond": beyond})
    return rows


def _families(card: Json) -> list[Json]:
    known = catalogue()
    since = {entry["family"]: entry["time_to_detect_s"] for entry in card.get("entries", [])}
    rows = []
    for name, row in card.get("families", {}).items():
        total = row.get("attempts", row["flows"])
        found = row.get("attempts_detected", row["detected"])
        family = known.get(name)
        rows.append(
            {
                "name": name,
                "title": family.title if family else name,
                "group": row.get("group", ""),
                "technique": family.technique if family else "",
                "total": total,
                "found": found,
                "recall": found / total if total else None,
                "flows": row["flows"],
                "right_group": row["right_group"] / row["flows"] if row["flows"] else None,
                "right_family": row["right_family"] / row["flows"] if row["flows"] else None,
                "latency": row.get("latency_ms") or {},
                "time_to_detect_s": since.get(name),
            }
        )
    return sorted(rows, key=lambda row: -row["total"])


def _alerts(folder: RunFolder, card: Json) -> Json:
    """The gravest alerts, and the false ones."""
    alerts = read_json(folder.alerts).get("alerts", [])
    rank = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    shown = sorted(alerts, key=lambda alert: (rank.get(alert["severity"], 9), -alert["flows"]))
    false = set((card.get("mistaken") or {}).get("alerts", []))
    return {
        "total": len(alerts),
        "shown": shown[:_ALERTS],
        "false": [alert for alert in shown if alert["alert_id"] in false][:_FALSE_ALERTS],
    }


def _losses(card: Json) -> list[Json]:
    """What the ledger dropped: stage, unit, reason, count and the share of what the stage was offered."""
    rows = []
    frames = losses(card["ledger"])["by"]
    for name, stage in card["ledger"]["stages"].items():
        for reason, count in stage["dropped"].items():
            if not count or reason in MEANT or (stage["unit"] == "frames" and f"{name}: {reason}" not in frames):
                continue
            share = count / stage["offered"] if stage["offered"] else None
            rows.append({"stage": name, "unit": stage["unit"], "reason": reason, "count": count, "share": share})
    return rows


def _certificate(document: Json | None) -> Json | None:
    """What the receiver certified; None of a run without a wire."""
    if document is None:
        return None
    if "frames" not in document:  # an end had nothing to say: only why there is no certificate is known
        return document | {"frames": None}
    rate = document["rate"]["error"]
    return document | {"error": "-" if rate is None else f"{100 * rate:+.4f} %"}


def confusion_table(rows: Json) -> Json:
    """Truth against word: rows of (flows, share of the row)."""
    words = sorted({word for row in rows.values() for word in row}, key=lambda word: (word != BENIGN, word))
    table = []
    for name in sorted(rows, key=lambda word: (word != BENIGN, word)):
        total = sum(rows[name].values())
        cells = [{"count": rows[name].get(word, 0), "share": rows[name].get(word, 0) / max(total, 1)} for word in words]
        table.append({"name": name, "total": total, "cells": cells})
    return {"words": words, "rows": table}
