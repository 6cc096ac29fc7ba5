"""The process that makes frames ahead: plan, stamp, gate, and one finished Arrow message for each millisecond.

Started by ``generator.sender``, which does nothing but pace. Ends by writing the truth of what really left.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.clock import Clock
from contract.errors import TenfoldError
from contract.schemas import FRAMES
from generator.plan import Plan, make_plan
from generator.ring import END, MESSAGE, META, RECORD, Record, Ring
from generator.stamp import Due, schedule
from generator.traffic import chunks, render, truth_rows
from generator.truth_file import TruthFile
from generator.workload import Workload

Int64 = npt.NDArray[np.int64]
BUCKET_NS: Final = 1_000_000
DUE_NS: Final = 200_000  # into the bucket: any moment up to its end is within 1 ms of all its frames
_CHUNK_S: Final = 0.5
_LEAD_NS: Final = 1_000_000_000  # from the plan to second 0, if the workload's own start has passed
_MAX_ROWS_BYTES: Final = 4 << 20
_SLICE: Final = 50_000


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
    planned = sum(int(flows[:, :, 2].sum()) for _, flows in flow_slices(plan, plan.workload.end_ns))
    work = plan.workload
    tell(options.out, Record(META, work.start_ns, work.end_ns, planned, plan.attempts, 0, 0, 0))
    try:
        fill(plan, ring, options.out)
    except _StopError:
        sys.stderr.write("stopped\n")
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    upto = int(sys.stdin.readline() or 0)
    write_truth(plan, Path(options.truth), upto)
    return 0


def fill(plan: Plan, ring: Ring, out: int) -> None:
    """Write all messages into the ring as room comes free, each with its record; the schema goes first."""
    work, position = plan.workload, 0
    none = np.zeros(0, np.int64)
    head = (Record(MESSAGE, 0, 0, 0, 0, 0, work.start_ns, 0), memoryview(FRAMES.serialize()).cast("B"), none)
    for record, message, times in itertools.chain([head], messages(plan)):
        position = ring.reserve(position, len(message) + times.nbytes)
        ring.put(position, message)
        ring.put(position + len(message), times.tobytes())
        end = position + len(message) + times.nbytes
        tell(out, record._replace(at=position, length=len(message), end=end))
        position = end
    tell(out, Record(END, 0, 0, 0, 0, plan.attempts, work.end_ns, position))


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


def messages(plan: Plan) -> Iterator[tuple[Record, memoryview, Int64]]:
    """One record, Arrow message and the frames' times for each millisecond in which frames are planned."""
    work = plan.workload
    begun = np.sort(plan.table.intended[plan.attacks[plan.table.family]]) if len(plan.families) else np.zeros(0)
    for chunk in chunks(plan, _CHUNK_S):
        frames = chunk.frames
        times = np.asarray(frames.column("ts").cast(pa.int64()).to_numpy(), np.int64)
        if not len(times):
            continue
        bucket = (times - work.start_ns) // BUCKET_NS
        edges = np.flatnonzero(np.diff(bucket)) + 1
        bounds = np.concatenate([[0], edges, [len(times)]])
        ends = work.start_ns + (bucket[bounds[:-1]] + 1) * BUCKET_NS
        attempts = np.searchsorted(begun, ends, "left")
        for begin, stop, end, count in zip(bounds[:-1], bounds[1:], ends, attempts, strict=True):
            low = int(begin)
            for part in _halves(frames.slice(low, int(stop) - low)):
                message = memoryview(part.serialize()).cast("B")
                record = Record(MESSAGE, int(end) - BUCKET_NS + DUE_NS, 0, 0, len(part), int(count), int(end), 0)
                yield record, message, times[low : low + len(part)]
                low += len(part)


def _halves(frames: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch, cut so that no message is very large."""
    if frames.get_total_buffer_size() <= _MAX_ROWS_BYTES or len(frames) < 2 or frames.nbytes <= _MAX_ROWS_BYTES:
        yield frames
        return
    middle = len(frames) // 2
    yield from _halves(frames.slice(0, middle))
    yield from _halves(frames.slice(middle))


def flow_slices(plan: Plan, end_ns: int) -> Iterator[tuple[int, Int64]]:
    """For slices of the plan: the first attempt's number and what ``schedule`` says of each attempt's flows."""
    counts = np.diff(plan.template.first)
    total = int(np.searchsorted(plan.table.intended, end_ns, "left"))
    for low in range(0, total, _SLICE):
        high = min(low + _SLICE, total)
        room = int(counts[plan.table.variant[low:high]].sum())
        due = Due.room(room)
        flows = np.zeros((high - low, 2, 3), np.int64)
        schedule(plan.template, plan.table, low, high, end_ns, due, flows)
        yield low, flows


def write_truth(plan: Plan, path: Path, upto_ns: int) -> None:
    """TRUTH of every frame before ``upto_ns``: what left, whether or not the campaign was stopped."""
    file = TruthFile(path)
    for low, flows in flow_slices(plan, upto_ns):
        file.write(truth_rows(plan, low, flows))
    file.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
