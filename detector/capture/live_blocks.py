"""The blocks of a TPACKET_V3 ring, read in place: where frames lie, when they came, which VLAN tag was taken off.

Layout: ``linux/if_packet.h``. A block begins with its descriptor; each frame with a ``tpacket3_hdr`` of 48 bytes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.jit import kernel
from contract.schemas import FRAMES, TIME
from detector.packet import Bytes, Int

# of a block's descriptor
STATUS: Final = 8
_COUNT: Final = 12
_FIRST: Final = 16
# block and frame status
TO_KERNEL: Final = 0
TO_USER: Final = 1
_VLAN: Final = 1 << 4
_VLAN_TYPE: Final = 1 << 6
_JOINED: Final = 1 << 8  # TCP segments that the kernel has put together (GRO, LRO) or not yet cut (GSO)
_SMALLEST: Final = 80  # bytes that a frame takes in a block, headers included, at least
_HEADER: Final = 48


class Found(NamedTuple):
    """Frames of one block."""

    start: npt.NDArray[np.int64]  # (n,) where the bytes lie in the ring
    length: npt.NDArray[np.int32]  # (n,) how many were captured there
    tag: npt.NDArray[np.uint32]  # (n,) VLAN type << 16 | tag control; 0 where no tag was taken off
    ts: npt.NDArray[np.int64]  # (n,) ns since the epoch
    wire_len: npt.NDArray[np.uint32]  # (n,) with the tag
    offsets: npt.NDArray[np.int32]  # (n + 1,) where the frames, tags put back, lie behind one another
    counts: npt.NDArray[np.int64]  # (2,) frames left out as foreign, frames that are several joined ones


def new_found(block_bytes: int) -> Found:
    """Room for whatever a block holds."""
    n = block_bytes // _SMALLEST + 1
    return Found(
        np.zeros(n, np.int64),
        np.zeros(n, np.int32),
        np.zeros(n, np.uint32),
        np.zeros(n, np.int64),
        np.zeros(n, np.uint32),
        np.zeros(n + 1, np.int32),
        np.zeros(2, np.int64),
    )


def block_batch(ring: Bytes, at: int, end: int, found: Found, shift_ns: int, link: int, *, lab: bool) -> pa.RecordBatch:
    """The frames of the block ``ring[at:end]`` as FRAMES; their bytes are copied once.

    ``shift_ns`` is added to the kernel's times. With ``lab``, frames from outside the lab's ranges are counted
    (``found.counts[0]``) and left out.
    """
    count = walk(ring, at, end, found, shift_ns, int(lab))
    data = np.empty(int(found.offsets[count]), np.uint8)
    copy(ring, found, count, data)
    columns = [
        pa.Array.from_buffers(TIME, count, [None, pa.py_buffer(found.ts[:count].copy())]),
        pa.Array.from_buffers(
            pa.binary(), count, [None, pa.py_buffer(found.offsets[: count + 1].copy()), pa.py_buffer(data)]
        ),
        pa.array(found.wire_len[:count].copy()),
        pa.array(np.full(count, link, np.uint16)),
    ]
    return pa.record_batch(columns, schema=FRAMES)


@kernel
def _u32(data: Bytes, at: Int) -> Int:
    return (
        np.int64(data[at]) | np.int64(data[at + 1]) << 8 | np.int64(data[at + 2]) << 16 | np.int64(data[at + 3]) << 24
    )


@kernel
def _u16(data: Bytes, at: Int) -> Int:
    return np.int64(data[at]) | np.int64(data[at + 1]) << 8


@kernel
def walk(ring: Bytes, at: Int, end: Int, found: Found, shift_ns: Int, lab: Int) -> Int:
    """Find the frames of the block ``ring[at:end]``; how many were found. Adds to ``found.counts``.

    The kernel writes in the byte order of the machine, which is little-endian here. Frames that do not lie in the
    block end the walk.
    """
    frame, count, held = at + _u32(ring, at + _FIRST), 0, 0
    for _ in range(_u32(ring, at + _COUNT)):
        if frame + _HEADER > end or count == len(found.start):
            break
        length, wire = _u32(ring, frame + 12), _u32(ring, frame + 16)
        status, start = _u32(ring, frame + 20), frame + _u16(ring, frame + 24)
        if start + length > end:
            break
        step = _u32(ring, frame)
        found.counts[1] += 1 if status & _JOINED else 0
        if lab and is_foreign(ring, start, start + length):
            found.counts[0] += 1
        else:
            tag = np.int64(0)
            if status & _VLAN and length >= 12:
                kind = _u16(ring, frame + 36) if status & _VLAN_TYPE else np.int64(0x8100)
                tag = kind << 16 | (_u32(ring, frame + 32) & 0xFFFF)
            found.start[count] = start
            found.length[count] = length
            found.tag[count] = tag
            found.ts[count] = _u32(ring, frame + 4) * 1_000_000_000 + _u32(ring, frame + 8) + shift_ns
            found.wire_len[count] = max(wire, length) + (4 if tag else 0)
            found.offsets[count] = held
            held += length + (4 if tag else 0)
            count += 1
        if step == 0:
            break
        frame += step
    found.offsets[count] = held
    return count


@kernel
def copy(ring: Bytes, found: Found, count: Int, out: Bytes) -> None:
    """Copy the frames behind one another; a VLAN tag that the kernel took off goes back behind the MAC addresses."""
    for n in range(count):
        tag, length = np.int64(found.tag[n]), np.int64(found.length[n])
        # Slices: an index into the whole array, which might be negative, would keep the loop from being vectorised.
        source = ring[found.start[n] : found.start[n] + length]
        target = out[np.int64(found.offsets[n]) : np.int64(found.offsets[n + 1])]
        if not tag:
            for i in range(length):
                target[i] = source[i]
            continue
        for i in range(12):
            target[i] = source[i]
        for i in range(4):
            target[12 + i] = np.uint8((tag >> (24 - 8 * i)) & 0xFF)
        for i in range(12, length):
            target[i + 4] = source[i]


@kernel
def is_foreign(data: Bytes, at: Int, end: Int) -> Int:
    """Whether an Ethernet frame comes from outside the lab's ranges: what a host says of its own accord (IPv6
    neighbour discovery, MLD, mDNS, LLDP). All that the generator may send comes from 198.18.0.0/15 or 2001:2::/48.
    """
    if end - at < 14:
        return True
    kind = np.int64(data[at + 12]) << 8 | np.int64(data[at + 13])
    at += 14
    while kind in (0x8100, 0x88A8) and end - at >= 4:
        kind = np.int64(data[at + 2]) << 8 | np.int64(data[at + 3])
        at += 4
    if kind == 0x0806:
        return end - at < 28 or data[at + 24] != 198 or data[at + 25] & 0xFE != 18
    if kind == 0x0800:
        return end - at < 20 or data[at + 12] != 198 or data[at + 13] & 0xFE != 18
    if kind == 0x86DD and end - at >= 40:
        lab = data[at + 8] == 0x20 and data[at + 9] == 0x01 and data[at + 10] == 0 and data[at + 11] == 2
        return not (lab and data[at + 12] == 0 and data[at + 13] == 0)
    return True
