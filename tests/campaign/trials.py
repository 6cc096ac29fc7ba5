"""Trials of a capacity search as ``campaign.capacity_trial`` keeps them."""

from __future__ import annotations

from typing import Any


def trial(number: int, load: float, outcome: str, phase: str = "search") -> dict[str, Any]:
    late = {"held": 90.0, "failed": 900.0}.get(outcome, 200.0)
    latency = {"min": 1.0, "mean": 30.0, "p50": 20.0, "p95": 80.0, "p99": late, "max": 2 * late, "count": 100}
    return {
        "number": number,
        "multiplier": load,
        "phase": phase,
        "run": f"trials/{number:02d}-{load:g}x",
        "outcome": outcome,
        "why": {"failed": ["latency p99 900 ms"], "generator": ["the generator <b>was</b> late"]}.get(outcome, []),
        "seconds": 25.0,
        "warm_up_s": 5.0,
        "planned_attempts": round(815 * load * 25),
        "sent_attempts": round(815 * load * 25),
        "sent_per_s": 815 * load,
        "latency_ms": latency,
        "recall": 0.98,
        "false_alarm_rate": 0.0,
        "loss": {"frames": 0, "by": {}, "share": 0.0},
        "within_1ms": 0.9995,
        "lateness_us": {"p50": 20, "p99": 300, "max": 900},
        "kpi": {"inspected_bit_per_s": 1e6 * load, "frames_per_s": 9e3, "flows_per_s": 800.0, "concurrent_flows": 99},
    }
