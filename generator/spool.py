"""The process that makes frames ahead: plan, stamp, gate, and pack what is due (``generator.packing``).

Started by ``generator.sender``, which does nothing but pace. Ends by writing the truth of what really left.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.clock import Clock
from contract.errors import TenfoldError
from generator.packing import PACKINGS, Packed, Packing
from generator.plan import Plan, make_plan
from generator.ring import END, META, RECORD, Record, Ring
from generator.stamp import Due, schedule
from generator.traffic import chunks, flow_slices, render, truth_rows
from generator.truth_file import TruthFile
from generator.workload import Workload

Int64 = npt.NDArray[np.int64]
_CHUNK_S: Final = 0.5
_LEAD_NS: Final = 1_000_000_000  # from the plan to second 0, if the workload's own start has passed


class _StopError(Exception):
    """The pacing process stopped: make no more frames."""


def _stop(*_: object) -> None:
    raise _StopError


def main(arguments: list[str]) -> int:
    """Entry point; see ``generator.sender`` for what the options mean."""
    parser = argparse.ArgumentParser()
    for name in ("workload", "clock", "truth"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("ring", "size", "out"):
        parser.add_argument(f"--{name}", required=True, type=int)
    parser.add_argument("--packing", choices=sorted(PACKINGS), default="arrow")
    options = parser.parse_args(arguments)
    try:
        return produce(options)
    except TenfoldError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except BrokenPipeError:
        return 1


def produce(options: argparse.Namespace) -> int:
    """Plan, fill the ring, then write the truth up to the time that stdin names."""
    signal.signal(signal.SIGUSR1, _stop)
    os.nice(5)  # it works ahead: the process that sends goes first
    clock = Clock.from_anchor(options.clock)
    ring = Ring(options.ring, options.size)
    plan = make_plan(Workload.read(Path(options.workload)))
    warm_up(plan)
    plan = rebase(plan, clock.now_ns() + _LEAD_NS)
    work = plan.workload
    slices = flow_slices(plan.template, plan.table, work.end_ns, work.end_ns)
    planned = sum(int(flows[:, :, 2].sum()) for _, flows in slices)
    tell(options.out, Record(META, work.start_ns, work.end_ns, planned, plan.attempts, 0, 0, 0))
    try:
        fill(plan, ring, options.out, PACKINGS[options.packing]())
    except _StopError:
        sys.stderr.write("stopped\n")
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    upto = int(sys.stdin.readline() or 0)
    write_truth(plan, Path(options.truth), upto)
    return 0


def fill(plan: Plan, ring: Ring, out: int, packing: Packing) -> None:
    """Write all messages into the ring as room comes free, each with its record; what ``packing`` wants goes first."""
    position = 0
    for packed in messages(plan, packing):
        position = put(packed, position, ring, out)
    tell(out, Record(END, 0, 0, 0, 0, plan.attempts, plan.workload.end_ns, position))


def put(packed: Packed, position: int, ring: Ring, out: int) -> int:
    """Write one message and its frames' times at or after ``position``, waiting for room; where the next may be."""
    position = begin = ring.reserve(position, packed.length + packed.times.nbytes)
    for part in packed.parts:
        ring.put(position, part)
        position += part.nbytes
    ring.put(position, packed.times.tobytes())
    end = position + packed.times.nbytes
    tell(out, packed.record._replace(at=begin, length=packed.length, end=end))
    return end


def tell(out: int, record: Record) -> None:
    """Send one record to the pacing process."""
    os.write(out, RECORD.pack(*record))  # less than PIPE_BUF: whole or not at all


def rebase(plan: Plan, earliest_ns: int) -> Plan:
    """The same plan, moved so that it does not begin before it is ready."""
    late = earliest_ns - plan.workload.start_ns
    if late <= 0:
        return plan
    workload = replace(plan.workload, start_ns=earliest_ns)
    return replace(plan, workload=workload, table=plan.table._replace(intended=plan.table.intended + late))


def warm_up(plan: Plan) -> None:
    """Load the kernels before the clock matters: write the first frames of the plan and drop them."""
    rows = min(len(plan.table.intended), 16)
    counts = np.diff(plan.template.first)[plan.table.variant[:rows]]
    due = Due.room(int(counts.sum()))
    used = schedule(plan.template, plan.table, 0, rows, plan.workload.end_ns, due, np.zeros((rows, 2, 3), np.int64))
    render(plan, due.take(slice(0, used)))


def messages(plan: Plan, packing: Packing) -> Iterator[Packed]:
    """All that is to leave, in order of time."""
    work = plan.workload
    starts = np.sort(plan.table.intended[plan.attacks[plan.table.family]]) if len(plan.families) else np.zeros(0)

    def begun(ends: Int64) -> Int64:
        return np.searchsorted(starts, ends, "left")

    yield from packing.head(work.start_ns)
    for chunk in chunks(plan, _CHUNK_S):
        yield from packing.pack(chunk.frames, work.start_ns, begun)


def write_truth(plan: Plan, path: Path, upto_ns: int) -> None:
    """TRUTH of every frame before ``upto_ns``: what left, whether or not the campaign was stopped."""
    file = TruthFile(path)
    for low, flows in flow_slices(plan.template, plan.table, upto_ns, upto_ns):
        file.write(truth_rows(plan, low, flows))
    file.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
