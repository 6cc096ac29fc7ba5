"""Ordinary traffic beside a flood of spoofed sources: memory, and what metering an ordinary frame costs.

    python -m benchmarks.flood [--sources N] [--capacity N] [--json]

Ordinary frames (60 bytes, 20,000 flows that go on) come in batches of 65,536; beside the flood, one batch of SYNs from
as many sources that were never seen follows on each. Only the ordinary batches are timed. Between them is what a
detector does once a tick: ended flows are handed out and their slots given back. Times are the median over batches.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.meter import frames
from detector.flowtable import TABLE_FULL
from detector.meter import Meter
from tests.faults.floods import columns, spoofed

BATCH = 65_536
FLOWS = 20_000
TICK_NS = 50_000_000
START = 1_600_000_000_000_000_000


def resident_mib() -> int:
    """Memory of this process that is in use now."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def bytes_of(arrays: Any) -> int:  # noqa: ANN401 - arrays, or tuples of them
    """What a tuple of arrays takes where all of it is used."""
    return arrays.nbytes if isinstance(arrays, np.ndarray) else sum(bytes_of(part) for part in arrays)


def ordinary(rounds: int) -> list[pa.RecordBatch]:
    """Batches of frames of flows that go on, one tick each."""
    data = frames(BATCH, FLOWS, 5)
    return [columns(data, START + n * TICK_NS + np.arange(BATCH, dtype=np.int64) * 300) for n in range(rounds)]


def measure(rounds: int, capacity: int, *, flooded: bool) -> dict[str, Any]:
    """Meter the ordinary batches, with a batch of the flood after each where there is one."""
    meter = Meter(capacity=capacity)
    spent, cut, dropped, resident = [], 0, 0, []
    for n, batch in enumerate(ordinary(rounds)):
        begun = time.perf_counter_ns()
        dropped += meter.update(batch).total()
        spent.append(time.perf_counter_ns() - begun)
        if flooded:
            ts = START + n * TICK_NS + np.arange(BATCH, dtype=np.int64) * 300 + 25_000_000
            dropped += meter.update(spoofed(BATCH, n, ts)).total()
        ended = meter.expire(START + (n + 1) * TICK_NS)
        flows = meter.table.flows[ended]
        cut += int(((flows["ended"] == TABLE_FULL) & (flows["ip_version"] == 4)).sum())
        meter.clear_dirty()
        meter.release(ended)
        resident.append(resident_mib())
    return {
        "ordinary_ns_per_frame": round(float(np.median(spent[rounds // 4 :])) / BATCH, 1),
        "frames_dropped": dropped,
        "ordinary_flows_evicted": cut,
        "flows_evicted": meter.counts()["evicted"],
        "rss_mib_at_the_middle": resident[rounds // 2],
        "rss_mib_at_the_end": resident[-1],
        "table_mib": bytes_of(meter.table) >> 20,
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=2_000_000, help="spoofed sources in all")
    parser.add_argument("--capacity", type=int, default=1 << 19, help="live flows at most")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds = max(options.sources // BATCH, 8)
    measure(2, 1 << 12, flooded=True)  # loads the kernels
    alone = measure(rounds, options.capacity, flooded=False)
    beside = measure(rounds, options.capacity, flooded=True)
    ratio = round(beside["ordinary_ns_per_frame"] / alone["ordinary_ns_per_frame"], 2)
    found = {"sources": rounds * BATCH, "alone": alone, "beside the flood": beside, "slower by": ratio}
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    for name in ("alone", "beside the flood"):
        print(f"{name}: {', '.join(f'{what} {value:,}' for what, value in found[name].items())}")
    print(f"{rounds * BATCH:,} sources; an ordinary frame takes {ratio} times as long beside them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
