"""The report of a run: HTML (one file that opens offline), Markdown or JSON, from what lies in the run folder alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from campaign import latency, report_charts
from campaign.report_compare import compare
from campaign.report_content import confusion_table, content, read_timeline, text_of
from campaign.report_markdown import markdown
from campaign.report_page import ASSETS, environment, microseconds, number, percent, style, write_page
from campaign.runfolder import RunFolder, read_json
from contract.errors import InputError

__all__ = ["ASSETS", "certificate_lines", "confusion_table", "document", "environment", "number", "percent", "render"]
_LEAST_S: Final = 0.3
FORMATS: Final = ("html", "md", "json")
Json = dict[str, Any]


def render(folder: RunFolder, kind: str = "html", out: Path | None = None, against: RunFolder | None = None) -> Path:
    """Write the report of a run, ``report.html`` in its folder if nobody says otherwise; its path.

    ``kind`` is one of ``FORMATS``; ``against`` is an earlier run to compare with. Raises ``InputError`` where there is
    no scorecard, a file is damaged, or the report cannot be written.
    """
    makers: dict[str, Callable[[], str]] = {
        "html": lambda: _html(folder, against),
        "md": lambda: markdown(document(folder, against)),
        "json": lambda: json.dumps(document(folder, against), indent=1, ensure_ascii=False) + "\n",
    }
    if kind not in makers:
        raise InputError(f"--format {kind}: {', '.join(FORMATS)}")
    return write_page(out or folder.path / f"report.{kind}", makers[kind])


def document(folder: RunFolder, against: RunFolder | None = None) -> Json:
    """The report as a JSON object (``campaign.report_content``), with ``against`` where there is an earlier run."""
    found = content(folder)
    return found | {"against": compare(found, content(against)) if against else None}


def _html(folder: RunFolder, against: RunFolder | None) -> str:
    found = document(folder, against)
    rows = _apart([row for row in read_timeline(folder) if row["t"] >= 0])
    stages = latency.read(folder.latency).get("stages", {})
    course = found["over_time"]
    target = _target_ms(found["run"]["targets"])
    charts = {
        "rates": report_charts.rates(rows),
        "latency": report_charts.latency(rows, target),
        "backlog": report_charts.backlog(rows),
        "percentiles": report_charts.percentiles(stages),
        "where": report_charts.where_time_goes(stages),
        "recall": report_charts.recall_over_time(course) if course else "",
        "time_to_detect": report_charts.time_to_detect_over_time(course) if course else "",
        "certified": report_charts.certified(read_json(folder.certificate).get("curve")),
    }
    return (
        environment(stage=report_charts.name_of_stage)
        .get_template("report.html.j2")
        .render(r=found, charts=charts, scenario=text_of(folder.scenario), style=style())
    )


def _apart(rows: list[Json]) -> list[Json]:
    """Without moments that follow too closely for a rate: the last look at a run comes when it ends."""
    kept: list[Json] = []
    for row in rows:
        if not kept or row["t"] - kept[-1]["t"] >= _LEAST_S:
            kept.append(row)
    return kept


def _target_ms(targets: list[Json]) -> float | None:
    """The p99 that the scenario asks for, as its target says it."""
    for row in targets:
        words = str(row.get("wanted", "")).split()
        if row.get("name") == "latency p99" and len(words) == 4:
            return float(words[2])
    return None


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
