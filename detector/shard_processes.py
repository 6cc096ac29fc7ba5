"""A crew of processes: each does one shard's work in memory that all share, told what to do over a pipe.

The memory has no name and no file: it is handed on as an open descriptor, and gone when the last process is. What is
shared is the flow table, the decoded rows and a buffer of frames; nothing else is. A process that ends or does not
answer is an error at once, and one whose other side is gone ends by itself.
"""

from __future__ import annotations

import json
import mmap
import os
import select
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.errors import LackingError
from detector.flow_life import Limits
from detector.packet import Columns
from detector.shards import CHUNK_FRAMES, Memory, Part, new_memory

WORK: Final = ("decode", "count", "expire", "end_all", "close")
ORDER: Final = struct.Struct("<4q")  # number of the work, its arguments
DONE: Final = b"."
BUFFER_BYTES: Final = 16 << 20  # of frames at once
_MOST_BYTES: Final = 1 << 18  # of one frame: what lies behind cannot be part of a packet's headers or first words
_PATIENCE_S: Final = 60.0
_PAGE: Final = 4096
_PROGRAM: Final = Path(__file__).parent.parent


class Carver:
    """Hands out arrays one behind the other; without memory it only counts the bytes."""

    def __init__(self, memory: mmap.mmap | None) -> None:
        self.size = 0
        self._memory = memory

    def __call__(self, count: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        begin = self.size
        self.size += -(-max(count * dtype.itemsize, 1) // _PAGE) * _PAGE
        if self._memory is None:
            return np.zeros(1, dtype)[:0]
        return np.frombuffer(self._memory, dtype, count, begin)


def carve(memory: mmap.mmap | None, capacity: int, shards: int, *, fresh: bool) -> tuple[Memory, Columns, int]:
    """The shards' memory, the buffer of frames, and how many bytes both take. Every process carves alike."""
    make = Carver(memory)
    frames = Columns(
        make(CHUNK_FRAMES, np.dtype(np.int64)),
        make(CHUNK_FRAMES + 1, np.dtype(np.int32)),
        make(BUFFER_BYTES, np.dtype(np.uint8)),
        make(CHUNK_FRAMES, np.dtype(np.uint32)),
        make(CHUNK_FRAMES, np.dtype(np.uint16)),
    )
    return new_memory(capacity, shards, make, fresh=fresh and memory is not None), frames, make.size


def seen(frames: Columns) -> Columns:
    """The buffer as kernels read it: not to be written, so that they are the same ones as for a batch."""
    views = [column.view() for column in frames]
    for view in views:
        view.flags.writeable = False
    return Columns(*views)  # type: ignore[arg-type]  # each is of its column's type


class Processes:
    """A crew of processes; this one does the first part. Raises ``LackingError`` where one is lost."""

    def __init__(self, capacity: int, shards: int, limits: Limits) -> None:
        size = _size(capacity, shards)
        self._file = os.memfd_create("tenfold-shards")
        os.ftruncate(self._file, size)
        self._mapped = mmap.mmap(self._file, size)
        self.memory, self._frames, _ = carve(self._mapped, capacity, shards, fresh=True)
        self._seen = seen(self._frames)
        self._part = Part(0, self.memory, limits)
        self._part.columns = self._seen
        setup = {"file": self._file, "capacity": capacity, "shards": shards, "limits": [int(n) for n in limits]}
        self._workers = [_Worker(number, setup) for number in range(1, shards)]
        for worker in self._workers:
            worker.wait()

    def load(self, columns: Columns, low: int, high: int) -> tuple[Columns, int, int]:
        """Copy as many frames as fit."""
        high = min(high, low + CHUNK_FRAMES)
        offsets = columns.offsets[low : high + 1].astype(np.int64)
        lengths = np.minimum(np.diff(offsets), _MOST_BYTES)
        ends = np.cumsum(lengths)
        count = max(int(np.searchsorted(ends, BUFFER_BYTES, side="right")), 1)
        frames, high = self._frames, low + count
        frames.offsets[0] = 0
        frames.offsets[1 : count + 1] = ends[:count]
        frames.ts[:count] = columns.ts[low:high]
        frames.link[:count] = columns.link[low:high]
        captured = np.diff(offsets[: count + 1]).astype(np.uint32)
        np.maximum(columns.wire_len[low:high], captured, out=frames.wire_len[:count])
        if int(ends[count - 1]) == int(offsets[count] - offsets[0]):
            frames.data[: int(ends[count - 1])] = columns.data[int(offsets[0]) : int(offsets[count])]
        else:
            for n in range(count):  # a frame is longer than any packet: its end is left out
                begin = int(offsets[n])
                frames.data[int(ends[n] - lengths[n]) : int(ends[n])] = columns.data[begin : begin + int(lengths[n])]
        return self._seen, 0, count

    def each(self, work: str, *numbers: int) -> None:
        """Let every part do that work."""
        for worker in self._workers:
            worker.tell(work, numbers)
        getattr(self._part, work)(*numbers)
        for worker in self._workers:
            worker.wait()

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.close()
        self._workers.clear()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @property
    def pids(self) -> list[int]:
        """The processes."""
        return [worker.process.pid for worker in self._workers]


def _size(capacity: int, shards: int) -> int:
    return carve(None, capacity, shards, fresh=False)[2]


class _Worker:
    """One process."""

    def __init__(self, number: int, setup: dict[str, Any]) -> None:
        self._number = number
        try:
            self.process = subprocess.Popen(  # noqa: S603 - our own module with our own arguments
                [sys.executable, "-m", "detector.shard_worker", json.dumps(setup | {"number": number})],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=_PROGRAM,
                pass_fds=[setup["file"]],
            )
        except OSError as error:
            raise LackingError(f"shard {number} cannot be started: {error.strerror}") from None

    def tell(self, work: str, numbers: tuple[int, ...]) -> None:
        """Give it work."""
        order = ORDER.pack(WORK.index(work), *numbers, *(0,) * (3 - len(numbers)))
        try:
            os.write(_end(self.process.stdin), order)
        except OSError:
            self._lost()

    def wait(self) -> None:
        """Until it is done."""
        answer = _end(self.process.stdout)
        if not select.select([answer], [], [], _PATIENCE_S)[0]:
            raise LackingError(f"shard {self._number} has not answered for {_PATIENCE_S:.0f} s")
        if os.read(answer, 1) != DONE:
            self._lost()

    def close(self) -> None:
        """End it: it ends by itself when nobody can tell it anything."""
        for end in (self.process.stdin, self.process.stdout):
            if end:
                end.close()
        try:
            self.process.wait(5.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _lost(self) -> None:
        code = self.process.wait(_PATIENCE_S)
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        raise LackingError(f"the process of shard {self._number} was lost ({how}), and its flows with it; run again")


def _end(file: Any) -> int:  # noqa: ANN401 - typed as IO or None
    return int(file.fileno())
