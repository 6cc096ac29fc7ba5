"""A generated capture with its truth, for tests of replays."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from generator.plan import Plan, make_plan
from generator.sinks import open_sink
from generator.traffic import chunks
from generator.truth_file import TruthFile, truth_document, write_json
from generator.workload import Share, Workload

WORKLOAD = Workload(
    seed=11,
    duration_s=3.0,
    curve=((0.0, 60.0),),
    attacks=(Share("syn_flood"), Share("ssh_bruteforce"), Share("icmp_flood")),
    benign=(Share("web_browsing"), Share("dns_lookup")),
    benign_curve=((0.0, 12.0),),
    sites=6,
    clients=60,
    ipv6_share=0.3,
)


@cache
def plan() -> Plan:
    """What the capture shows."""
    return make_plan(WORKLOAD)


def generated(folder: Path, name: str = "made.pcap") -> Path:
    """The capture; its truth lies beside it, as rules and as rows."""
    made = plan()
    path = folder / name
    sink, rows = open_sink(path), TruthFile(folder / f"{name}.truth.parquet")
    for chunk in chunks(made):
        sink.write(chunk.frames)
        rows.write(chunk.truth)
    rows.close()
    write_json(truth_document(made, name), folder / f"{name}.truth.json")
    sink.close()
    return path
