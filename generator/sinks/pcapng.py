"""pcapng (draft-ietf-opsawg-pcapng): one section, one Ethernet interface with nanoseconds, enhanced packet blocks."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.jit import kernel
from generator.sinks.records import I64, U8, RecordSink, columns, put_little

_SECTION: Final = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
# if_tsresol (9) of 9: the unit is 10**-9 s.
_INTERFACE: Final = struct.pack("<IIHHIHHB3xHHI", 1, 32, 1, 0, 262_144, 9, 1, 9, 0, 0, 32)
HEADER: Final = _SECTION + _INTERFACE


class PcapngSink(RecordSink):
    """A pcapng file. See ``generator.sinks.Sink``."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, HEADER)

    def write(self, frames: pa.RecordBatch) -> None:
        """Append these frames."""
        times, data, offsets, wire = columns(frames)
        sizes = np.diff(offsets).astype(np.int64)
        out = np.zeros(int(((sizes + 3) // 4 * 4 + 32).sum()), np.uint8)
        lay_out(times, data, offsets, wire, out)
        self._file.write(out.data)


@kernel
def lay_out(times: I64, data: U8, offsets: npt.NDArray[np.int32], wire: npt.NDArray[np.uint32], out: U8) -> None:
    """All enhanced packet blocks one behind the other; ``out`` is zero, so the padding is."""
    at = np.int64(0)
    for i in range(len(times)):
        low, high = np.int64(offsets[i]), np.int64(offsets[i + 1])
        size = high - low
        total = 32 + (size + 3) // 4 * 4
        put_little(out, at, 6)
        put_little(out, at + 4, total)
        put_little(out, at + 12, times[i] >> 32)
        put_little(out, at + 16, times[i] & 0xFFFFFFFF)
        put_little(out, at + 20, size)
        put_little(out, at + 24, wire[i])
        out[at + 28 : at + 28 + size] = data[low:high]
        put_little(out, at + total - 4, total)
        at += total
