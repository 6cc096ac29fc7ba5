"""Sensors that post flow batches over HTTP, as fast as each is answered: what is acknowledged, what is detected."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.service_asking import Pool
from contract.files import write_synced
from contract.flow_batch import Note, write_batch
from detector.config import Config
from detector.flow_rows import joined, to_batch
from detector.flowtable import NOT_ENDED
from detector.sensor import Sensor
from tests.api.helpers import syn_frames

START_S = 400.0  # a first start compiles the kernels
_SENSORS = 6
_FLOWS = 10_000  # of a batch
_WANTED = 100_000  # flows a second


def flow_batches(count: int) -> list[pa.RecordBatch]:
    """What a sensor tells of so many floods of one-packet flows: each row a flow of its own."""
    batches = []
    for number in range(count):
        eyes = Sensor(Config(seed=1))
        eyes.feed(syn_frames(_FLOWS, time.time_ns(), number * _FLOWS))
        eyes.finish()
        ticks = eyes.rows()
        rows = joined([tick for tick in ticks if tick.records["ended"][0] == NOT_ENDED])
        batches.append(to_batch(rows))
        eyes.close()
    return batches


async def ingest(pool: Pool, seconds: float, spool: Path) -> dict[str, Any]:
    """Sensors that post as fast as they are answered; how fast the disk syncs what they post, and how fast all of it
    is detected.
    """
    prepared = flow_batches(8)
    await pool.ask("POST", "/v1/ingest/flows", write_batch(Note("s0", "first", 0), [prepared[0]]))
    await emptied(spool, START_S)  # the detector is there
    size = len(write_batch(Note("s", "x", 0), [prepared[0]]))
    synced = sync_ms(size)
    took: list[float] = []
    waits = 0
    end = time.monotonic() + seconds

    async def sensor(number: int) -> None:
        nonlocal waits
        sequence = 0
        while time.monotonic() < end:
            # A session a batch: so its flows are new, as those of a flood are.
            note = Note(f"s{number}", f"{number}-{sequence}", 0, through=time.time_ns(), newest=time.time_ns())
            body = write_batch(note, [prepared[sequence % len(prepared)]])
            began = time.monotonic()
            status, _ = await pool.ask("POST", "/v1/ingest/flows", body)
            if status == 202:
                took.append(time.monotonic() - began)
                sequence += 1
            else:
                waits += 1
                await asyncio.sleep(1.0)

    began = time.monotonic()
    await asyncio.gather(*(sensor(number) for number in range(_SENSORS)))
    rate = len(took) * _FLOWS / (time.monotonic() - began)
    await emptied(spool, 180.0)
    detected = len(took) * _FLOWS / (time.monotonic() - began)
    return {
        "flows_per_s": round(rate),
        "detected_flows_per_s": round(detected),
        "limit_flows_per_s": _WANTED,
        "kept": rate >= _WANTED,
        "batches": len(took),
        "bytes_per_flow": round(size / _FLOWS),
        "mb_per_s": round(rate * size / _FLOWS / 1e6, 1),
        "acknowledged_p50_ms": round(float(np.percentile(took, 50)) * 1e3, 1),
        "acknowledged_p99_ms": round(float(np.percentile(took, 99)) * 1e3, 1),
        "sync_alone_ms": synced,
        "told_to_wait": waits,
    }


async def emptied(spool: Path, patience_s: float) -> None:
    """Wait until the detector has taken everything."""
    until = time.monotonic() + patience_s
    while any(spool.iterdir()):
        if time.monotonic() > until:
            raise SystemExit(f"the detector has not taken all batches within {patience_s:.0f} s")
        await asyncio.sleep(0.05)


def sync_ms(size: int) -> float:
    """How long this disk takes to keep so many bytes durably, with nothing else: the median of several."""
    took = []
    with tempfile.TemporaryDirectory(prefix="tenfold-bench-") as folder:
        for number in range(15):
            began = time.perf_counter()
            write_synced(Path(folder) / str(number), bytes(size))
            took.append(time.perf_counter() - began)
    return round(float(np.median(took)) * 1e3, 1)
