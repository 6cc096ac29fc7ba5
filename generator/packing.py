"""How frames that are due are packed into the ring: as Arrow messages for a socket, or raw for a wire.

``generator.spool`` (or another maker of frames) hands over batches in order of time; what comes out is one ring record
after another. Whoever packs for a wire has its frames read by the gate here once more, whoever made them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.schemas import FRAMES
from generator import gate
from generator.ring import MESSAGE, Record

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
BUCKET_NS: Final = 1_000_000
DUE_NS: Final = 200_000  # into the bucket: any moment up to its end is within 1 ms of all its frames
RAW_BUCKET_NS: Final = 5_000_000
RAW_FRAMES: Final = 4096
_MAX_BYTES: Final = 4 << 20
_BESIDE: Final = 32  # bytes of a frame in a message beside its own, at most
_ALIGN: Final = 8
_NO_TIMES: Final = np.zeros(0, np.int64)


class Packed(NamedTuple):
    """One record without its place, the parts that make up its message, and the frames' times (int64 ns)."""

    record: Record
    parts: tuple[memoryview, ...]
    times: Int64

    @property
    def length(self) -> int:
        """Bytes of the message."""
        return sum(part.nbytes for part in self.parts)


class Packing(Protocol):
    """``start_ns`` is the campaign's second 0, to which buckets are aligned.

    ``begun(ends)`` tells for each moment how many malicious attempts began before it.
    """

    def head(self, start_ns: int) -> Iterator[Packed]:
        """What goes before all frames."""
        ...

    def pack(self, frames: pa.RecordBatch, start_ns: int, begun: Callable[[Int64], Int64]) -> Iterator[Packed]:
        """Records for frames (FRAMES, sorted by ``ts``, none earlier than those before)."""
        ...


class ArrowPacking:
    """One finished Arrow message for each millisecond in which frames are due; the stream's schema goes first."""

    def head(self, start_ns: int) -> Iterator[Packed]:
        """See ``Packing``."""
        message = memoryview(FRAMES.serialize()).cast("B")
        yield Packed(Record(MESSAGE, 0, 0, 0, 0, 0, start_ns, 0), (message,), _NO_TIMES)

    def pack(self, frames: pa.RecordBatch, start_ns: int, begun: Callable[[Int64], Int64]) -> Iterator[Packed]:
        """See ``Packing``. All frames of a bucket leave at one moment."""
        times, offsets = _times(frames), _offsets(frames)
        for begin, stop, end, count in _buckets(times, start_ns, BUCKET_NS, begun):
            low, size = begin, int(offsets[stop] - offsets[begin]) + _BESIDE * (stop - begin + 1)
            bucket = frames.slice(begin, stop - begin)
            for part in _halves(bucket) if size > _MAX_BYTES else (bucket,):
                message = memoryview(part.serialize()).cast("B")
                record = Record(MESSAGE, end - BUCKET_NS + DUE_NS, 0, 0, len(part), count, end, 0)
                yield Packed(record, (message,), times[low : low + len(part)])
                low += len(part)


class RawPacking:
    """Raw frames for a wire, each to leave at its own time: a record holds those of at most 5 ms.

    The message is ``offsets`` (int32, frames + 1, from the first byte of the first frame), zeros up to a multiple of 8,
    the frames' bytes one behind the other, zeros up to a multiple of 8. ``unpack`` reads it. ``record.due`` is the time
    of the first frame. ``pack`` raises ``UnsafeError`` for a frame that may not be on a wire.
    """

    def head(self, start_ns: int) -> Iterator[Packed]:
        """See ``Packing``: a wire has no head."""
        del start_ns
        return iter(())

    def pack(self, frames: pa.RecordBatch, start_ns: int, begun: Callable[[Int64], Int64]) -> Iterator[Packed]:
        """See ``Packing``."""
        if not len(frames):
            return
        times = _times(frames)
        offsets, data = _raw(frames)
        gate.check(data, offsets)
        for begin, stop, end, count in _buckets(times, start_ns, RAW_BUCKET_NS, begun):
            for low, high in _bounded(offsets, begin, stop):
                upto = end if high == stop else int(times[high])
                record = Record(MESSAGE, int(times[low]), 0, 0, high - low, count, upto, 0)
                yield Packed(record, _message(offsets, data, low, high), times[low:high])


def unpack(message: memoryview, frames: int) -> tuple[Int32, npt.NDArray[np.uint8]]:
    """Offsets (int32, frames + 1) and bytes of a message of ``RawPacking``, without a copy."""
    offsets: Int32 = np.frombuffer(message, np.int32, frames + 1)
    head = _padded(offsets.nbytes)
    return offsets, np.frombuffer(message, np.uint8, int(offsets[-1]), head)


PACKINGS: Final[dict[str, type[Packing]]] = {"arrow": ArrowPacking, "raw": RawPacking}


def _times(frames: pa.RecordBatch) -> Int64:
    return np.asarray(frames.column("ts").cast(pa.int64()).to_numpy(), np.int64)


def _buckets(
    times: Int64, start_ns: int, width: int, begun: Callable[[Int64], Int64]
) -> Iterator[tuple[int, int, int, int]]:
    """For each bucket with frames: its rows from and to, when it ends, and how many attempts began before that."""
    if not len(times):
        return
    bucket = (times - start_ns) // width
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(bucket)) + 1, [len(times)]])
    ends = start_ns + (bucket[bounds[:-1]] + 1) * width
    yield from zip(bounds[:-1].tolist(), bounds[1:].tolist(), ends.tolist(), begun(ends).tolist(), strict=True)


def _halves(frames: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch, cut so that no message is very large."""
    if frames.get_total_buffer_size() <= _MAX_BYTES or len(frames) < 2 or frames.nbytes <= _MAX_BYTES:
        yield frames
        return
    middle = len(frames) // 2
    yield from _halves(frames.slice(0, middle))
    yield from _halves(frames.slice(middle))


def _raw(frames: pa.RecordBatch) -> tuple[Int32, npt.NDArray[np.uint8]]:
    """Offsets and bytes of the frame column (a view into Arrow's memory)."""
    return _offsets(frames), np.frombuffer(frames.column("frame").buffers()[2], np.uint8)


def _offsets(frames: pa.RecordBatch) -> Int32:
    column = frames.column("frame")
    if not len(column):
        return np.zeros(1, np.int32)
    found: Int32 = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    return found


def _bounded(offsets: Int32, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Rows ``low`` to ``high``, cut so that no record has too many frames or bytes."""
    while low < high:
        full = int(np.searchsorted(offsets, int(offsets[low]) + _MAX_BYTES, "right")) - 1
        cut = min(high, low + RAW_FRAMES, max(full, low + 1))
        yield low, cut
        low = cut


def _message(offsets: Int32, data: npt.NDArray[np.uint8], low: int, high: int) -> tuple[memoryview, ...]:
    own = offsets[low : high + 1] - offsets[low]
    head = np.zeros(_padded(own.nbytes) // 4, np.int32)
    head[: len(own)] = own
    body = data[offsets[low] : offsets[high]]
    tail = bytes(_padded(body.nbytes) - body.nbytes)
    return head.data.cast("B"), body.data, memoryview(tail)


def _padded(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN
