"""Charts as SVG text, drawn by us. Colours come from the page's style sheet: they are readable in dark and light."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_LABEL: Final = 190
_WIDE: Final = 560  # of bars
_WIDER: Final = 760  # of curves
_ROW: Final = 24
_SERIES: Final = 8  # colours that the style sheet has


@dataclass(frozen=True)
class Bar:
    """One bar of a chart: ``share`` of the full width, 0 to 1 (None: nothing to show), and what stands behind it."""

    label: str
    share: float | None
    note: str
    tone: str = "bar"  # bar, good, bad


def bars(rows: Sequence[Bar], title: str) -> str:
    """Horizontal bars with labels before and notes behind them."""
    high = _ROW * len(rows) + 6
    width = _WIDE - _LABEL - 130
    parts = []
    for at, row in enumerate(rows):
        middle = _ROW * at + 15
        parts.append(
            f'<text class="label" x="{_LABEL - 8}" y="{middle + 4}" text-anchor="end">{escape(row.label)}</text>'
        )
        parts.append(f'<rect class="track" x="{_LABEL}" y="{middle - 6}" width="{width}" height="12" rx="3"/>')
        if row.share:
            long = max(width * min(row.share, 1.0), 2.0)
            parts.append(
                f'<rect class="{row.tone}" x="{_LABEL}" y="{middle - 6}" width="{long:.1f}" height="12" rx="3"/>'
            )
        parts.append(f'<text class="note" x="{_LABEL + width + 8}" y="{middle + 4}">{escape(row.note)}</text>')
    return _svg(_WIDE, high, (title, "; ".join(f"{row.label}: {row.note}" for row in rows)), parts)


def steps(series: Mapping[str, Sequence[float]], totals: Mapping[str, int], title: str) -> str:
    """Shares reached over time, on a logarithmic axis of seconds: one curve a name.

    Args:
        series: the times at which something was reached
        totals: of how many, by name: what was never reached keeps its curve below 1
        title: what the chart shows, for those who cannot see it
    """
    left, top, width, high = 46, 10, _WIDER - 66, 240
    times = [time for own in series.values() for time in own if time > 0]
    low = math.floor(math.log10(max(min(times, default=0.01), 1e-3)))
    most = max(math.ceil(math.log10(max(max(times, default=1.0), 1e-3))), low + 1)

    def x(seconds: float) -> float:
        place = (math.log10(max(seconds, 10.0**low)) - low) / (most - low)
        return left + width * min(place, 1.0)

    def y(share: float) -> float:
        return top + high * (1 - share)

    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        parts.append(f'<line class="grid" x1="{left}" x2="{left + width}" y1="{y(share):.1f}" y2="{y(share):.1f}"/>')
        parts.append(f'<text class="note" x="{left - 6}" y="{y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for power in range(low, most + 1):
        at = x(10.0**power)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{top + high}"/>')
        parts.append(
            f'<text class="note" x="{at:.1f}" y="{top + high + 16}" text-anchor="middle">{_seconds(10.0**power)}</text>'
        )
    for number, (name, own) in enumerate(sorted(series.items())):
        points = [(float(left), y(0))]
        share = 0.0
        for time in sorted(own):
            points.append((x(time), y(share)))
            share += 1 / max(totals[name], 1)
            points.append((x(time), y(share)))
        points.append((left + width, y(share)))
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline class="curve s{number % _SERIES}" points="{path}"/>')
    legend, below = _legend(sorted(series), totals, series, left, top + high + 40)
    reached = "; ".join(f"{name}: {len(own)} of {totals[name]}" for name, own in sorted(series.items()))
    return _svg(_WIDER, below, (title, reached), [*parts, *legend])


def _legend(
    names: Sequence[str], totals: Mapping[str, int], series: Mapping[str, Sequence[float]], left: int, top: int
) -> tuple[list[str], int]:
    parts = []
    for number, name in enumerate(names):
        x, y = left + (number % 3) * 230, top + (number // 3) * 20
        words = f"{name}: {len(series[name])} of {totals[name]}"
        parts.append(f'<line class="curve s{number % _SERIES}" x1="{x}" x2="{x + 22}" y1="{y - 4}" y2="{y - 4}"/>')
        parts.append(f'<text class="label" x="{x + 28}" y="{y}">{escape(words)}</text>')
    return parts, top + ((len(names) + 2) // 3) * 20


def _seconds(value: float) -> str:
    return f"{1000 * value:g} ms" if value < 1 else f"{value:g} s"


def _svg(width: int, high: int, words: tuple[str, str], parts: Sequence[str]) -> str:
    """The element, with its title and, for those who cannot see it, what it shows."""
    title, description = map(escape, words)
    head = f'<svg class="chart" viewBox="0 0 {width} {high}" role="img" aria-label="{title}">'
    return "\n".join([head, f"<title>{title}</title><desc>{description}</desc>", *parts, "</svg>"])
