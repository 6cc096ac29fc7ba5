"""The charts of a run's report, from what its folder says; each as SVG text with a title and a description."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any, Final

from campaign.plots import HALF, WIDE, Line, Plot, draw
from campaign.report_page import microseconds, milliseconds, number, percent

Json = dict[str, Any]
_LABEL: Final = 168
_CELL_HIGH: Final = 16
_SEEN_AS: Final = {
    "sent": "sent: plan to leaving",
    "decide": "evidence: first frame to verdict",
    "received": "received: until the tick was in",
    "metered": "metered",
    "classified": "classified",
    "queued": "queued for the store",
    "committed": "committed: readable",
    "commit": "commit: verdict to readable",
    "total": "total",
}
PARTS: Final = ("decide", "received", "metered", "classified", "queued", "committed")


def name_of_stage(name: str) -> str:
    """A stage of ``campaign.latency`` as people read it."""
    return _SEEN_AS.get(name, name)


def rates(rows: Sequence[Json]) -> str:
    """Attempts a second: asked, sent; and flows that were called an attack."""
    x = [row["t"] for row in rows]
    lines = [
        Line("attempts asked", _column(rows, "planned_per_s"), 7, _most(rows, "planned_per_s")),
        Line("attempts sent", _column(rows, "sent_per_s"), 0, _most(rows, "sent_per_s"), area=True),
        Line("flows called an attack", _column(rows, "detected_per_s"), 1, _most(rows, "detected_per_s")),
    ]
    return draw(
        Plot(
            "Rates over time", f"Attempts a second that were asked for and sent: {_spans(rows)}", "seconds", "a second"
        ),
        x,
        lines,
    )


def latency(rows: Sequence[Json], target_ms: float | None) -> str:
    """p50 and p99 of the last seconds, over time, on a logarithmic axis."""
    lines = [Line("p50", _column(rows, "p50_ms"), 0), Line("p99", _column(rows, "p99_ms"), 1)]
    plot = Plot(
        "Latency over time",
        "From the planned time of a flow's first frame until its verdict could be read, of the five seconds before.",
        "seconds",
        "ms",
        log_y=True,
        wide=HALF,
        most="max",
        limits=[(target_ms, f"target p99 {target_ms:g} ms")] if target_ms else [],
    )
    return draw(plot, [row["t"] for row in rows], lines)


def backlog(rows: Sequence[Json]) -> str:
    """Frames that were sent and not yet metered, and frames a second."""
    lines = [
        Line("sent a second", _column(rows, "frames_per_s"), 0, _most(rows, "frames_per_s"), area=True),
        Line("wait for the detector", _column(rows, "backlog"), 1, _most(rows, "backlog")),
    ]
    plot = Plot(
        "Frames and backlog over time",
        "Frames sent a second, and those that wait.",
        "seconds",
        "frames",
        wide=HALF,
        most="max",
    )
    return draw(plot, [row["t"] for row in rows], lines)


def percentiles(stages: Json) -> str:
    """Latency by percentile: each step to the right is ten times rarer."""
    known = {name: stage for name, stage in stages.items() if stage.get("count")}
    names = list(next(iter(known.values()))["percentiles"]) if known else []
    parts = PARTS if set(PARTS) <= set(known) else ("decide", "commit")  # commit is the sum of all but the first
    order = [name for name in ("total", *parts, "sent") if name in known]
    x = [-math.log10(max(1 - float(name) / 100, 10**-4.5)) for name in names]
    lines = [
        Line(
            name_of_stage(name).partition(":")[0],
            [max(value / 1000, 0.001) if value is not None else None for value in known[name]["percentiles"].values()],
            at % 8,
        )
        for at, name in enumerate(order)
    ]
    labels = [(at, "max" if name == "100" else f"p{name}") for at, name in zip(x, names, strict=True)]
    plot = Plot(
        "Latency by percentile and stage",
        "; ".join(f"{name}: median {microseconds(known[name]['percentiles'].get('50'))}" for name in order),
        "percentile",
        "ms",
        log_y=True,
        x_names=labels,
    )
    return draw(plot, x, lines)


def where_time_goes(stages: Json) -> str:
    """The mean time to a verdict as one bar, split by stage; '' where the run did not keep its stages."""
    means = [(name, stages[name]["mean"] or 0.0) for name in PARTS if name in stages and stages[name].get("count")]
    whole = sum(mean for _, mean in means)
    if len(means) < len(PARTS) or not whole:
        return ""
    wide, left, parts = WIDE - 20, 10.0, []
    for at, (name, mean) in enumerate(means):
        long = wide * mean / whole
        word = f"{name_of_stage(name)}: {microseconds(mean)}, {percent(mean / whole)}"
        box = f'x="{left:.1f}" y="8" width="{long:.1f}" height="30"'
        parts.append(f'<rect class="block s{at}" {box}><title>{escape(word)}</title></rect>')
        if long > 46:
            middle, share = left + long / 2, 100 * mean / whole
            parts.append(f'<text class="inside" x="{middle:.1f}" y="28" text-anchor="middle">{share:.0f} %</text>')
        x, y = 10 + (at % 3) * 350, 60 + (at // 3) * 20
        parts.append(f'<rect class="block s{at}" x="{x}" y="{y - 10}" width="12" height="12"/>')
        parts.append(f'<text class="label" x="{x + 18}" y="{y}">{escape(word)}</text>')
        left += long
    title = f"Where the time to a verdict goes, mean {microseconds(whole)}"
    said = "; ".join(f"{name} {percent(mean / whole)}" for name, mean in means)
    return (
        f'<svg class="chart wide" viewBox="0 0 {WIDE} 90" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title><desc>{escape(said)}</desc>{''.join(parts)}</svg>"
    )


def recall_over_time(course: Json) -> str:
    """A row a family, a cell a stretch of time: the darker, the more of its attempts were detected."""
    return _strips(course, "Recall by family over time", _recall_cell, "detected")


def time_to_detect_over_time(course: Json) -> str:
    """A row a family, a cell a stretch of time: the darker, the longer its median attempt took to detect."""
    values = [v for row in course["families"].values() for v in row["p50_ms"] if v is not None and v > 0]
    if not values:
        return '<p class="soft">Nothing was detected.</p>'
    low, high = math.log10(max(min(values), 1.0)), math.log10(max(*values, 10.0))

    def cell(row: Json, at: int) -> tuple[float | None, str]:
        value = row["p50_ms"][at]
        if value is None:
            return None, "nothing detected"
        share = (math.log10(max(value, 1.0)) - low) / max(high - low, 1e-9)
        return 0.08 + 0.92 * share, f"median {milliseconds(value)}, at most {milliseconds(row['max_ms'][at])}"

    return _strips(course, "Time to detect by family over time", cell, "median")


def _recall_cell(row: Json, at: int) -> tuple[float | None, str]:
    total, found = row["attempts"][at], row["detected"][at]
    if not total:
        return None, "no attempt"
    return 0.06 + 0.94 * found / total, f"{number(found)} of {number(total)} detected"


def _strips(course: Json, title: str, cell: Any, what: str) -> str:  # noqa: ANN401 - a function of a row and an index
    names = ["all", *sorted(name for name in course["families"] if name != "all")]
    count, step = len(course["t"]), course["bin_s"]
    wide = (WIDE - _LABEL - 76) / max(count, 1)
    parts = []
    for line, name in enumerate(names):
        row = course["families"][name]
        y = 6 + line * _CELL_HIGH
        parts.append(f'<text class="label" x="{_LABEL - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>')
        for at in range(count):
            share, word = cell(row, at)
            box = f'x="{_LABEL + at * wide:.2f}" y="{y}" width="{max(wide - 0.6, 0.6):.2f}" height="{_CELL_HIGH - 3}"'
            hint = f"<title>{escape(name)}, second {step * at:g}: {escape(word)}</title>"
            if share is None:
                parts.append(f'<rect class="none" {box}>{hint}</rect>')
            else:
                parts.append(f'<rect class="cell" fill-opacity="{share:.2f}" {box}>{hint}</rect>')
        parts.append(f'<text class="note" x="{WIDE - 70}" y="{y + 12}">{escape(_row_note(row, what))}</text>')
    bottom = 6 + len(names) * _CELL_HIGH
    every = max(1, math.ceil(count / 8))
    for at in range(0, count, every):
        x = _LABEL + at * wide
        parts.append(f'<text class="note" x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{step * at:g} s</text>')
    said = (
        f"{len(names) - 1} families in stretches of {step:g} s; overall {_row_note(course['families']['all'], what)}."
    )
    return (
        f'<svg class="chart wide" viewBox="0 0 {WIDE} {bottom + 22}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title><desc>{escape(said)}</desc>{''.join(parts)}</svg>"
    )


def _row_note(row: Json, what: str) -> str:
    if what == "detected":
        return percent(sum(row["detected"]) / sum(row["attempts"]) if sum(row["attempts"]) else None)
    known = sorted(value for value in row["p50_ms"] if value is not None)
    return milliseconds(known[(len(known) - 1) // 2] if known else None)


def _column(rows: Sequence[Json], name: str) -> list[float | None]:
    return [value if isinstance(value := row.get(name), int | float) else None for row in rows]


def _most(rows: Sequence[Json], name: str) -> str:
    known = [value for value in _column(rows, name) if value is not None]
    return f"(most {max(known):,.0f})" if known else ""


def _spans(rows: Sequence[Json]) -> str:
    known = [value for value in _column(rows, "sent_per_s") if value is not None]
    return f"up to {max(known):,.0f} sent a second." if known else "nothing was measured."


def certified(curve: Any) -> str:  # noqa: ANN401 - what a file says
    """Planned against received, at the receiver; '' of a run without a wire."""
    if not isinstance(curve, dict) or not curve.get("t"):
        return ""
    lines = [
        Line("attempts planned", curve["planned_attempts_per_s"], 4, broad=True),
        Line("attempts received", curve["received_attempts_per_s"], 0),
        Line("frames planned", curve["planned_frames_per_s"], 7, broad=True),
        Line("frames received", curve["received_frames_per_s"], 2),
    ]
    plot = Plot("Planned against received", "A second by second comparison at the receiver.", "seconds", "a second")
    return draw(plot, curve["t"], lines)
