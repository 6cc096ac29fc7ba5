"""Curves over a number axis as SVG text. Series differ in dash and colour: either tells them apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Final

WIDE: Final = 1080  # of a report; what stands in half of it is drawn half as wide, so that words keep their size
HALF: Final = 520
_LEFT, _RIGHT, _TOP = 62, 16, 12
_LETTER: Final = 6.6  # width of a letter at 12 px, generously
_MOST_POINTS: Final = 400
_TICKS: Final = 5
_LEAST_SPAN: Final = 1e-9  # of an axis: what lies closer is one place
Value = float | None


@dataclass(frozen=True)
class Line:
    """One curve: ``values`` go with the plot's ``x``, None leaves a gap. ``style`` 0 to 7 is colour and dash.

    ``note`` stands behind the name in the legend. ``marks`` are tooltips of signs at the points, empty for none.
    """

    name: str
    values: Sequence[Value]
    style: int = 0
    note: str = ""
    marks: Sequence[str] = ()
    area: bool = False
    joined: bool = True  # a curve, not its marks alone
    bridged: bool = False  # gaps are drawn over
    broad: bool = False  # what lies below another curve, and shows where the two differ


@dataclass(frozen=True)
class Plot:
    """Axes of a plot. ``limits`` are horizontal lines with a word; ``x_names`` stand in for numbers below the axis."""

    title: str
    description: str
    x_label: str
    y_label: str
    log_y: bool = False
    log_x: bool = False
    wide: int = WIDE
    high: int = 230
    limits: Sequence[tuple[float, str]] = ()
    x_names: Sequence[tuple[float, str]] = ()
    least_top: float = 0.0
    most: str = "mean"  # what of many points in one place is drawn: mean or max
    verticals: Sequence[tuple[float, str]] = field(default=())


def draw(plot: Plot, x: Sequence[float], lines: Sequence[Line]) -> str:
    """The plot as an SVG element; a sentence where there is nothing to draw."""
    shown = [line for line in lines if any(value is not None for value in line.values)]
    if not x or not shown:
        return '<p class="soft">Nothing was measured.</p>'
    x, shown = _thinned(x, shown, plot.most)
    known = [v for line in shown for v in line.values if v is not None] + [v for v, _ in plot.limits]
    across = _Axis.over([*x, *(v for v, _ in plot.x_names), *(v for v, _ in plot.verticals)], log=plot.log_x)
    up = _Axis.over(known if plot.log_y else [0.0, plot.least_top, *known], log=plot.log_y, wide=True)
    wide = plot.wide - _LEFT - _RIGHT
    parts = [*_grid(plot, across, up, wide)]
    for line in shown:
        parts += _curve(plot, line, x, across, up, wide)
    legend, bottom = _legend(shown, _TOP + plot.high + 58, plot.wide)
    return _svg(plot, bottom, [*parts, *legend])


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    log: bool

    @classmethod
    def over(cls, values: Sequence[float], *, log: bool, wide: bool = False) -> _Axis:
        low, high = min(values), max(values)
        if log:
            low = max(low, 1e-3)
            low, high = (10 ** math.floor(math.log10(low)), max(high, low)) if wide else (low, max(high, low))
            high = 10 ** math.ceil(math.log10(high)) if wide else high
            return cls(low, high if high > low else low * 10, log=True)
        if wide:
            high += 0.04 * (high - low)
        return cls(low, high if high - low > _LEAST_SPAN * max(abs(low), 1.0) else low + 1, log=False)

    def share(self, value: float) -> float:
        if self.log:
            span = math.log10(self.high / self.low)
            return math.log10(max(value, self.low) / self.low) / span
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        if self.log:
            low, high = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            if high - low >= 2:
                return [10.0**power for power in range(low, high + 1)]
            found = [m * 10.0**power for power in range(low - 1, high + 1) for m in (1, 2, 5)]
            return [tick for tick in found if self.low <= tick <= self.high]
        rough = (self.high - self.low) / _TICKS
        power = 10 ** math.floor(math.log10(rough))
        step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [step * n for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _grid(plot: Plot, across: _Axis, up: _Axis, wide: int) -> list[str]:
    parts = []
    bottom = _TOP + plot.high
    for tick in up.ticks():
        y = bottom - plot.high * up.share(tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + wide}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="note" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>')
    names = plot.x_names or [(tick, short(tick)) for tick in across.ticks()]
    for tick, name in names:
        at = _LEFT + wide * across.share(tick)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="note" x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{escape(name)}</text>')
    note = '<text class="note" text-anchor="middle"'
    parts.append(f'{note} x="{_LEFT + wide / 2}" y="{bottom + 33}">{escape(plot.x_label)}</text>')
    middle = _TOP + plot.high / 2
    parts.append(f'{note} x="14" y="{middle}" transform="rotate(-90 14 {middle})">{escape(plot.y_label)}</text>')
    for value, word in plot.limits:
        y = bottom - plot.high * up.share(value)
        parts.append(f'<line class="limit" x1="{_LEFT}" x2="{_LEFT + wide}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(
            f'<text class="limit" x="{_LEFT + wide - 4}" y="{y - 5:.1f}" text-anchor="end">{escape(word)}</text>'
        )
    for value, word in plot.verticals:
        at = _LEFT + wide * across.share(value)
        parts.append(f'<line class="limit" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="limit" x="{at + 4:.1f}" y="{_TOP + 10}">{escape(word)}</text>')
    return parts


def _curve(plot: Plot, line: Line, x: Sequence[float], across: _Axis, up: _Axis, wide: int) -> list[str]:
    bottom = _TOP + plot.high
    parts: list[str] = []
    runs: list[list[tuple[float, float]]] = [[]]
    signs = []
    for number, (at, value) in enumerate(zip(x, line.values, strict=True)):
        if value is None:
            if not line.bridged:
                runs.append([])
            continue
        place = (_LEFT + wide * across.share(at), bottom - plot.high * min(max(up.share(value), 0.0), 1.0))
        runs[-1].append(place)
        if line.marks:
            signs.append(_sign(line.style, place, line.marks[number]))
    for found in runs:
        run = found
        if not run or not line.joined:
            continue
        points = " ".join(
            f"{a:.1f},{b:.1f}" for a, b in (run if len(run) > 1 else [run[0], (run[0][0] + 2, run[0][1])])
        )
        if line.area:
            closed = f"{run[0][0]:.1f},{bottom} {points} {run[-1][0]:.1f},{bottom}"
            parts.append(f'<polygon class="area s{line.style}" points="{closed}"/>')
        parts.append(f'<polyline class="curve s{line.style}{_broad(line)}" points="{points}"/>')
    return parts + signs


def _broad(line: Line) -> str:
    return " broad" if line.broad else ""


def _sign(style: int, place: tuple[float, float], word: str) -> str:
    """A sign of the series' own shape: circle, square, triangle, diamond."""
    x, y = place
    shapes = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5"',
        f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"',
        f'<path d="M{x:.1f} {y - 5.5:.1f}l5 9h-10z"',
        f'<path d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z"',
    )
    return (
        f'{shapes[style % len(shapes)]} class="sign s{style}"><title>{escape(word)}</title>{_END[style % len(shapes)]}'
    )


