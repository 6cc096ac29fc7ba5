"""Packets a second through decode and meter on one core: 2 million small packets over 200,000 flows.

Run ``python -m benchmarks.meter``. In the same run the same frames go through a plain-Python loop with a dictionary of
flows (the tests' oracle), so that the ratio does not hang on the machine. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from itertools import islice

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.schemas import FRAMES, TIME
from detector.meter import Meter
from tests.detector.oracle_meter import Oracle

SIZE = 60
BATCH = 65_536


def frames(count: int, flows: int, seed: int) -> npt.NDArray[np.uint8]:
    """``(count, 60)`` bytes: 60 % TCP with 6 bytes of payload, 40 % UDP with 18, of flows picked by chance."""
    rng = np.random.default_rng(seed)
    flow = rng.integers(0, flows, count)
    source = rng.integers(0, 1 << 16, flows)[flow]
    target = rng.integers(0, 1 << 12, flows)[flow]
    port = rng.integers(1024, 65536, flows)[flow]
    tcp = (rng.random(flows) < 0.6)[flow]
    reply = rng.random(count) < 0.4
    out = np.zeros((count, SIZE), np.uint8)
    out[:, 0:6], out[:, 6:12] = 2, 4
    out[:, 12] = 8
    out[:, 14], out[:, 17], out[:, 22] = 0x45, 46, 64
    out[:, 23] = np.where(tcp, 6, 17)
    for column, (here, there) in enumerate(((source, target), (target, source))):
        address = np.where(reply, there, here)
        at = 26 + 4 * column
        out[:, at], out[:, at + 1] = 198, np.where(reply == bool(column), 18, 19)
        out[:, at + 2], out[:, at + 3] = address >> 8, address & 255
    sender, receiver = np.where(reply, 443, port), np.where(reply, port, 443)
    out[:, 34], out[:, 35], out[:, 36], out[:, 37] = sender >> 8, sender & 255, receiver >> 8, receiver & 255
    sequence = np.arange(count)
    for i in range(4):
        out[:, 38 + i] = np.where(tcp, (sequence >> (8 * (3 - i))) & 255, 26 if i == 1 else 0)
    out[:, 46] = np.where(tcp, 0x50, 0)
    out[:, 47] = np.where(tcp, 0x18, 0)
    out[:, 48] = np.where(tcp, 0x20, 0)
    return out


def batches(data: npt.NDArray[np.uint8]) -> list[pa.RecordBatch]:
    """The frames as FRAMES batches, a microsecond apart."""
    made = []
    for low in range(0, len(data), BATCH):
        part = data[low : low + BATCH]
        n = len(part)
        ts = 1_600_000_000_000_000_000 + (low + np.arange(n, dtype=np.int64)) * 1000
        offsets = np.arange(n + 1, dtype=np.int32) * SIZE
        made.append(
            pa.record_batch(
                [
                    pa.Array.from_buffers(TIME, n, [None, pa.py_buffer(ts)]),
                    pa.Array.from_buffers(
                        pa.binary(), n, [None, pa.py_buffer(offsets), pa.py_buffer(part.reshape(-1))]
                    ),
                    pa.array(np.full(n, SIZE, np.uint32)),
                    pa.array(np.ones(n, np.uint16)),
                ],
                schema=FRAMES,
            )
        )
    return made


def metered(work: list[pa.RecordBatch], *, ticks: bool, warm: bool = False) -> tuple[float, float, int]:
    """Seconds by the clock and of processor time to meter the batches, and flows found.

    ``ticks`` closes a tick after each batch. With a fresh meter a third of the time is the system's, which gives and
    clears the memory of the table; ``warm`` measures a meter whose memory was used before, as in a long run.
    """
    meter = Meter(seed=1)
    if warm:
        for batch in work:
            meter.update(batch)
        meter.release(meter.finish())
        meter.clear_dirty()
    begin, used = time.perf_counter(), time.process_time()
    for batch in work:
        meter.update(batch)
        if ticks:
            meter.expire(int(batch.column("ts")[-1].value))
            meter.clear_dirty()
    return time.perf_counter() - begin, time.process_time() - used, meter.counts()["live"]


def naive(work: list[pa.RecordBatch], count: int) -> float:
    """Seconds that the plain-Python oracle takes for the first ``count`` frames."""
    rows = [
        (ts.value, frame.as_py(), int(wire.as_py()), int(link.as_py()))
        for batch in work[: count // BATCH + 1]
        for ts, frame, wire, link in zip(*batch.columns, strict=True)
    ]
    oracle = Oracle()
    begin = time.perf_counter()
    for row in islice(rows, count):
        oracle.frame(*row)
    return time.perf_counter() - begin


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=2_000_000)
    parser.add_argument("--flows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    work = batches(frames(options.packets, options.flows, 1))
    metered(work[:2], ticks=True)  # compiles
    kinds = {"fresh": (False, False), "warm": (False, True), "warm_with_ticks": (True, True)}
    report: dict[str, object] = {"packets": options.packets}
    for name, (ticks, warm) in kinds.items():
        rounds = [metered(work, ticks=ticks, warm=warm) for _ in range(options.rounds)]
        report["flows"] = rounds[0][2]
        report[f"packets_per_s_{name}"] = round(options.packets / min(clock for clock, _, _ in rounds))
        report[f"packets_per_processor_s_{name}"] = round(options.packets / min(used for _, used, _ in rounds))
    sample = min(50_000, options.packets)
    slow = naive(work, sample)
    report["plain_python_packets_per_s"] = round(sample / slow)
    report["ratio_warm_to_plain_python"] = round(float(str(report["packets_per_s_warm"])) * slow / sample)
    report |= {"python": platform.python_version(), "numba": numba.__version__, "machine": platform.machine()}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
