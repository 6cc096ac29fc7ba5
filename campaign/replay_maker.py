"""The process that makes the frames of a replay ahead: ``generator.sender --maker campaign.replay_maker``.

Takes the options of ``generator.spool`` and writes the same records. What is to be replayed stands in ``replay.json``
beside the workload file that it is given (``campaign.replay_request``).
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from campaign.labels import I64
from campaign.replay_request import REQUEST, Request
from campaign.replaying import Traffic, open_replay
from contract.clock import Clock
from generator.fingerprint import Seal
from generator.packing import PACKINGS, Packing
from generator.ring import END, META, Record, Ring
from generator.spool import StopError, main, put, stop, tell
from generator.truth_file import TruthFile, write_json

_LEAD_NS: Final = 1_000_000_000
_BUCKET_NS: Final = 5_000_000  # a whole number of every packing's buckets
_MOST_HELD: Final = 65_536


def produce(options: argparse.Namespace) -> int:
    """Survey, fill the ring, then write the truth up to the time that stdin names."""
    signal.signal(signal.SIGUSR1, stop)
    os.nice(5)  # it works ahead: the process that sends goes first
    clock = Clock.from_anchor(options.clock)
    traffic = open_replay(Request.read(Path(options.workload).with_name(REQUEST)))
    planned = traffic.planned()
    next(traffic.frames(), None)  # load the kernels before the clock matters
    traffic.move(clock.now_ns() + _LEAD_NS)
    starts = traffic.starts
    tell(options.out, Record(META, traffic.start_ns, traffic.end_ns, planned, len(starts), 0, 0, 0))
    seal = Seal()
    try:
        fill(traffic, starts, Ring(options.ring, options.size), options.out, PACKINGS[options.packing](), seal)
    except StopError:
        sys.stderr.write("stopped\n")
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    upto = int(sys.stdin.readline() or 0)
    write_truth(traffic, Path(options.truth), upto)
    if options.seal:
        write_json(seal.document(upto), Path(options.seal))
    return 0


def fill(traffic: Traffic, starts: I64, ring: Ring, out: int, packing: Packing, seal: Seal) -> None:
    """Write all frames into the ring as room comes free, each message with its record."""
    position = 0
    start = traffic.start_ns

    def begun(ends: I64) -> I64:
        found: I64 = np.searchsorted(starts, ends, "left")
        return found

    for packed in packing.head(start):
        position = put(packed, position, ring, out)
    for frames in whole_buckets(traffic.frames(), start):
        seal.begin(frames)
        for packed in packing.pack(frames, start, begun):
            seal.message(packed.record)
            position = put(packed, position, ring, out)
    tell(out, Record(END, 0, 0, 0, 0, len(starts), traffic.end_ns, position))


def whole_buckets(batches: Iterator[pa.RecordBatch], start_ns: int) -> Iterator[pa.RecordBatch]:
    """The same frames, cut at multiples of 5 ms, so that no bucket of a packing is spread over two batches.

    A bucket with very many frames is cut nevertheless.
    """
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if not len(batch):
            continue
        held.append(batch)
        last = int(batch.column("ts").cast(pa.int64())[-1].as_py())
        edge = start_ns + (last - start_ns) // _BUCKET_NS * _BUCKET_NS
        joined = held[0] if len(held) == 1 else pa.concat_batches(held)
        times = joined.column("ts").cast(pa.int64()).to_numpy()
        cut = int(np.searchsorted(times, edge, "left"))
        if cut == 0 and len(joined) > _MOST_HELD:
            cut = len(joined)
        if cut:
            yield joined.slice(0, cut)
        held = [joined.slice(cut)] if cut < len(joined) else []
    yield from held


def write_truth(traffic: Traffic, path: Path, upto_ns: int) -> None:
    """TRUTH of every frame before ``upto_ns``: what left, whether or not the campaign was stopped."""
    file = TruthFile(path)
    for rows in traffic.rows(upto_ns):
        file.write(rows)
    file.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], produce))
