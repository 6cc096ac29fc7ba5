"""A flood of spoofed sources: one TCP SYN each, from as many addresses of 2001:2::/48 as are wanted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.schemas import FRAMES, TIME

SIZE = 74
VICTIM = bytes.fromhex("20010002000000000000000000000001")


def spoofed(count: int, seed: int, ts: npt.NDArray[np.int64]) -> pa.RecordBatch:
    """``count`` frames as FRAMES, of as many sources, at ``ts`` (ns)."""
    rng = np.random.default_rng(seed)
    data = np.zeros((count, SIZE), np.uint8)
    data[:, 0:6], data[:, 6:12] = 2, 4
    data[:, 12], data[:, 13], data[:, 14] = 0x86, 0xDD, 0x60
    data[:, 19], data[:, 20], data[:, 21] = 20, 6, 64
    data[:, 22:28] = np.frombuffer(VICTIM[:6], np.uint8)
    data[:, 28:38] = rng.integers(0, 256, (count, 10))
    data[:, 38:54] = np.frombuffer(VICTIM, np.uint8)
    data[:, 54:56] = rng.integers(0, 256, (count, 2))
    data[:, 57], data[:, 66], data[:, 67] = 80, 0x50, 2
    return columns(data, ts)


def columns(data: npt.NDArray[np.uint8], ts: npt.NDArray[np.int64]) -> pa.RecordBatch:
    """Frames of one size (rows of ``data``) as FRAMES."""
    count, size = data.shape
    offsets = np.arange(count + 1, dtype=np.int32) * size
    return pa.record_batch(
        [
            pa.Array.from_buffers(TIME, count, [None, pa.py_buffer(np.ascontiguousarray(ts, np.int64))]),
            pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data.reshape(-1))]),
            pa.array(np.full(count, size, np.uint32)),
            pa.array(np.ones(count, np.uint16)),
        ],
        schema=FRAMES,
    )
