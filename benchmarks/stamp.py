"""How fast frames are made on one core, family by family, beside what copying the same bytes would cost.

    python -m benchmarks.stamp [--families a,b] [--frames N] [--passes N] [--seconds S] [--json]

Families are grouped by how many frames an attempt has in the middle: up to four is simple, more is conversational.
Stages are measured apart, each in the processor time of its best round (of a loaded machine the best is the least
wrong): ``schedule`` (when each frame appears), ``order`` (sorting by time), ``stamp`` (the bytes: addresses, ports,
numbers, payload fields, checksums; and the row of each attempt that it reads), ``gate`` (reading them again) and
``whole`` (what ``generator.traffic`` does with all of them, truth and Arrow batches included). ``stamp`` and ``gate``
work on as many frames as fit ``--bytes``.

What bounds a family is measured in the same run. ``copied`` is the stamp's own loop with nothing stamped: the same
template frames, copied to the same places in the same order; ``of copied`` is the stamp's share of that rate, which no
stamp can exceed. ``memcpy`` moves blocks of ``--bytes`` (they stay in the caches, as the stamped frames do) and of 64
MiB (they do not). ``GB/s`` is what the stamp writes, ``of memcpy`` its share of the first. ``goal``: ``yes`` where 20
or 5 million frames a second are reached; ``memory`` where they are not, but where the stamp writes more bytes a second
than this core's memcpy moves through memory, so that no frame that leaves the caches could come faster; else ``no``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from contract.families import catalogue
from contract.jit import lean_kernel
from generator import gate, ordering, registry
from generator.plan import Plan, make_plan
from generator.stamp import Due, ends, measure, schedule, scratch, stamp
from generator.traffic import chunks
from generator.wire import copy
from generator.workload import Share, Workload

STAGES = ("schedule", "order", "stamp", "copied", "gate", "whole")
SIMPLE = 4  # frames of an attempt
GOALS = {"simple": 20e6, "conversational": 5e6}


@lean_kernel
def write(template: Any, table: Any, known: Any, due: Any, offsets: Any, aside: Any, out: Any) -> None:  # noqa: ANN401
    """The stamp alone."""
    stamp(template, table, known, due, offsets, 0, len(due.ts), aside, out)


@lean_kernel
def carry(template: Any, due: Any, offsets: Any, out: Any) -> None:  # noqa: ANN401
    """The template's bytes alone, as the stamp copies them."""
    for i in range(len(due.ts)):
        frame = template.frames[np.uint64(due.frame[i])]
        copy(out, np.int64(offsets[i]), template.blob, frame.start, np.int64(frame.length))


def best(work: Callable[[], Any], rounds: int) -> float:
    """The least processor time of several rounds, in seconds; the first, which may compile, is not counted."""
    work()
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


