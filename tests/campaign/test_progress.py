from __future__ import annotations

import io

from rich.console import Console

from campaign.figures import Figures
from campaign.progress import Progress, line, milliseconds

FIGURES = Figures(
    t=12.5,
    phase="running",
    multiplier=8,
    planned_per_s=6520,
    sent_per_s=6518,
    frames_per_s=41234,
    detected=70000,
    alerts=31,
    families={"syn_flood": 40000, "port_scan": 5},
    p50_ms=61,
    p99_ms=1234,
    within_1ms=0.9998,
    lost={"receive: full": 3},
)


def test_a_line_says_what_the_view_says():
    text = line(FIGURES)
    for word in (
        "12.5 s",
        "8x",
        "6,520/s",
        "6,518/s",
        "41,234 frames/s",
        "70,000 flows",
        "31",
        "61 ms",
        "1.23 s",
        "lost 3",
    ):
        assert word in text


def test_the_view_shows_every_figure():
    console = Console(width=100, record=True, file=io.StringIO())
    progress = Progress("Paris", 60)
    progress.address("http://127.0.0.1:1/")
    console.print(progress.view(FIGURES))
    text = console.export_text()
    for word in (
        "Paris",
        "6,518 of 6,520",
        "8x",
        "70,000 flows",
        "31",
        "61 ms",
        "1.23 s",
        "99.98 %",
        "12 of 60 s",
        "syn_flood 40,000",
        "127.0.0.1:1",
    ):
        assert word in text, word


def test_without_a_terminal_it_writes_lines_but_not_too_many(capsys):
    progress = Progress("Paris", 60)
    with progress.shown():
        for _ in range(5):
            progress(Figures(phase="loading the detector"))
        for _ in range(5):
            progress(FIGURES)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["loading the detector", line(FIGURES)]


def test_latencies_for_people():
    assert [milliseconds(value) for value in (None, 12.3, 999, 1500)] == ["-", "12 ms", "999 ms", "1.50 s"]
