"""The report as Markdown, for a ticket or a pull request: the same document, without plots."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from campaign.report_page import microseconds, milliseconds, number, percent

_EXAMPLES: Final = 20
_SHOWN: Final = ("50", "90", "99", "99.9", "99.99", "100")
Json = dict[str, Any]


def markdown(report: Json) -> str:
    """The text. What a run says stands in it as text: no mark-up, no line breaks, no table cells of its own."""
    parts = [f"# {plain(report['title'])}: {report['verdict']}", _began(report)]
    parts += [plain(line) for line in report["summary"]]
    parts += _why(report)
    if report["against"]:
        parts += _against(report["against"])
    parts += _latency(report) + _families(report) + _missed(report) + _false(report) + _losses(report)
    parts += _detector(report.get("detector"))
    machine = ", ".join(f"{plain(name)} {plain(value)}" for name, value in report["machine"].items())
    parts += ["## Measured on", machine or "unknown", f"Tenfold {plain(report['tenfold'])}"]
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(value: object) -> str:
    """Any text as one line in which nothing is mark-up."""
    text = " ".join(str(value).split())
    text = re.sub(r"([\\`*_\[\]|~#])", r"\\\1", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table, numbers to the right; '' without rows."""
    lines = [f"| {' | '.join(plain(cell) for cell in row)} |" for row in rows]
    if not lines:
        return ""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join([f"| {' | '.join(head)} |", f"| {' | '.join(rule)} |", *lines])


def _detector(it: Json | None) -> list[str]:
    """What is particular to a detector that is not the built-in one."""
    if not it:
        return []
    lost = ", ".join(f"{plain(name)} {number(value)}" for name, value in it["losses"]["lost"].items())
    told = f"{number(it['lines'])} lines read; {number(it['unmatched']['total'])} alerts name nothing that was sent."
    losses = f"It says that it lost: {lost}." if lost else "It reports no loss."
    return [f"## Detector under test: {plain(it['name'])}", f"{plain(it['title'])}; {told} {losses}"]


def _began(report: Json) -> str:
    began = str(report["started"])[:19].replace("T", " ")
    return f"Run {plain(report['id'])}" + (f", began {plain(began)} UTC" if began else "")


def _why(report: Json) -> list[str]:
    parts = []
    if report["run"]["reasons"]:
        parts += ["## Why it is not valid", "\n".join(f"* {plain(reason)}" for reason in report["run"]["reasons"])]
    rows = [
        (row["name"], row["wanted"], row["got"], "met" if row["met"] else "missed") for row in report["run"]["targets"]
    ]
    return [*parts, "## Targets", table(("target", "wanted", "reached", ""), rows)] if rows else parts


def _against(against: Json) -> list[str]:
    rows = [(row["name"], row["now"], row["before"], row["change"], row["word"]) for row in against["rows"]]
    cautions = "\n".join(f"* {plain(text)}" for text in against["cautions"])
    return [f"## Against {plain(against['id'])}", cautions, table(("figure", "here", "there", "change", ""), rows)]


def _latency(report: Json) -> list[str]:
    rate = report["rate"]
    rows = [
        (
            stage["name"],
            number(stage["count"]),
            *(microseconds(stage["percentiles"].get(p)) for p in _SHOWN),
        )
        for stage in report["stages"]
    ]
    head = ("stage", "count", *("max" if p == "100" else f"p{p}" for p in _SHOWN))
    sent = (
        f"{number(rate['planned_attempts'])} attempts planned, {number(rate['sent_attempts'])} sent, "
        f"{number(rate['seen_attempts'])} seen by the meter; {number(rate['sent_frames'])} frames sent, "
        f"{number(rate['metered_frames'])} metered; {percent(rate['within_1ms'])} within 1 ms of plan."
    )
    return ["## Rate and latency", sent, table(head, rows)]


def _families(report: Json) -> list[str]:
    rows = [
        (
            row["name"],
            row["technique"] or "-",
            number(row["total"]),
            percent(row["recall"]),
            percent(row["right_family"]),
            milliseconds(row["latency"].get("p50")),
            milliseconds(row["latency"].get("p99")),
        )
        for row in report["families"]
    ]
    head = ("family", "technique", "attempts", "detected", "right family", "p50", "p99")
    return ["## Recall by family", table(head, rows)] if rows else []


def _missed(report: Json) -> list[str]:
    missed = report["missed"]
    if not missed["total"]:
        return []
    reasons = missed["reasons"]
    why = [
        (
            row["family"],
            number(row["missed"]),
            number(row["of"]),
            *(number(row["why"].get(name, 0)) for name in reasons),
        )
        for row in missed["families"]
    ]
    rows = [
        (
            row["family"],
            f"{row['at_s']:.3f} s",
            f"{row['src']} port {row['src_port']}",
            f"{row['dst']} port {row['dst_port']}",
            number(row["frames"]),
            row["because"],
        )
        for row in missed["examples"][:_EXAMPLES]
    ]
    return [
        f"## Missed: {number(missed['total'])} attempts",
        table(("family", "missed", "of", *reasons), why),
        "### Examples",
        table(("family", "at", "from", "to", "frames", "why"), rows),
    ]


def _false(report: Json) -> list[str]:
    rows = [
        (row["truth"], row["said"], number(row["flows"]), row["src"], row["dst"], number(row["packets"]))
        for row in report["mistaken"]["examples"]
    ]
    if not rows:
        return []
    head = ("ordinary traffic", "called", "flows", "from, largest", "to", "packets")
    return ["## False alarms", table(head, rows)]


def _losses(report: Json) -> list[str]:
    rows = [
        (row["stage"], row["reason"], row["unit"], number(row["count"]), percent(row["share"]))
        for row in report["losses"]
    ]
    lost = table(("stage", "reason", "unit", "lost", "share"), rows) or "Nothing was lost."
    return ["## Losses", lost, *_ledger(report["ledger"])]


def _ledger(ledger: Json) -> list[str]:
    """Every stage, and who else counted the same."""
    balance = "The ledger balances." if ledger["balanced"] else "The ledger does NOT balance."
    rows = [
        (
            name,
            stage["unit"],
            *(number(stage[column]) for column in ("offered", "delivered", "in_flight")),
            number(sum(stage["dropped"].values())),
            number(stage["unexplained"]),
        )
        for name, stage in ledger["stages"].items()
    ]
    head = ("stage", "unit", "offered", "delivered", "in flight", "dropped", "unexplained")
    seen = [
        (row["stage"], row["column"], number(ledger["stages"][row["stage"]][row["column"]]), row["name"],
         number(row["counted"]))
        for row in ledger.get("witnesses", [])
        if row["stage"] in ledger["stages"]
    ]  # fmt: skip
    others = table(("stage", "what", "says", "who else counted", "counts"), seen)
    return [
        "## Ledger",
        balance,
        table(head, rows),
        *(f"* {plain(fault)}" for fault in ledger.get("faults", [])),
        others,
    ]