def memcpy(block: int, rounds: int) -> float:
    """Bytes a second of copying a block to another one of the same size."""
    source, target = np.ones(block, np.uint8), np.ones(block, np.uint8)
    times = max((8 << 20) // block, 1)
    return block * times / best(lambda: [np.copyto(target, source) for _ in range(times)], rounds)


def planned(name: str, frames: int) -> Plan:
    """A plan of one family with about so many frames in ten seconds."""

    def of(rate: float) -> Plan:
        share, curve, none = (Share(name),), ((0.0, rate),), ((0.0, 0.0),)
        if catalogue()[name].attack:
            return make_plan(Workload(attacks=share, curve=curve, benign_curve=none, duration_s=10.0))
        return make_plan(Workload(benign=share, curve=none, benign_curve=curve, duration_s=10.0))

    pilot = of(30.0)
    mean = float(np.diff(pilot.template.first)[pilot.table.variant].mean())
    return of(max(frames / mean / 10, 1.0))


def rates(plan: Plan, rounds: int, block: int) -> dict[str, float]:
    """Frames a second of each stage, and what the frames are like."""
    template, table, end = plan.template, plan.table, plan.workload.end_ns
    high = len(table.intended)
    counts = np.diff(template.first)[table.variant]
    due, flows = Due.room(int(counts.sum())), np.zeros((high, 2, 3), np.int64)
    times = {"schedule": best(lambda: schedule(template, table, 0, high, end, due, flows), rounds)}
    used = schedule(template, table, 0, high, end, due, flows)
    made, start = due.take(slice(0, used)), plan.workload.start_ns
    times["order"] = best(lambda: ordering.split(made, start, end), rounds)
    ordered, _ = ordering.split(made, start, end)
    offsets = np.empty(used + 1, np.int32)
    size = measure(template, table, ordered, offsets)
    # From the middle of the campaign, where frames of many attempts alternate; what is written stays near.
    n = max(min(used, int(block / (size / used))), 1)
    part = ordered.take(slice((used - n) // 2, (used - n) // 2 + n))
    offsets = np.empty(n + 1, np.int32)
    out, aside = np.empty(measure(template, table, part, offsets), np.uint8), scratch(template)
    share, known = n / used, ends(table)
    times["stamp"] = best(lambda: ends(table), rounds)
    times["stamp"] += best(lambda: write(template, table, known, part, offsets, aside, out), 12 * rounds) / share
    times["gate"] = best(lambda: gate.check(out, offsets), 12 * rounds) / share
    times["copied"] = best(lambda: carry(template, part, offsets, out), 12 * rounds) / share  # last: writes over all
    times["whole"] = best(lambda: [None for _ in chunks(plan)], max(rounds // 2, 1))
    found = {stage: used / times[stage] for stage in STAGES}
    return {**found, "frames": used, "bytes": size / used, "frames_per_attempt": float(np.median(counts))}


def scapy_rate(seconds: float) -> float:
    """Frames a second that scapy builds: one TCP segment with 12 bytes of options and a payload, checksums and all."""
    made, begun = 0, time.process_time()
    link = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
    while time.process_time() - begun < seconds:
        segment = TCP(
            sport=1024 + made % 60_000, dport=80, seq=made, ack=1, flags="PA", options=[("Timestamp", (made, 0))]
        )
        bytes(Ether(**link) / IP(src="198.18.0.1", dst="198.18.0.2", id=made % 65536) / segment / Raw(b"x" * 300))
        made += 1
    return made / (time.process_time() - begun)


def group_of(row: dict[str, float]) -> str:
    """Simple or conversational."""
    return "simple" if row["frames_per_attempt"] <= SIMPLE else "conversational"


def verdict(row: dict[str, float], far: float) -> str:
    """Whether a family reaches the goal of its group; ``far`` is the memcpy of what leaves the caches, in bytes/s."""
    if row["stamp"] >= GOALS[group_of(row)]:
        return "yes"
    return "memory" if row["stamp"] * row["bytes"] >= far else "no"


def show(group: str, rows: dict[str, dict[str, float]], near: float, far: float, scapy: float) -> None:
    """One group as a table, in millions of frames a second."""
    print(f"\n{group} (stamp: {GOALS[group] / 1e6:.0f} M frames/s wanted)")
    head = "".join(f"{stage:>10}" for stage in STAGES)
    print(
        f"  {'family':26}{'bytes':>6}{head}{'of copied':>11}{'GB/s':>7}{'of memcpy':>11}{'goal':>8}{'stamp/scapy':>14}"
    )
    for name, row in sorted(rows.items(), key=lambda item: -item[1]["stamp"]):
        cells = "".join(f"{row[stage] / 1e6:10.2f}" for stage in STAGES)
        written = row["stamp"] * row["bytes"]
        memory = f"{row['stamp'] / row['copied']:11.0%}{written / 1e9:7.2f}{written / near:11.0%}{verdict(row, far):>8}"
        print(f"  {name:26}{row['bytes']:6.0f}{cells}{memory}{row['stamp'] / scapy:9,.0f}")
    cells = "".join(f"{statistics.median(row[stage] for row in rows.values()) / 1e6:10.2f}" for stage in STAGES)
    reached = [verdict(row, far) for row in rows.values()]
    print(f"  {'median':32}{cells}   {reached.count('yes')} of {len(rows)} reach it", end="")
    print(f", {reached.count('memory')} are bound by memory" if "memory" in reached else "")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", default="", help="some of them, with commas; all where empty")
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--bytes", type=int, default=1 << 20, help="of frames that are stamped in one go")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--passes", type=int, default=2, help="over all families: a machine is slow for seconds on end")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long scapy builds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    scapy = scapy_rate(options.seconds)
    names = [name for name in options.families.split(",") if name] or sorted(registry.names())
    plans = {name: planned(name, options.frames) for name in names}
    found = {name: rates(plan, options.rounds, options.bytes) for name, plan in plans.items()}
    near, far = memcpy(options.bytes, 4 * options.rounds), memcpy(64 << 20, options.rounds)
    for _ in range(1, options.passes):
        near = max(near, memcpy(options.bytes, 4 * options.rounds))
        far = max(far, memcpy(64 << 20, options.rounds))
        for name, plan in plans.items():
            again = rates(plan, options.rounds, options.bytes)
            found[name] |= {stage: max(found[name][stage], again[stage]) for stage in STAGES}
    if options.json:
        for row in found.values():
            row["goal"] = verdict(row, far)  # type: ignore[assignment]  # a word among figures, for the reader
        rest = {"scapy_frames_per_s": scapy, "memcpy_bytes_per_s": near, "memcpy_memory_bytes_per_s": far}
        print(json.dumps({**rest, "families": found}, indent=1))
        return
    print(f"scapy builds {scapy:,.0f} frames/s; all others in millions of frames/s of one core")
    print(f"memcpy: {near / 1e9:.1f} GB/s within the caches, {far / 1e9:.1f} GB/s through memory")
    for group in GOALS:
        rows = {name: row for name, row in found.items() if group_of(row) == group}
        if rows:
            show(group, rows, near, far, scapy)


if __name__ == "__main__":
    main()
