"""What is measured over a load test, beyond Locust's own table, and whether it is good enough."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from loadtests.settings import Thresholds

READ: Final = "read "  # a reader's request, from the moment at which it was due
STREAMED: Final = "stream alert"  # from an alert's commit until a wall has it
_MUST_ANSWER: Final = ("GET", "launch", "stream")
_LISTS: Final = ("detect_ms", "late_ms", "steps")


@dataclass
class Tally:
    """Counts and times of one load test, or of one worker's part of it. Greenlets alone write to it, so no locks."""

    slices: int = 0
    frames: int = 0
    bytes: int = 0
    behind: int = 0  # slices that left later than the next one was due
    refused: int = 0  # answered with 429 and sent again
    failed: int = 0  # posts that were not acknowledged at all
    probes: int = 0
    ended: int = 0  # users that have done all they had to
    dropped_arrivals: int = 0  # arrivals that found as many under way as may be
    missed: int = 0  # probes whose detection could not be read in time
    detect_ms: list[float] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)  # of a test that looks for its breaking point
    late_ms: list[float] = field(default_factory=list)  # from when a post was due to when it left

    def take(self) -> dict[str, Any]:
        """All figures since the last time, as plain values for another process; they begin again at nothing."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        for one in fields(self):
            setattr(self, one.name, [] if one.name in _LISTS else 0)
        return found

    def add(self, more: dict[str, Any]) -> None:
        """Take in what another process has measured."""
        for name, value in more.items():
            setattr(self, name, getattr(self, name) + value)

    def summary(self, requests: dict[str, Any]) -> dict[str, Any]:
        """All figures as one JSON object; ``requests`` are Locust's figures by name."""
        return {
            "slices": self.slices,
            "frames": self.frames,
            "bytes": self.bytes,
            "behind": self.behind,
            "refused": self.refused,
            "failed": self.failed,
            "dropped_arrivals": self.dropped_arrivals,
            "probes": self.probes,
            "missed": self.missed,
            "detect_ms": quantiles(self.detect_ms),
            "late_ms": quantiles(self.late_ms),
            "requests": requests,
        }


def quantiles(values: list[float]) -> dict[str, float | int | None]:
    """Percentiles of exact values, not of buckets."""
    if not values:
        return {"p50": None, "p95": None, "p99": None, "max": None, "count": 0}
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {
        "p50": round(float(p50), 2),
        "p95": round(float(p95), 2),
        "p99": round(float(p99), 2),
        "max": round(max(values), 2),
        "count": len(values),
    }


def breaking_point(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """The highest multiplier before the first step that did not hold (0 where none did), and all steps.

    Where several sensors share a plan, a step holds if it does for each of them.
    """
    multipliers = sorted({step["multiplier"] for step in steps})
    held = 0
    for multiplier in multipliers:
        if not all(step["held"] for step in steps if step["multiplier"] == multiplier):
            return {"held": held, "broke": multiplier, "steps": steps}
        held = multiplier
    return {"held": held, "broke": None, "steps": steps}


def faults(summary: dict[str, Any], wanted: Thresholds) -> list[str]:
    """One line for each threshold that does not hold; empty in a good test.

    A test that looks for the breaking point (``summary["breakpoint"]``) breaks them on purpose: it fails where not
    even its first step held.
    """
    if "breakpoint" in summary:
        return [] if summary["breakpoint"]["held"] else ["not even the first step held"]
    found = []
    detect = summary["detect_ms"]
    if not detect["count"]:
        found.append("nothing was detected at all")
    elif detect["p99"] > wanted.detect_p99_ms:
        found.append(f"detect p99 {detect['p99']:,.0f} ms is above {wanted.detect_p99_ms:,.0f} ms")
    shares = (
        ("missed probes", summary["missed"], summary["probes"], wanted.missed),
        ("failed posts", summary["failed"], summary["slices"], wanted.failures),
        ("posts behind their time", summary["behind"], summary["slices"], wanted.behind),
        ("dropped arrivals", summary["dropped_arrivals"], _arrivals(summary), wanted.dropped),
    )
    for name, part, whole, limit in shares:
        if whole and part / whole > limit:
            found.append(f"{name}: {part:,} of {whole:,} ({part / whole:.1%}), {limit:.1%} allowed")
    for name, row in summary["requests"].items():
        most = wanted.read_p99_ms if name.startswith(READ) else wanted.stream_p99_ms if name == STREAMED else None
        if most is not None and row["p99_ms"] is not None and row["p99_ms"] > most:
            found.append(f"{name}: p99 {row['p99_ms']:,.0f} ms is above {most:,.0f} ms")
        if name.split()[0] in _MUST_ANSWER and row["failures"]:
            found.append(f"{name}: {row['failures']:,} of {row['requests']:,} failed")
    return found


def _arrivals(summary: dict[str, Any]) -> int:
    reads = (row["requests"] for name, row in summary["requests"].items() if name.startswith(READ))
    return int(summary["slices"] + sum(reads) + summary["dropped_arrivals"])


def write(path: Path, document: dict[str, Any]) -> None:
    """Write a summary in one step."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
