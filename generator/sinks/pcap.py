"""pcap with nanoseconds (magic 0xa1b23c4d, draft-ietf-opsawg-pcap), Ethernet, little-endian."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.jit import kernel
from generator.sinks.records import I64, U8, RecordSink, columns, put_little

HEADER: Final = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)


class PcapSink(RecordSink):
    """A pcap file. See ``generator.sinks.Sink``."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, HEADER)

    def write(self, frames: pa.RecordBatch) -> None:
        """Append these frames."""
        times, data, offsets, wire = columns(frames)
        out = np.empty(int(offsets[-1] - offsets[0]) + 16 * len(times), np.uint8)
        lay_out(times, data, offsets, wire, out)
        self._file.write(out.data)


@kernel
def lay_out(times: I64, data: U8, offsets: npt.NDArray[np.int32], wire: npt.NDArray[np.uint32], out: U8) -> None:
    """All records one behind the other, each a header of 16 bytes and its frame."""
    at = np.int64(0)
    for i in range(len(times)):
        low, high = np.int64(offsets[i]), np.int64(offsets[i + 1])
        put_little(out, at, times[i] // 1_000_000_000)
        put_little(out, at + 4, times[i] % 1_000_000_000)
        put_little(out, at + 8, high - low)
        put_little(out, at + 12, wire[i])
        out[at + 16 : at + 16 + high - low] = data[low:high]
        at += 16 + high - low
