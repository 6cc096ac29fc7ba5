"""What the lives of ``tests.faults.lives`` post and send, so that whoever looks at the end knows what there must be."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from contract.arrow_io import write_stream
from contract.schemas import FRAMES
from tests.api.helpers import syn_frames
from tests.generator.helpers import WORKLOAD

BASE = 1_722_022_200_000_000_000
STEP_NS = 200_000_000
SOURCES_EACH = 3
STATUS, TRUTH = "sender.status.json", "truth.parquet"
SENT = replace(WORKLOAD, start_ns=BASE, duration_s=0.5, curve=((0.0, 600.0),))


def frames_stream_of(number: int) -> bytes:
    """A batch as a sensor posts it."""
    return write_stream([frames_of(number)], FRAMES)


def frames_of(number: int) -> pa.RecordBatch:
    """Of a few sources of its own, and once more of those of the batch before: flows reach over batches."""
    first = max(number - 1, 0) * SOURCES_EACH
    return syn_frames((number + 1) * SOURCES_EACH - first, BASE + number * STEP_NS, first)
