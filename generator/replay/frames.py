"""FRAMES batches of a capture in, FRAMES batches with lab addresses out; nothing is held back between batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.schemas import FRAMES, TIME
from generator import gate
from generator.replay.links import SPOTS
from generator.replay.lookup import BASE4, Map, new_map
from generator.replay.octets import I64, U8
from generator.replay.reasons import REASONS, TOO_LONG
from generator.replay.rewrite import EXTRA, FILL, LONGEST, ROOM, Found, Frames, Made, Tried, rewrite, survey
from generator.replay.tables import UNLISTED, new_seen, roomy
from generator.replay.trail import new_trail

Clock = Callable[[I64], I64]  # times of the capture to times of the replay
_TAGGED: Final = 18  # bytes of an Ethernet header with one tag
_HEADERS: Final = {0: 4, 108: 4, 101: 0, 12: 0, 14: 0, 228: 0, 229: 0, 113: 16, 276: 20}  # of other links
_MOST_BYTES: Final = 24 << 20
_GROW: Final = 1 << 12


class Survey:
    """The first pass: which addresses there are, and which frames will be left out. ``cut`` is one of ``CUTS``.

    With ``mtu``, packets of more bytes are left out.
    """

    def __init__(self, cut: int, mtu: int | None = None) -> None:
        self._mtu = mtu
        self.found = Found(new_seen(), new_seen())
        self._cut = cut
        self._spot, self._trail = np.zeros(SPOTS, np.int64), new_trail()
        one = np.array([BASE4 + 1], np.uint32)
        self._all_one = new_map(0, 0, one, np.ones(1, np.uint16), np.ones(3, np.uint64))
        self._out = np.zeros(ROOM, np.uint8)

    def add(self, batch: pa.RecordBatch) -> U8:
        """Read a batch: of each frame 0, or the reason (index of ``REASONS``) why it will be left out."""
        frames = columns_of(batch)
        tried = Tried(self._all_one, self._out, np.zeros(len(frames.ts), np.uint8))
        low = 0
        while low < len(frames.ts):
            low = survey(frames, low, self._cut, self.found, self._spot, self._trail, tried)
            if low < len(frames.ts):
                self.found = Found(roomy(self.found.hosts, _GROW), roomy(self.found.nets, _GROW))
        tried.reasons[_longer(frames, self._cut, self._mtu) & (tried.reasons == 0)] = TOO_LONG
        return tried.reasons

    @property
    def unlisted(self) -> int:
        """Sightings of addresses for which the tables had no room."""
        return int(self.found.hosts.state[UNLISTED] + self.found.nets.state[UNLISTED])


class Rewriter:
    """The second pass: frames with lab addresses. ``left_out`` counts the others by reason."""

    def __init__(self, table: Map, cut: int, mtu: int | None = None) -> None:
        self._mtu = mtu
        self.left_out: Counter[str] = Counter()
        self._table, self._cut = table, cut
        self._spot, self._trail = np.zeros(SPOTS, np.int64), new_trail()

    def batches(self, batch: pa.RecordBatch, clock: Clock) -> Iterator[pa.RecordBatch]:
        """The rewritten frames of a batch, in parts of bounded size.

        ``clock`` is asked for the times of those that are not left out, in order. Each was read again by the gate.
        Raises ``UnsafeError`` should one of them have to be stopped even so.
        """
        frames = columns_of(batch)
        longer = _longer(frames, self._cut, self._mtu)
        if longer.any():
            self.left_out[REASONS[TOO_LONG]] += int(np.count_nonzero(longer))
            frames = columns_of(batch.filter(pa.array(~longer)))
        for low, high in self._parts(frames):
            yield self._part(frames, low, high, clock)

    def _parts(self, frames: Frames) -> Iterator[tuple[int, int]]:
        ends = np.cumsum(_room(frames, self._cut))
        low = 0
        while low < len(ends):
            before = int(ends[low - 1]) if low else 0
            high = max(int(np.searchsorted(ends, before + _MOST_BYTES, "right")), low + 1)
            yield low, high
            low = high

    def _part(self, frames: Frames, low: int, high: int, clock: Clock) -> pa.RecordBatch:
        n = high - low
        body = pa.allocate_buffer(int(_room(frames, self._cut)[low:high].sum()))
        made = Made(
            np.zeros(n + 1, np.int32), np.frombuffer(body, np.uint8), np.zeros(n, np.uint32), np.zeros(n, np.uint8)
        )
        count = rewrite(frames, low, self._cut, self._table, self._spot, self._trail, made)
        for reason, times in enumerate(np.bincount(made.reasons, minlength=len(REASONS))[1:].tolist(), 1):
            if times:
                self.left_out[REASONS[reason]] += times
        offsets = made.offsets[: count + 1]
        gate.check(made.out, offsets)
        column = pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), body])
        times = clock(frames.ts[low:high][made.reasons == 0])
        return pa.RecordBatch.from_arrays(
            [
                pa.array(np.ascontiguousarray(times), pa.int64()).cast(TIME),
                column,
                pa.array(made.wire_len[:count].copy()),
                pa.array(np.ones(count, np.uint16)),
            ],
            schema=FRAMES,
        )


def _longer(frames: Frames, cut: int, mtu: int | None) -> npt.NDArray[np.bool_]:
    """Which frames carry packets of more than ``mtu`` bytes; none where that is ``None``."""
    if mtu is None:
        return np.zeros(len(frames.ts), np.bool_)
    header = np.full(len(frames.ts), _TAGGED, np.int64)
    for link, size in _HEADERS.items():
        header[frames.link == link] = size
    found: npt.NDArray[np.bool_] = _room(frames, cut) - EXTRA - header > mtu
    return found


def _room(frames: Frames, cut: int) -> I64:
    """How many bytes each frame may come to at most: int64 ``(n,)``."""
    captured = np.diff(frames.offsets).astype(np.int64)
    wire = np.minimum(frames.wire_len.astype(np.int64), LONGEST + 64) if cut == FILL else captured
    size: I64 = np.maximum(captured, wire) + EXTRA
    return size


def columns_of(batch: pa.RecordBatch) -> Frames:
    """A sound FRAMES batch as arrays over Arrow's own memory."""
    frames = batch.column("frame")
    count = len(frames)
    _, offsets, data = frames.buffers()
    return Frames(
        _values(batch.column("ts"), np.int64),
        np.frombuffer(offsets, np.int32, count + 1, frames.offset * 4) if count else np.zeros(1, np.int32),
        np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8),
        _values(batch.column("wire_len"), np.uint32),
        _values(batch.column("link"), np.uint16),
    )


def _values(column: pa.Array, dtype: type[np.generic]) -> npt.NDArray[Any]:
    if len(column) == 0:
        return np.zeros(0, dtype)
    return np.frombuffer(column.buffers()[1], dtype, len(column), column.offset * np.dtype(dtype).itemsize)
