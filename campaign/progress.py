"""How a run looks in a terminal: a live view where there is one, plain lines otherwise."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from campaign.figures import Figures

if TYPE_CHECKING:
    from rich.console import RenderableType

_LINE_EVERY_S: Final = 1.9  # figures come once a second, more or less
_BAR: Final = 40
_SHOWN_FAMILIES: Final = 6


def line(figures: Figures) -> str:
    """One line of a log."""
    return (
        f"{figures.t:6.1f} s  {figures.phase}  {figures.multiplier:g}x  planned {figures.planned_per_s:,.0f}/s  "
        f"sent {figures.sent_per_s:,.0f}/s ({figures.frames_per_s:,.0f} frames/s)  "
        f"detected {figures.detected:,} flows  alerts {figures.alerts}  "
        f"latency p50 {milliseconds(figures.p50_ms)} p99 {milliseconds(figures.p99_ms)}  "
        f"lost {sum(figures.lost.values()):,}"
    )


def milliseconds(value: float | None) -> str:
    """A latency for people."""
    if value is None:
        return "-"
    return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms"


class Progress:
    """Shows figures on stderr as they come; use it as the watcher of ``campaign.runner.run``."""

    def __init__(self, title: str, duration_s: float) -> None:
        self._title, self._duration_s = title, duration_s
        self._address = ""
        self._last = 0.0
        self._phase = ""
        self._live: Any = None
        self._terminal = sys.stderr.isatty()

    def address(self, text: str) -> None:
        """Where the live page is."""
        self._address = text
        if not self._terminal:
            sys.stderr.write(f"live page: {text}\n")

    def note(self, text: str) -> None:
        """Say something once."""
        if self._live is not None:
            self._live.console.print(text)
        else:
            sys.stderr.write(text + "\n")

    def shown(self) -> AbstractContextManager[Any]:
        """The live view, for as long as the ``with`` block lasts."""
        if not self._terminal:
            return nullcontext()
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(stderr=True), refresh_per_second=4, transient=False)
        live: AbstractContextManager[Any] = self._live
        return live

    def __call__(self, figures: Figures) -> None:
        """Show the figures of a moment."""
        if self._live is not None:
            self._live.update(self.view(figures))
            return
        now = time.monotonic()
        preparing = not figures.attempts and not figures.planned_per_s
        if figures.phase != self._phase or (not preparing and now - self._last >= _LINE_EVERY_S):
            self._last, self._phase = now, figures.phase
            sys.stderr.write((figures.phase if preparing else line(figures)) + "\n")
            sys.stderr.flush()

    def view(self, figures: Figures) -> RenderableType:
        """The live view of one moment."""
        from rich.console import Group
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 3))
        for _ in range(4):
            grid.add_column()
        lost = sum(figures.lost.values())
        rows = (
            (
                "attempts/s",
                f"{figures.sent_per_s:,.0f} of {figures.planned_per_s:,.0f}",
                "frames/s",
                _n(figures.frames_per_s),
            ),
            ("multiplier", f"{figures.multiplier:g}x", "within 1 ms of plan", _percent(figures.within_1ms)),
            (
                "detected",
                f"{figures.detected:,} flows ({figures.detected_per_s:,.0f}/s)",
                "backlog",
                f"{figures.backlog:,} frames",
            ),
            (
                "alerts",
                f"{figures.alerts} ({figures.open_alerts} open)",
                "lost",
                Text(f"{lost:,}", "red" if lost else "green"),
            ),
            ("latency p50", milliseconds(figures.p50_ms), "latency p99", milliseconds(figures.p99_ms)),
        )
        for name, value, other, its_value in rows:
            grid.add_row(Text(name, "dim"), Text(value, "bold"), Text(other, "dim"), its_value)
        parts: list[Any] = [self._bar(figures), grid]
        if figures.families:
            top = sorted(figures.families.items(), key=lambda item: -item[1])[:_SHOWN_FAMILIES]
            parts.append(Text("  ".join(f"{name} {count:,}" for name, count in top), "cyan"))
        if self._address:
            parts.append(Text(f"live page: {self._address}", "dim"))
        return Panel(Group(*parts), title=self._title, subtitle=figures.phase)

    def _bar(self, figures: Figures) -> RenderableType:
        from rich.text import Text

        share = min(1.0, max(0.0, figures.t / self._duration_s))
        done = round(share * _BAR)
        return (
            Text("━" * done, "green")
            + Text("━" * (_BAR - done), "dim")
            + Text(f"  {share * self._duration_s:.0f} of {self._duration_s:g} s")
        )


def _n(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f} %"