_END: Final = ("</circle>", "</rect>", "</path>", "</path>")


def _legend(lines: Sequence[Line], top: int, wide: int) -> tuple[list[str], int]:
    parts = []
    x, y = _LEFT, top
    for line in lines:
        words = f"{line.name} {line.note}".strip()
        long = 32 + round(_LETTER * len(words)) + 18
        if x > _LEFT and x + long > wide:
            x, y = _LEFT, y + 20
        if line.joined:
            ends = f'x1="{x}" x2="{x + 26}" y1="{y - 4}" y2="{y - 4}"'
            parts.append(f'<line class="curve s{line.style}{_broad(line)}" {ends}/>')
        if line.marks:
            parts.append(_sign(line.style, (x + 13, y - 4), line.name))
        parts.append(f'<text class="label" x="{x + 32}" y="{y}">{escape(words)}</text>')
        x += long
    return parts, y + 10


def _thinned(x: Sequence[float], lines: Sequence[Line], most: str) -> tuple[Sequence[float], list[Line]]:
    """At most ``_MOST_POINTS`` points: the mean or the largest of each stretch."""
    step = math.ceil(len(x) / _MOST_POINTS)
    if step <= 1:
        return x, list(lines)
    starts = range(0, len(x), step)

    def fold(values: Sequence[Value]) -> list[Value]:
        found: list[Value] = []
        for start in starts:
            known = [v for v in values[start : start + step] if v is not None]
            found.append((max(known) if most == "max" else sum(known) / len(known)) if known else None)
        return found

    thin = [replace(line, values=fold(line.values), marks=()) for line in lines]
    return [x[start] for start in starts], thin


def short(value: float) -> str:
    """A number for an axis."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= unit and (unit > 1e3 or abs(value) >= 1e4):
            return f"{value / unit:g}{name}"
    return f"{round(value, 6):g}"


def _svg(plot: Plot, high: int, parts: Sequence[str]) -> str:
    head = (
        f'<svg class="chart wide" viewBox="0 0 {plot.wide} {high}" role="img" aria-label="{escape(plot.title)}">'
        f"<title>{escape(plot.title)}</title><desc>{escape(plot.description)}</desc>"
    )
    return "\n".join([head, *parts, "</svg>"])
