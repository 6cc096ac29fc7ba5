"""What is measured over a load test, beyond Locust's own table, and whether it is good enough."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from loadtests.settings import Thresholds


@dataclass
class Tally:
    """Counts and times of one load test. One process, so no locks."""

    slices: int = 0
    frames: int = 0
    bytes: int = 0
    behind: int = 0  # slices that left later than the next one was due
    refused: int = 0  # answered with 429 and sent again
    failed: int = 0  # posts that were not acknowledged at all
    probes: int = 0
    finished: bool = False  # the whole plan was posted and looked for
    missed: int = 0  # probes whose detection could not be read in time
    detect_ms: list[float] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)  # from when a post was due to when it left

    def summary(self, requests: dict[str, Any]) -> dict[str, Any]:
        """All figures as one JSON object; ``requests`` are Locust's figures by name."""
        return {
            "slices": self.slices,
            "frames": self.frames,
            "bytes": self.bytes,
            "behind": self.behind,
            "refused": self.refused,
            "failed": self.failed,
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


def faults(summary: dict[str, Any], wanted: Thresholds) -> list[str]:
    """One line for each threshold that does not hold; empty in a good test."""
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
    )
    for name, part, whole, limit in shares:
        if whole and part / whole > limit:
            found.append(f"{name}: {part:,} of {whole:,} ({part / whole:.1%}), {limit:.1%} allowed")
    for name, row in summary["requests"].items():
        if name.startswith("GET") and row["p99_ms"] is not None and row["p99_ms"] > wanted.read_p99_ms:
            found.append(f"{name}: p99 {row['p99_ms']:,.0f} ms is above {wanted.read_p99_ms:,.0f} ms")
        if name.startswith("GET") and row["failures"]:
            found.append(f"{name}: {row['failures']:,} of {row['requests']:,} failed")
    return found


def write(path: Path, document: dict[str, Any]) -> None:
    """Write a summary in one step."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
