"""A maker of frames without plan and template: 300 a second for 60 s, or as many seconds as the workload file says.

Where it names a ``stray`` frame, that one goes to 8.8.8.8.

Takes the options of ``generator.spool``. Its truth is a text: how many frames were due before the moment it was told.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from contract.clock import Clock
from contract.schemas import FRAMES, TIME
from generator.packing import PACKINGS
from generator.ring import END, META, RECORD, Record, Ring
from tests.generator.lab.helpers import cut, frames

STEP_NS = 3_333_333
LEAD_NS = 500_000_000


class _StopError(Exception):
    pass


def _stop(*_: object) -> None:
    raise _StopError


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("workload", "clock", "truth", "packing"):
        parser.add_argument(f"--{name}")
    for name in ("ring", "size", "out"):
        parser.add_argument(f"--{name}", type=int)
    options = parser.parse_args()
    wanted = json.loads(Path(options.workload).read_text())
    seconds = wanted["seconds"]
    n = int(seconds * 1e9) // STEP_NS
    start = Clock.from_anchor(options.clock).now_ns() + LEAD_NS
    times = start + np.arange(n) * STEP_NS
    end, position = start + n * STEP_NS, 0
    ring = Ring(options.ring, options.size)

    def tell(record: Record) -> None:
        os.write(options.out, RECORD.pack(*record))

    offsets, data = frames(n)
    if "stray" in wanted:
        data[offsets[wanted["stray"]] + 30 + np.arange(4)] = 8
    column = pa.array(cut(offsets, data), pa.binary())
    lengths = pa.array(np.diff(offsets).astype(np.uint32))
    rows = [pa.array(times).cast(TIME), column, lengths, pa.array(np.ones(n, np.uint16))]
    try:
        signal.signal(signal.SIGUSR1, _stop)
        tell(Record(META, start, end, n, n, 0, 0, 0))
        for record, parts, due in PACKINGS[options.packing]().pack(
            pa.RecordBatch.from_arrays(rows, schema=FRAMES), start, lambda ends: (ends - start) // STEP_NS
        ):
            body = b"".join(parts) + due.tobytes()
            at = ring.reserve(position, len(body))
            ring.put(at, body)
            position = at + len(body)
            tell(record._replace(at=at, length=len(body) - due.nbytes, end=position))
        tell(Record(END, 0, 0, 0, 0, n, end, position))
    except _StopError:
        pass
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    Path(options.truth).write_text(str(int(np.count_nonzero(times < int(sys.stdin.readline() or 0)))))


if __name__ == "__main__":
    main()
