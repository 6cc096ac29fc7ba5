"""A campaign of half an hour at a load that is held: does memory grow, do descriptors leak, does latency stay flat?

``python -m benchmarks.soak --minutes 30 --multiplier M`` or ``--capacity FOLDER`` for 70 % of what ``tenfold capacity``
found. Once a second the private memory and the descriptors of the processes are read: detector, sender, maker of
frames, and the API, which serves a live stream and is asked for statistics, alerts and metrics all the while. Slopes
are least squares after the warm-up, with their 95 % bounds, in MiB an hour; a verdict for each process says whether the
slope is under ``--slope``, over it, or not known so closely after so short a time. Written into the run folder:
``soak.json`` and ``soak.svg``. Exit code 1 where memory surely grows by more than that, where descriptors grow, or
where the latency of the last third is more than twice that of the first. Without arguments: one minute at 1x, to see
that it works.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import socket
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np

from campaign.capacity import load_trials
from campaign.figures import Figures
from campaign.plots import WIDE, Line, Plot, draw
from campaign.report_page import write_text
from campaign.runfolder import write_json
from campaign.runner import Campaign, Options, run
from campaign.scenario import Overrides, load
from contract.errors import InputError, TenfoldError

SHARE: Final = 0.7  # of the capacity
_PROGRAMS: Final = {
    "detector.service": "detector",
    "generator.sender": "sender",
    "generator.spool": "maker",
    "api.server": "api",
}
_ASKED: Final = ("/v1/stats", "/v1/alerts?limit=50", "/v1/stats/timeline", "/metrics")
_FLAT: Final = 2.0  # times the first third's median p99
_FEW: Final = 10
_STYLE: Final = """
svg { background: #fff; font: 12px system-ui, sans-serif; } .label { fill: #1c2430; } .note { fill: #566272; }
.grid { stroke: #dfe4ea; } .curve { fill: none; stroke: #0072b2; stroke-width: 2; }
.s1 { stroke: #c1440e; stroke-dasharray: 7 3; } .s2 { stroke: #00785a; stroke-dasharray: 2 3; }
line.limit { stroke: #1c2430; stroke-dasharray: 2 4; } text.limit { fill: #1c2430; }
.title { fill: #1c2430; font-weight: 600; font-size: 14px; }
"""
Json = dict[str, Any]


@dataclass
class Samples:
    """What was read, a row a second: seconds of the campaign, and by process bytes and descriptors."""

    t: list[float] = field(default_factory=list)
    memory: dict[str, list[float | None]] = field(default_factory=lambda: {name: [] for name in _PROGRAMS.values()})
    descriptors: dict[str, list[float | None]] = field(default_factory=lambda: {n: [] for n in _PROGRAMS.values()})
    p50_ms: list[float | None] = field(default_factory=list)
    p99_ms: list[float | None] = field(default_factory=list)
    backlog: list[float | None] = field(default_factory=list)

    def take(self, figures: Figures) -> None:
        """Add a row: the watcher of a run."""
        if figures.phase != "running" or figures.t < 0:
            return
        found = _processes()
        self.t.append(figures.t)
        for name in _PROGRAMS.values():
            memory, descriptors = found.get(name, (None, None))
            self.memory[name].append(memory)
            self.descriptors[name].append(descriptors)
        self.p50_ms.append(figures.p50_ms)
        self.p99_ms.append(figures.p99_ms)
        self.backlog.append(figures.backlog)
        if len(self.t) % 30 == 0:
            sizes = ", ".join(f"{n} {v[-1]:,.0f} MiB" for n, v in self.memory.items() if v[-1] is not None)
            sys.stderr.write(f"{figures.t:7.0f} s  {sizes}  p99 {figures.p99_ms or 0:,.0f} ms\n")


class Visitors:
    """Who uses the API meanwhile: one stream that stays open, and a request for something every half second."""

    def __init__(self) -> None:
        self.answers: dict[int, int] = {}
        self.events = 0
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self, address: str) -> None:
        """The page is there."""
        where = urlsplit(address)
        for work in (self._ask, self._stream):
            thread = threading.Thread(target=work, args=(where.hostname or "", where.port or 0), daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Leave."""
        self._over.set()
        for thread in self._threads:
            thread.join(5)

    def _ask(self, host: str, port: int) -> None:
        turn = 0
        while not self._over.wait(0.5):
            connection = http.client.HTTPConnection(host, port, timeout=10)
            with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
                connection.request("GET", _ASKED[turn % len(_ASKED)])
                reply = connection.getresponse()
                reply.read()
                self.answers[reply.status] = self.answers.get(reply.status, 0) + 1
            turn += 1

    def _stream(self, host: str, port: int) -> None:
        while not self._over.wait(0.5):
            connection = http.client.HTTPConnection(host, port, timeout=30)
            with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
                connection.request("GET", "/v1/stream")
                reply = connection.getresponse()
                while not self._over.is_set() and (line := reply.readline()):
                    self.events += line.startswith(b"event: ")


def _processes() -> dict[str, tuple[float, float]]:
    """Private resident MiB and open descriptors of the campaign's processes, which are of this process's making."""
    parents: dict[int, int] = {}
    commands: dict[int, str] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(path.name)] = (path / "cmdline").read_text().replace("\0", " ")
        except (OSError, ValueError, IndexError):
            continue  # it has ended meanwhile
    found: dict[str, tuple[float, float]] = {}
    for pid, command in commands.items():
        above, ours = pid, False
        while above in parents and not ours:
            above = parents[above]
            ours = above == os.getpid()
        name = next((name for module, name in _PROGRAMS.items() if module in command), None)
        if not ours or name is None or (name == "sender" and "generator.spool" in command):
            continue
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            # Not what is shared: the ring between maker and sender counts as resident as it is first used.
            own = int(status.partition("RssAnon:")[2].split()[0]) / 1024
            found[name] = (own, float(len(list(Path(f"/proc/{pid}/fd").iterdir()))))
        except (OSError, ValueError, IndexError):
            continue
    return found


def slope(t: list[float], values: list[float | None], since: float) -> tuple[float, float] | None:
    """Growth an hour and the half width of its 95 % bounds, after ``since`` seconds; None of too few values.

    Neighbouring samples hang together, so the bounds count one independent value in ten.
    """
    kept = np.array([(a, v) for a, v in zip(t, values, strict=True) if v is not None and a >= since]).reshape(-1, 2)
    if len(kept) < _FEW or float(np.ptp(kept[:, 0])) <= 0:
        return None
    x, y = kept[:, 0] / 3600, kept[:, 1]
    grade, base = np.polyfit(x, y, 1)
    rest = y - (grade * x + base)
    spread = float(np.sqrt((rest**2).sum() / max(len(x) - 2, 1) / ((x - x.mean()) ** 2).sum()))
    return float(grade), 1.96 * spread * np.sqrt(10)


def judge(samples: Samples, warm_up: float, limit: float) -> Json:
    """Slopes, descriptors and latency by thirds, and what of it is not as it should be."""
    slopes = {name: slope(samples.t, values, warm_up) for name, values in samples.memory.items()}
    faults = [
        f"{name}: memory grows by {found[0]:,.1f} MiB/h (at least {found[0] - found[1]:,.1f}), {limit:g} may"
        for name, found in slopes.items()
        if found and found[0] - found[1] > limit
    ]
    verdicts = {name: _verdict(found, limit) for name, found in slopes.items()}
    warm = [at for at, t in enumerate(samples.t) if t >= warm_up]
    descriptors = {}
    for name, values in samples.descriptors.items():
        known = [values[at] for at in warm if values[at] is not None]
        if known:
            third = max(len(known) // 3, 1)
            first, last = max(known[:third]), max(known[-third:])
            descriptors[name] = {"first": first, "last": last}
            if last > first + 2:
                faults.append(f"{name}: {first:.0f} descriptors became {last:.0f}")
    late = [samples.p99_ms[at] for at in warm if samples.p99_ms[at] is not None]
    thirds = [float(np.median(part)) for part in np.array_split(np.array(late), 3)] if len(late) >= _FEW else []
    if thirds and thirds[2] > _FLAT * thirds[0]:
        faults.append(f"latency p99 rose from {thirds[0]:,.0f} to {thirds[2]:,.0f} ms")
    return {
        "memory_mib_per_hour": {n: None if s is None else {"slope": s[0], "bound": s[1]} for n, s in slopes.items()},
        "limit_mib_per_hour": limit,
        "memory_verdict": verdicts,
        "descriptors": descriptors,
        "p99_ms_by_thirds": thirds,
        "faults": faults,
    }


def _verdict(found: tuple[float, float] | None, limit: float) -> str:
    if found is None:
        return "no samples"
    grade, bound = found
    if grade + bound <= limit:
        return "flat"
    return "grows" if grade - bound > limit else "not known so closely: run it for longer"


def _lines(document: Json) -> list[str]:
    """The verdict, a line a process."""
    lines = []
    for name, word in document["memory_verdict"].items():
        found = document["memory_mib_per_hour"][name]
        grade = "-" if found is None else f"{found['slope']:+.2f} +/- {found['bound']:.2f} MiB/h"
        files = document["descriptors"].get(name, {"first": 0, "last": 0})
        lines.append(f"{name:9s} memory {grade}: {word}; descriptors {files['first']:.0f} -> {files['last']:.0f}")
    asked = ", ".join(f"{count} x {status}" for status, count in sorted(document["visitors"]["answers"].items()))
    lines.append(
        f"the API answered {asked or 'nobody'}; {document['visitors']['events']} events of the stream were read"
    )
    words = document["memory_verdict"].values()
    sure = "holds" if all(word == "flat" for word in words) else "cannot be told after so short a time"
    lines.append(f"under {document['limit_mib_per_hour']:g} MiB/h: {'FAILS' if document['faults'] else sure}")
    return lines


def picture(samples: Samples, title: str, warm_up: float) -> str:
    """Memory, descriptors and latency over time as one SVG file that stands alone."""
    minutes = [t / 60 for t in samples.t]
    warm = [(warm_up / 60, "warm")]
    memory = [Line(n, v, at) for at, (n, v) in enumerate(samples.memory.items())]
    counts = [Line(n, v, at) for at, (n, v) in enumerate(samples.descriptors.items())]
    latency = [Line("p50", samples.p50_ms, 0), Line("p99", samples.p99_ms, 1)]
    plots = [
        ("Private memory", memory, "MiB", 200),
        ("Open descriptors", counts, "descriptors", 110),
        ("Latency", latency, "ms", 200),
    ]
    parts, y = [f'<text class="title" x="12" y="20">{title}</text>'], 34
    for name, lines, unit, high in plots:
        text = draw(Plot(name, name, "minutes", unit, high=high, verticals=warm, most="max"), minutes, lines)
        if not text.startswith("<svg"):
            continue
        parts.append(f'<text class="title" x="62" y="{y + 4}">{name}</text>')
        tall = int(text.partition('viewBox="0 0 ')[2].split('"')[0].split()[1])
        parts.append(text.replace("<svg ", f'<svg x="0" y="{y + 6}" width="{WIDE}" height="{tall}" ', 1))
        y += tall + 24
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {y}" width="{WIDE}" height="{y}">'
    return "\n".join(
        [head, f"<style>{_STYLE}</style>", f'<rect width="{WIDE}" height="{y}" fill="#fff"/>', *parts, "</svg>\n"]
    )


def main() -> int:
    """Run, judge, draw."""
    options = _options()
    multiplier = options.multiplier
    if options.capacity:
        found = (load_trials(options.capacity).get("result") or {}).get("multiplier")
        if not found:
            raise InputError(f"{options.capacity}: its search found no capacity")
        multiplier = round(SHARE * found, 3)
    seconds = 60 * options.minutes
    warm_up = max(0.2 * seconds, min(60.0, seconds / 3))
    samples = Samples()
    kind: type[Campaign] = Campaign
    overrides = Overrides(multiplier=multiplier, duration_s=seconds, warm_up_s=warm_up)
    sys.stderr.write(f"soak: {options.scenario} at {multiplier:g}x for {options.minutes:g} min\n")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    visitors = Visitors()
    served = Options(runs=options.runs, serve=True, port=port)
    try:
        done = run(load(options.scenario), served, overrides, samples.take, visitors.begin, kind)
    finally:
        visitors.end()
    document = judge(samples, warm_up, options.slope) | {
        "visitors": {"answers": visitors.answers, "events": visitors.events},
        "multiplier": multiplier,
        "seconds": seconds,
        "warm_up_s": warm_up,
        "run": done.folder.id,
        "valid": done.card["run"]["valid"],
        "reasons": done.card["run"]["reasons"],
        "latency_ms": done.card["latency_ms"],
        "samples": {name: getattr(samples, name) for name in Samples.__dataclass_fields__},
    }
    write_json(done.folder.path / "soak.json", document)
    title = f"{options.scenario} at {multiplier:g}x, {options.minutes:g} minutes"
    drawn = write_text(done.folder.path / "soak.svg", picture(samples, title, warm_up))
    sys.stdout.write(json.dumps({k: v for k, v in document.items() if k != "samples"}, indent=1) + f"\n{drawn}\n")
    sys.stdout.write("\n".join(_lines(document)) + "\n")
    return 1 if document["faults"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--scenario", default="tokyo-2020")
    parser.add_argument("--minutes", type=float, default=1.0)
    load_ = parser.add_mutually_exclusive_group()
    load_.add_argument("--multiplier", type=float, default=1.0)
    load_.add_argument("--capacity", type=Path, help="folder of `tenfold capacity`: 70 %% of what it found")
    parser.add_argument("--slope", type=float, default=1.0, help="MiB an hour that a process may grow")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TenfoldError as error:
        sys.exit(f"soak: {error}")
