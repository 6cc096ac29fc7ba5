"""How fast frames are made on one core, and how much faster than scapy builds the same frame in the same run.

    python benchmarks/stamp.py [--seconds S] [--json]

Stages are measured apart in processor time: ``schedule`` (when each frame appears), ``order`` (sorting by time),
``stamp`` (the bytes) and ``gate`` (reading them again); ``whole`` is what ``generator.traffic`` does with all of them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from generator import gate
from generator.plan import Plan, make_plan
from generator.stamp import Due, schedule, stamp
from generator.traffic import chunks
from generator.workload import Share, Workload

MIXES = {
    "conversations": Workload(
        benign=(Share("web_browsing"),), benign_curve=((0.0, 2000.0),), duration_s=10.0, ipv6_share=0.1
    ),
    "flood": Workload(attacks=(Share("syn_flood"),), curve=((0.0, 50_000.0),), duration_s=10.0, ipv6_share=0.1),
}


def best(work: Callable[[], Any], rounds: int) -> float:
    """The least processor time of several rounds, in seconds; the first, which may compile, is not counted."""
    work()
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


def measure(plan: Plan, rounds: int) -> dict[str, float]:
    """Frames a second of each stage."""
    high = len(plan.table.intended)
    room = int(np.diff(plan.template.first)[plan.table.variant].sum())
    due, flows = Due.room(room), np.zeros((high, 2, 3), np.int64)
    end = plan.workload.end_ns
    times = {"schedule": best(lambda: schedule(plan.template, plan.table, 0, high, end, due, flows), rounds)}
    used = schedule(plan.template, plan.table, 0, high, end, due, flows)
    times["order"] = best(lambda: due.take(np.argsort(due.ts[:used], kind="stable")), rounds)
    part = due.take(np.argsort(due.ts[:used], kind="stable")[:300_000])
    offsets = np.zeros(len(part.ts) + 1, np.int32)
    np.cumsum(plan.template.length[part.frame], out=offsets[1:])
    out = np.empty(int(offsets[-1]), np.uint8)
    share = len(part.ts) / used
    times["stamp"] = best(lambda: stamp(plan.template, plan.table, part, offsets, out), rounds) / share
    times["gate"] = best(lambda: gate.check(out, offsets), rounds) / share
    times["whole"] = best(lambda: [None for _ in chunks(plan)], max(rounds // 2, 1))
    rates = {name: used / spent for name, spent in times.items()}
    return {**rates, "frames": used, "mean_bytes": float(offsets[-1] / len(part.ts))}


def scapy_rate(seconds: float) -> float:
    """Frames a second that scapy builds: one TCP segment with 12 bytes of options and a payload, checksums and all."""
    made, begun = 0, time.process_time()
    while time.process_time() - begun < seconds:
        segment = TCP(
            sport=1024 + made % 60_000, dport=80, seq=made, ack=1, flags="PA", options=[("Timestamp", (made, 0))]
        )
        bytes(Ether() / IP(src="198.18.0.1", dst="198.18.0.2", id=made % 65536) / segment / Raw(b"x" * 300))
        made += 1
    return made / (time.process_time() - begun)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long scapy builds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    scapy = scapy_rate(options.seconds)
    found = {name: measure(make_plan(workload), options.rounds) for name, workload in MIXES.items()}
    if options.json:
        print(json.dumps({"scapy_frames_per_s": scapy, "mixes": found}, indent=1))
        return
    print(f"scapy builds {scapy:,.0f} frames/s")
    for name, rates in found.items():
        print(f"{name}: {rates['frames']:,.0f} frames of {rates['mean_bytes']:.0f} bytes")
        for stage in ("schedule", "order", "stamp", "gate", "whole"):
            print(f"  {stage:9} {rates[stage] / 1e6:7.2f} M frames/s, {rates[stage] / scapy:8,.0f} times scapy")


if __name__ == "__main__":
    main()
