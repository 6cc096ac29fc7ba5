"""Captures in the pcapng format (draft-ietf-opsawg-pcapng): sections, interfaces, all packet blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.errors import InputError
from contract.jit import lean_kernel
from contract.ledger import Stage
from detector.capture.pcap import CUT, DAMAGED, END, MORE, read_u32
from detector.capture.source import BATCH_BYTES, BATCH_FRAMES, Records, new_records, to_batch
from detector.packet import Bytes, Int

SECTION: Final = 0x0A0D0D0A
_INTERFACE: Final = 1
_OLD_PACKET: Final = 2
_SIMPLE_PACKET: Final = 3
_ENHANCED_PACKET: Final = 6
_ORDER_MAGIC: Final = 0x1A2B3C4D
_MAX_INTERFACES: Final = 4096
_SMALLEST: Final = 16  # bytes of the smallest block that holds a frame (simple, empty)
_LONGEST: Final = 1 << 28  # bytes of a frame; blocks of up to 4 GiB can be written, offsets of a batch cannot hold them
_LATEST: Final = np.uint64(1 << 62)
_BILLION: Final = 1_000_000_000
_TSRESOL: Final = 9
_TSOFFSET: Final = 14

# Interfaces.state
_COUNT, _BIG, _LAST_TS = 0, 1, 2


class Interfaces(NamedTuple):
    """The interfaces of the present section."""

    link: npt.NDArray[np.uint16]
    snap: npt.NDArray[np.int64]  # bytes captured at most, 0 without limit
    resolution: npt.NDArray[np.uint8]  # if_tsresol: 10 to the minus this; 2 where the highest bit is set
    offset: npt.NDArray[np.int64]  # if_tsoffset, ns
    state: npt.NDArray[np.int64]  # [number of interfaces, big endian, time of the last frame]


def is_pcapng(data: Bytes) -> bool:
    """Whether these first bytes are those of a pcapng file."""
    return data[:4].tobytes() == b"\x0a\x0d\x0d\x0a"


class PcapngSource:
    """The frames of a pcapng file whose bytes are ``data``; ``where`` names it in messages."""

    def __init__(self, data: Bytes, where: str) -> None:
        self.ledger_stage = Stage()
        self.notes: list[str] = []
        self._data, self._where = data, where
        magic = data[8:12].tobytes()
        if _ORDER_MAGIC not in (int.from_bytes(magic, "big"), int.from_bytes(magic, "little")):
            raise InputError(f"{where}: not a capture: it begins like pcapng, but has no byte-order magic")

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The frames in batches of at most 65,536; ends at damage or a cut, with a note."""
        records = new_records(min(BATCH_FRAMES, len(self._data) // _SMALLEST + 1))
        interfaces = Interfaces(
            np.zeros(_MAX_INTERFACES, np.uint16),
            np.zeros(_MAX_INTERFACES, np.int64),
            np.zeros(_MAX_INTERFACES, np.uint8),
            np.zeros(_MAX_INTERFACES, np.int64),
            np.zeros(3, np.int64),
        )
        at, result = 0, MORE
        while result == MORE:
            count, at, result = _scan(self._data, at, records, interfaces)
            if count:
                self.ledger_stage.offered += count
                self.ledger_stage.delivered += count
                yield to_batch(self._data, records, count)
        if result != END:
            self.ledger_stage.offered += 1
            self.ledger_stage.drop("cut_off" if result == CUT else "damaged")
            what = "the file is cut off" if result == CUT else "damaged block"
            frames = self.ledger_stage.delivered
            self.notes.append(f"{self._where}: {what} at byte {at}, after frame {frames}; read up to there")


@lean_kernel
def _scan(data: Bytes, at: Int, records: Records, interfaces: Interfaces) -> tuple[Int, Int, Int]:
    """Find frames from the block at ``at`` on; returns how many, where the next block is, and how the scan ended."""
    count, held, end = 0, 0, len(data)
    while count < len(records.start) and held < BATCH_BYTES:
        if at == end:
            return count, at, END
        if end - at < 12:
            return count, at, CUT
        is_section = read_u32(data, at, 1) == SECTION  # it reads alike in both byte orders
        if is_section and not _section(data, at, interfaces):
            return count, at, DAMAGED
        big = interfaces.state[_BIG]
        kind, total = read_u32(data, at, big), read_u32(data, at + 4, big)
        if total < 12 or total % 4:
            return count, at, DAMAGED
        if total > end - at:
            return count, at, CUT
        if read_u32(data, at + total - 4, big) != total:
            return count, at, DAMAGED
        stop = at + total - 4
        if kind == _INTERFACE:
            if not _interface(data, at, stop, big, interfaces):
                return count, at, DAMAGED
        elif kind in (_ENHANCED_PACKET, _OLD_PACKET, _SIMPLE_PACKET):
            if not _packet(data, at, stop, kind, records, count, interfaces):
                return count, at, DAMAGED
            held += records.length[count]
            count += 1
        at += total
    return count, at, MORE


@lean_kernel
def _section(data: Bytes, at: Int, interfaces: Interfaces) -> bool:
    """A section header: sets the byte order and forgets the interfaces."""
    if read_u32(data, at + 8, 1) == _ORDER_MAGIC:
        interfaces.state[_BIG] = 1
    elif read_u32(data, at + 8, 0) == _ORDER_MAGIC:
        interfaces.state[_BIG] = 0
    else:
        return False
    interfaces.state[_COUNT] = 0
    return True


@lean_kernel
def _read_u16(data: Bytes, at: Int, big: Int) -> Int:
    a, b = np.int64(data[at]), np.int64(data[at + 1])
    return (a << 8) | b if big else (b << 8) | a


@lean_kernel
def _interface(data: Bytes, at: Int, stop: Int, big: Int, interfaces: Interfaces) -> bool:
    """An interface description: link type and the options that tell how to read its timestamps."""
    n = interfaces.state[_COUNT]
    if n >= _MAX_INTERFACES or stop - at < 16:
        return False
    interfaces.link[n] = np.uint16(_read_u16(data, at + 8, big))
    interfaces.snap[n] = read_u32(data, at + 12, big)
    interfaces.resolution[n] = np.uint8(6)
    interfaces.offset[n] = 0
    option = at + 16
    while stop - option >= 4:
        code, length = _read_u16(data, option, big), _read_u16(data, option + 2, big)
        value = option + 4
        if code == 0 or length > stop - value:
            break
        if code == _TSRESOL and length == 1:
            interfaces.resolution[n] = data[value]
        elif code == _TSOFFSET and length == 8:
            high, low = (value, value + 4) if big else (value + 4, value)
            seconds = np.int64((read_u32(data, high, big) << 32) | read_u32(data, low, big))
            interfaces.offset[n] = seconds * _BILLION if abs(seconds) < 1 << 31 else 0
        option = value + (length + 3) // 4 * 4
    interfaces.state[_COUNT] = n + 1
    return True


@lean_kernel
def _packet(data: Bytes, at: Int, stop: Int, kind: Int, records: Records, count: Int, interfaces: Interfaces) -> bool:
    """Write the frame of a packet block as record ``count``; False where the block cannot be."""
    big = interfaces.state[_BIG]
    if kind == _SIMPLE_PACKET:
        if stop - at < 12 or interfaces.state[_COUNT] == 0:
            return False
        wire_len = read_u32(data, at + 8, big)
        length = min(wire_len, stop - at - 12)
        if interfaces.snap[0] > 0:
            length = min(length, interfaces.snap[0])
        start, n, ts = at + 12, np.int64(0), interfaces.state[_LAST_TS]  # it has no time: that of the frame before
    else:
        if stop - at < 28:
            return False
        n = read_u32(data, at + 8, big) if kind == _ENHANCED_PACKET else _read_u16(data, at + 8, big)
        length, wire_len = read_u32(data, at + 20, big), read_u32(data, at + 24, big)
        start = at + 28
        if n >= interfaces.state[_COUNT] or length > stop - start:
            return False
        ticks = np.uint64((read_u32(data, at + 12, big) << 32) | read_u32(data, at + 16, big))
        ts = _nanoseconds(ticks, np.int64(interfaces.resolution[n])) + interfaces.offset[n]
    if length > _LONGEST:
        return False
    interfaces.state[_LAST_TS] = ts
    records.ts[count] = ts
    records.start[count] = start
    records.length[count] = length
    records.wire_len[count] = np.uint32(max(wire_len, length))
    records.link[count] = interfaces.link[n]
    return True


@lean_kernel
def _nanoseconds(ticks: np.uint64, resolution: Int) -> Int:
    """Ticks of an interface as ns; cut at 2**62 (the year 2116) where they cannot be a time."""
    exponent = resolution & 127
    if resolution & 128:
        if exponent > 63:
            return np.int64(0)
        seconds = ticks >> np.uint64(exponent)
        if seconds >= np.uint64(1 << 32):
            return np.int64(_LATEST)
        part = ticks - (seconds << np.uint64(exponent))
        if exponent > 33:
            part >>= np.uint64(exponent - 33)
            exponent = 33
        return np.int64(seconds * np.uint64(_BILLION) + ((part * np.uint64(_BILLION)) >> np.uint64(exponent)))
    if exponent <= 9:
        factor = np.uint64(10 ** (9 - exponent))
        return np.int64(ticks * factor) if ticks <= _LATEST // factor else np.int64(_LATEST)
    if exponent > 27:
        return np.int64(0)
    return np.int64(min(ticks // np.uint64(10 ** (exponent - 9)), _LATEST))
