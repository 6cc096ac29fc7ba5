"""The report of a run: one HTML file that opens offline, made from what lies in the run folder alone."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from campaign import latency
from campaign.runfolder import RunFolder, read_json
from contract.clock import iso
from contract.errors import InputError
from contract.families import BENIGN, catalogue
from contract.version import VERSION

if TYPE_CHECKING:  # loaded where a report is written
    from jinja2 import Environment

ASSETS: Final = Path(__file__).parent / "assets"
_ALERTS: Final = 40
_MISSED: Final = 40
_SECONDS: Final = 7200  # of timeline drawn; longer runs are thinned
Json = dict[str, Any]


def environment(**filters: Callable[..., str]) -> Environment:
    """Where the templates of reports lie; a name that a template misspells is an error. ``filters`` by name."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(filters)
    return made


def render(folder: RunFolder) -> Path:
    """Write ``report.html``; its path. Raises ``InputError`` where there is no scorecard or a file is damaged."""
    from jinja2 import UndefinedError

    pages = environment(number=number, percent=percent, ms=milliseconds, us=microseconds)
    template = pages.get_template("report.html.j2")
    assets = {
        "script": (ASSETS / "uPlot.iife.min.js").read_text(encoding="utf-8"),
        "style": (ASSETS / "uPlot.min.css").read_text(encoding="utf-8"),
        "own_style": (ASSETS / "report.css").read_text(encoding="utf-8"),
        "own_script": (ASSETS / "report.js").read_text(encoding="utf-8"),
    }
    try:
        text = template.render(**context(folder), **assets)
    except (TypeError, ValueError, KeyError, AttributeError, UndefinedError) as error:
        raise InputError(f"{folder.path}: damaged run: a file of it does not hold what it should: {error}") from None
    temporary = folder.report.with_name(folder.report.name + ".tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(folder.report)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise InputError(f"{folder.report}: cannot write the report: {error.strerror}") from None
    return folder.report


def context(folder: RunFolder) -> Json:
    """Everything that the template shows."""
    card = read_json(folder.scorecard)
    if not card:
        raise InputError(f"{folder.path}: holds no scorecard.json; the run was not judged")
    state = read_json(folder.state)
    run = card.get("run", {})
    return {
        "version": VERSION,
        "id": folder.id,
        "title": state.get("title", folder.id),
        "started": iso(state["started_ns"]) if state.get("started_ns") else "",
        "state": state,
        "run": {"passed": None, "valid": None, "reasons": [], "targets": []} | run,
        "card": {"attempts": None, "notes": [], "worst_missed": [], "zones": {}} | card,
        "families": _families(card),
        "confusion": confusion_table(card.get("confusion", {})),
        "certificate": _certificate(card.get("certificate")),
        "missed": card.get("worst_missed", [])[:_MISSED],
        "alerts": _alerts(folder),
        "scenario": _text(folder.scenario),
        "data": _script_json(
            {
                "timeline": _columns(read_timeline(folder)),
                "latency": _curves(latency.read(folder.latency)),
                "certified": read_json(folder.certificate).get("curve"),
            }
        ),
    }


def read_timeline(folder: RunFolder) -> list[Json]:
    """The lines of ``timeline.jsonl``; a last line that is cut off is left out."""
    rows = []
    for text in _text(folder.timeline).splitlines():
        try:
            row = json.loads(text)
        except json.JSONDecodeError:
            continue
        if isinstance(row, dict) and isinstance(row.get("t"), int | float):
            rows.append(row)
    return rows


def _columns(rows: list[Json]) -> Json:
    """The timeline as columns that the plots take."""
    step = max(1, math.ceil(len(rows) / _SECONDS))
    kept = [row for row in rows[::step] if row["t"] >= 0]
    names = ("t", "planned_per_s", "sent_per_s", "detected_per_s", "frames_per_s", "p50_ms", "p99_ms", "backlog")
    return {name: [row.get(name) for row in kept] for name in names}


def _curves(document: Json) -> list[Json]:
    """Percentile curves of the latency stages, in milliseconds."""
    return [
        {"name": name, "points": [[float(p), value / 1000] for p, value in stage["percentiles"].items()]}
        for name, stage in document.get("stages", {}).items()
        if stage.get("count")
    ]


def _certificate(document: Json | None) -> Json | None:
    """What the receiver certified, as the template shows it; None of a run without a wire."""
    if document is None:
        return None
    if "frames" not in document:  # an end had nothing to say: only why there is no certificate is known
        return document | {"frames": None}
    rate = document["rate"]["error"]
    return document | {"error": "-" if rate is None else f"{100 * rate:+.4f} %"}


def _families(card: Json) -> list[Json]:
    known = catalogue()
    rows = []
    for name, row in card.get("families", {}).items():
        total = row.get("attempts", row["flows"])
        found = row.get("attempts_detected", row["detected"])
        family = known.get(name)
        rows.append(
            {
                "name": name,
                "title": family.title if family else name,
                "technique": family.technique if family else "",
                "total": total,
                "found": found,
                "recall": found / total if total else None,
                "flows": row["flows"],
                "right_group": row["right_group"] / row["flows"] if row["flows"] else None,
                "right_family": row["right_family"] / row["flows"] if row["flows"] else None,
                "latency": row.get("latency_ms") or {},
            }
        )
    return sorted(rows, key=lambda row: -row["total"])


def confusion_table(rows: Json) -> Json:
    """Truth against word: rows of (flows, share of the row)."""
    words = sorted({word for row in rows.values() for word in row}, key=lambda word: (word != BENIGN, word))
    table = []
    for name in sorted(rows, key=lambda word: (word != BENIGN, word)):
        total = sum(rows[name].values())
        cells = [{"count": rows[name].get(word, 0), "share": rows[name].get(word, 0) / max(total, 1)} for word in words]
        table.append({"name": name, "total": total, "cells": cells})
    return {"words": words, "rows": table}


def _alerts(folder: RunFolder) -> Json:
    document = read_json(folder.alerts)
    alerts = document.get("alerts", [])
    rank = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    shown = sorted(alerts, key=lambda alert: (rank.get(alert["severity"], 9), -alert["flows"]))[:_ALERTS]
    return {"total": len(alerts), "shown": shown}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read: {error}") from None


def _script_json(document: Json) -> str:
    """JSON that may stand inside a script element: nothing in it can end the element."""
    return json.dumps(document).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def number(value: float | None) -> str:
    """A count with separators."""
    return "-" if value is None else f"{value:,.0f}"


def percent(value: float | None) -> str:
    """A share; never 100 % unless it is all, never 0 % unless it is none."""
    if value is None:
        return "-"
    digits = 100 * value
    if 99.95 <= digits < 100 or 0 < digits < 0.05:
        return f"{digits:.3f} %" if 0.0005 <= digits <= 99.9995 else ("<0.001 %" if digits < 1 else ">99.999 %")
    return f"{digits:.1f} %"


def milliseconds(value: float | None) -> str:
    """A latency for people."""
    if value is None:
        return "-"
    return f"{value / 1000:,.2f} s" if value >= 1000 else f"{value:,.1f} ms"


def microseconds(value: float | None) -> str:
    """A lateness for people."""
    if value is None:
        return "-"
    return f"{value / 1000:,.2f} ms" if abs(value) >= 1000 else f"{value:,.1f} us"


def certificate_lines(certificate: Json) -> list[str]:
    """What the receiver certified, for a terminal: one line where that is nothing, else two."""
    word = "certified" if certificate["certified"] else "NOT CERTIFIED"
    if "frames" not in certificate:
        return [f"wire        {word}: {'; '.join(certificate['reasons'])}"]
    frames, late, lost = certificate["frames"], certificate["lateness_us"], certificate["lost"]
    error = certificate["rate"]["error"]
    arrived = (
        f"wire        {word}: {number(frames['received'])} of {number(frames['claimed'])} frames arrived, "
        f"{percent(certificate['within_1ms'])} within 1 ms, rate error "
        f"{'-' if error is None else f'{100 * error:+.4f} %'}, late p50 {microseconds(late['p50'])}, "
        f"p99 {microseconds(late['p99'])}"
    )
    losses = ", ".join(f"{who} {number(lost[who])}" for who in ("generator", "kernel", "detector", "unexplained"))
    return [arrived, f"lost        {losses}"]
