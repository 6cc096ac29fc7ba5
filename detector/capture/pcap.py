"""Captures in the pcap format (draft-ietf-opsawg-pcap): micro- and nanoseconds, both byte orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from contract.errors import InputError
from contract.jit import lean_kernel, lean_part
from contract.ledger import Stage
from detector.capture.source import BATCH_BYTES, BATCH_FRAMES, Records, new_records, to_batch
from detector.packet import Bytes, Int

# magic in the byte order of the file -> (ns per unit of the fraction, bytes of a record header)
_MAGICS: Final = {0xA1B2C3D4: (1000, 16), 0xA1B23C4D: (1, 16), 0xA1B2CD34: (1000, 24)}
_HEADER: Final = 24
_SANE_LENGTH: Final = 262_144  # what libpcap takes for a frame whatever the header says

# how a scan ended
MORE: Final = 0
END: Final = 1
CUT: Final = 2
DAMAGED: Final = 3


def is_pcap(data: Bytes) -> bool:
    """Whether these first bytes are those of a pcap file."""
    return _order(data[:4].tobytes()) is not None


def _order(magic: bytes) -> str | None:
    if int.from_bytes(magic, "big") in _MAGICS:
        return "big"
    return "little" if int.from_bytes(magic, "little") in _MAGICS else None


class PcapSource:
    """The frames of a pcap file whose bytes are ``data``; ``where`` names it in messages."""

    def __init__(self, data: Bytes, where: str) -> None:
        self.ledger_stage = Stage()
        self.notes: list[str] = []
        self._data, self._where = data, where
        if len(data) < _HEADER:
            raise InputError(f"{where}: not a capture: the pcap header is cut off after {len(data)} bytes")
        big = int(_order(data[:4].tobytes()) == "big")
        fields = np.frombuffer(data[:_HEADER].tobytes(), ">u4" if big else "<u4")
        self._big = big
        self._unit, self._record_header = _MAGICS[int(fields[0])]
        self._longest = max(int(fields[4]) if fields[4] < 1 << 28 else 0, _SANE_LENGTH)
        self._link = int(fields[5]) & 0xFFFF  # the upper bits tell about the frame check sequence

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The frames in batches of at most 65,536; ends at damage or a cut, with a note."""
        records = new_records(min(BATCH_FRAMES, len(self._data) // self._record_header + 1))
        at, result = _HEADER, MORE
        while result == MORE:
            count, at, result = _scan(
                self._data, at, records, self._big, self._unit, self._record_header, self._longest, self._link
            )
            if count:
                self.ledger_stage.offered += count
                self.ledger_stage.delivered += count
                yield to_batch(self._data, records, count)
        if result != END:
            self.ledger_stage.offered += 1
            self.ledger_stage.drop("cut_off" if result == CUT else "damaged")
            number = self.ledger_stage.offered
            what = "the file is cut off in" if result == CUT else "damaged record:"
            self.notes.append(f"{self._where}: {what} frame {number} at byte {at}; read up to there")


@lean_part
def read_u32(data: Bytes, at: Int, big: Int) -> Int:
    """Four bytes in the byte order of the file (``big`` 1 or 0), as int64."""
    a, b, c, d = np.int64(data[at]), np.int64(data[at + 1]), np.int64(data[at + 2]), np.int64(data[at + 3])
    if big:
        return (a << 24) | (b << 16) | (c << 8) | d
    return (d << 24) | (c << 16) | (b << 8) | a


@lean_kernel
def _scan(
    data: Bytes,
    at: Int,
    records: Records,
    big: Int,
    unit: Int,
    header: Int,
    longest: Int,
    link: Int,
) -> tuple[Int, Int, Int]:
    """Find records from ``at`` on; returns how many, where the next begins, and how the scan ended."""
    count, held = 0, 0
    end = len(data)
    while count < len(records.start) and held < BATCH_BYTES:
        if at == end:
            return count, at, END
        if end - at < header:
            return count, at, CUT
        length = read_u32(data, at + 8, big)
        if length > longest:
            return count, at, DAMAGED
        if length > end - at - header:
            return count, at, CUT
        records.ts[count] = read_u32(data, at, big) * 1_000_000_000 + read_u32(data, at + 4, big) * unit
        records.start[count] = at + header
        records.length[count] = length
        records.wire_len[count] = np.uint32(max(read_u32(data, at + 12, big), length))
        records.link[count] = np.uint16(link)
        held += length
        count += 1
        at += header + length
    return count, at, MORE
