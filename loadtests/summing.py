"""What a load test found: Locust's summary and the server's figures as one document, and as lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def summary_of(work: Path, stats: Mapping[str, Any], code: int) -> dict[str, Any]:
    """What Locust left in ``work`` (it ended with ``code``), and the server's stats; ``faults``: what did not hold."""
    try:
        summary: dict[str, Any] = json.loads((work / "locust-summary.json").read_bytes())
    except (OSError, ValueError):
        return {"faults": [f"Locust ended with code {code} and left no summary"]}
    ledger = stats.get("ledger") or {}
    summary["server"] = {"latency_ms": stats.get("latency_ms"), "counts": stats.get("counts"), "ledger": ledger}
    dropped = sum(
        sum(stage["dropped"].values()) for stage in ledger.get("stages", {}).values() if stage["unit"] == "frames"
    )
    if dropped:
        summary["faults"].append(f"{dropped:,} frames were dropped")
    if code and not summary["faults"]:
        summary["faults"].append(f"Locust ended with code {code}")
    return summary


def lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """The document for people, a line each."""
    if "slices" in summary:
        detect, late = summary["detect_ms"], summary["late_ms"]
        size = f"{summary['bytes'] / 1e6:,.0f} MB"
        yield f"posted      {summary['frames']:,} frames in {summary['slices']:,} batches, {size}"
        yield f"on time     {summary['slices'] - summary['behind']:,} of them; late by p99 {late['p99']} ms"
        missed = f"{summary['missed']} of {summary['probes']} missed"
        if summary["dropped_arrivals"]:
            yield f"dropped     {summary['dropped_arrivals']:,} arrivals, for want of room"
        yield f"detect      p50 {detect['p50']} ms, p99 {detect['p99']} ms, {missed}"
        for name, row in summary["requests"].items():
            yield f"{name:<28}{row['requests']:>7,} requests, p50 {row['p50_ms']} ms, p99 {row['p99_ms']} ms"
    if "breakpoint" in summary:
        broke = summary["breakpoint"]["broke"]
        after = f"{broke}x did not hold" if broke else "and the plan ended there"
        yield f"held        {summary['breakpoint']['held']}x Tokyo; {after}"
    for fault in summary["faults"]:
        yield f"FAILED      {fault}"
    if not summary["faults"]:
        yield "PASSED      every threshold holds"
