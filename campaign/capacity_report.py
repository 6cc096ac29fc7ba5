"""The report of a capacity search: one HTML file that loads nothing, with latency, loss and recall against the load."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from campaign.capacity_search import HELD
from campaign.plots import HALF, WIDE, Line, Plot, draw
from campaign.report_page import environment, style, write_page
from generator.workload import TOKYO_RATE

_STYLES: Final = {"held": 2, "failed": 1, "generator": 4}
_WORDS: Final = {"held": "held", "failed": "detector failed", "generator": "generator failed"}
Json = dict[str, Any]


def write(document: Json, path: Path) -> Path:
    """Write the report of ``capacity.json``. Raises ``InputError`` where the document is damaged."""
    return write_page(path, lambda: render(document))


def render(document: Json) -> str:
    """The report as HTML."""
    trials = sorted(document["trials"], key=lambda trial: (trial["multiplier"], trial["number"]))
    limits = document["parameters"]["limits"]
    p99 = limits["p99_ms"]
    return (
        environment()
        .get_template("capacity.html.j2")
        .render(
            document=document,
            parameters=document["parameters"],
            result=document["result"],
            trials=sorted(document["trials"], key=lambda trial: trial["number"]),
            tokyo=TOKYO_RATE,
            words=_WORDS,
            style=style(),
            latency=_plot(
                trials,
                "Latency p99 against the load",
                "latency p99, ms",
                lambda t: t["latency_ms"]["p99"],
                limits=[(p99, f"target {p99:g} ms")] if p99 else [],
                log=True,
            ),
            loss=_plot(
                trials,
                "Frames lost against the load",
                "lost, % of frames",
                lambda t: 100 * t["loss"]["share"],
                limits=[(100 * limits["loss"], f"target {100 * limits['loss']:g} %")],
                top=1.0,
                wide=HALF,
            ),
            recall=_plot(
                trials,
                "Attempts detected against the load",
                "detected, % of attempts",
                lambda t: None if t["recall"] is None else 100 * t["recall"],
                limits=[(100 * limits["recall"], f"target {100 * limits['recall']:g} %")] if limits["recall"] else [],
                top=100.0,
                wide=HALF,
            ),
            sent=_plot(
                trials,
                "Attempts a second that left, against those asked for",
                "sent, times 815/s",
                lambda t: t["sent_per_s"] / TOKYO_RATE,
                limits=[],
            ),
        )
    )


def _plot(
    trials: Sequence[Json],
    title: str,
    label: str,
    value: Any,  # noqa: ANN401 - a function of one trial
    *,
    limits: Sequence[tuple[float, str]],
    log: bool = False,
    top: float = 0.0,
    wide: int = WIDE,
) -> str:
    """A mark a trial, by outcome; the curve joins the median of each load."""
    if not trials:
        return '<p class="soft">No trial was made.</p>'
    x = [trial["multiplier"] for trial in trials]
    loads = sorted(set(x))
    by_load = {load: _median([value(t) for t in trials if t["multiplier"] == load]) for load in loads}
    first = {load: x.index(load) for load in loads}
    course = [by_load[load] if first[load] == at else None for at, load in enumerate(x)]
    lines = []
    for word, style_ in _STYLES.items():
        values = [value(t) if t["outcome"] == word else None for t in trials]
        marks = [_mark(t, value(t)) for t in trials]
        lines.append(Line(_WORDS[word], values, style_, marks=marks, joined=False))
    held = max((t["multiplier"] for t in trials if t["outcome"] == HELD), default=None)
    words = f"{len(trials)} trials from {loads[0]:g}x to {loads[-1]:g}x."
    if held is not None:
        words += f" The highest that was held in a trial is {held:g}x."
    plot = Plot(
        title,
        words,
        "multiplier: times Tokyo's 815 attempts a second",
        label,
        log_y=log,
        log_x=True,
        wide=wide,
        limits=limits,
        least_top=top,
        x_names=_names(loads),
    )
    keep = [at for at, y in enumerate(course) if y is not None]
    joined = Line("median of a load", [course[at] if at in keep else None for at in range(len(x))], 7, bridged=True)
    return draw(plot, x, [joined, *lines])


def _names(loads: Sequence[float]) -> list[tuple[float, str]]:
    """Loads that stand on the axis: those too near the one before are left out."""
    shown: list[tuple[float, str]] = []
    span = loads[-1] / loads[0]
    for load in loads:
        if not shown or load / shown[-1][0] > max(span**0.07, 1.0001):
            shown.append((load, f"{load:g}x"))
    return shown


def _median(values: Sequence[float | None]) -> float | None:
    known = sorted(value for value in values if value is not None)
    return known[(len(known) - 1) // 2] if known else None


def _mark(trial: Json, value: float | None) -> str:
    return f"trial {trial['number']}: {trial['multiplier']:g}x, {_WORDS.get(trial['outcome'], '?')}, {value or 0:,.2f}"
