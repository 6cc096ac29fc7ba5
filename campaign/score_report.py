"""The report of ``tenfold score``: one HTML file with what was found, how soon, what was said of what, false alarms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from campaign.charts import Bar, bars, steps
from campaign.report import ASSETS, confusion_table, environment, number, percent
from campaign.report_page import write_text
from contract.families import group_of
from contract.version import VERSION

Json = dict[str, Any]
_WORST: Final = 25  # captures in the chart of false alarms
_GOOD: Final = 0.9
_TRUTH_ONLY: Final = "unknown"


def write(cards: Sequence[Json], total: Json, path: Path) -> Path:
    """Write the report of scorecards and their sum (``campaign.scorecard.totals``). Raises ``InputError``."""
    return write_text(path, render(cards, total))


def render(cards: Sequence[Json], total: Json) -> str:
    """The report as HTML: it loads nothing."""
    pages = environment(number=number, percent=percent)
    entries = [entry for card in cards for entry in card["entries"]]
    words = _sum([card.get("confusion", {}) for card in cards])
    return pages.get_template("score.html.j2").render(
        version=VERSION,
        cards=cards,
        total=total,
        families=confusion_table(words),
        groups=confusion_table(_by_group(words)),
        recall=bars(_recall(total), "recall by family, flows"),
        entries=bars(_entries(entries), "entries of truth that an alert names, by family"),
        times=steps(*_times(entries), "share of entries found over time"),
        alarms=bars(_false(cards), "false alarms by capture"),
        any_entries=bool(entries),
        style=(ASSETS / "report.css").read_text(encoding="utf-8"),
    )


def _sum(parts: Sequence[Json]) -> Json:
    """Confusion tables added up."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for part in parts:
        for true, row in part.items():
            for said, count in row.items():
                found[true][said] += count
    return {true: dict(row) for true, row in found.items() if true != _TRUTH_ONLY}


def _by_group(words: Json) -> Json:
    return _sum(
        [{group_of(true): {group_of(said): count}} for true, row in words.items() for said, count in row.items()]
    )


def _recall(total: Json) -> list[Bar]:
    """Flows of each family that were called an attack or lie in a true alert."""
    rows = sorted(total["families"].items(), key=lambda item: (group_of(item[0]), item[0]))
    return [
        Bar(name, row["recall"], f"{percent(row['recall'])} of {number(row['flows'])}", _tone(row["recall"]))
        for name, row in rows
    ]


def _entries(entries: Sequence[Json]) -> list[Bar]:
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for entry in entries:
        row = found[entry["family"]]
        row[0] += 1
        row[1] += bool(entry["detected"])
        row[2] += bool(entry["right_family"])
    return [
        Bar(name, hit / count, f"{hit} of {count}, {right} by name", _tone(hit / count))
        for name, (count, hit, right) in sorted(found.items(), key=lambda item: (group_of(item[0]), item[0]))
    ]


def _times(entries: Sequence[Json]) -> tuple[dict[str, list[float]], dict[str, int]]:
    """When the entries of each group were found, and of how many."""
    times: dict[str, list[float]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    for entry in entries:
        group = group_of(entry["family"])
        counts[group] += 1
        if entry["time_to_detect_s"] is not None:
            times[group].append(entry["time_to_detect_s"])
    return {group: times[group] for group in counts}, dict(counts)


def _false(cards: Sequence[Json]) -> list[Bar]:
    """The captures with most false alarms; those without any are left out."""
    rows = [card for card in cards if card["false_alarms"]["flagged"] or card["alerts"]["false"]]
    rows.sort(key=lambda card: (-card["alerts"]["false"], -card["false_alarms"]["rate"], card["name"]))
    most = max((card["false_alarms"]["rate"] for card in rows), default=0.0)
    return [
        Bar(
            card["name"] if len(card["name"]) <= 26 else f"{card['name'][:25]}…",
            card["false_alarms"]["rate"] / most if most else None,
            f"{card['alerts']['false']} alerts, {percent(card['false_alarms']['rate'])}",
            "bad",
        )
        for card in rows[:_WORST]
    ]


def _tone(share: float | None) -> str:
    return "bar" if share is None else "good" if share >= _GOOD else "bar" if share >= 0.5 else "bad"
