"""Memory shared by the process that makes frames and the one that paces them: a bounded ring and a pipe of records.

A record says where in the ring a finished Arrow message lies, when it is due and how many frames it carries. Positions
grow for ever; the byte lies at ``position % size``. The reader writes back how far it is done, so the maker waits when
the ring is full. Nothing here imports Arrow: the pacing process stays small.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
import time
from contextlib import suppress
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

_POPULATE_WRITE: Final = 23  # of madvise(2), since Linux 5.14
_HEAD: Final = 4096  # the first page holds the position up to which the reader is done
RECORD: Final = struct.Struct("<qqqqqqqq")
META: Final = 1  # due: start, at: end, length: frames planned, frames: attempts planned
MESSAGE: Final = 2
END: Final = 3
PLAN: Final = 4  # META once more, as more was planned; upto: the second in ns from which attempts: 1/1000 per s hold


class Record(NamedTuple):
    """One line of the pipe. For MESSAGE: bytes ``at`` to ``at + length`` are to leave at ``due``."""

    kind: int
    due: int
    at: int
    length: int
    frames: int
    attempts: int  # malicious attempts begun up to the end of this message
    upto: int  # every frame with an earlier time is in this message or one before it
    end: int  # position behind all that belongs to it (the frames' times follow the message)


class Ring:
    """The shared memory itself. ``fd`` is handed to the other process."""

    def __init__(self, fd: int, size: int) -> None:
        self.fd = fd
        self.size = size
        self.memory = mmap.mmap(fd, size + _HEAD)
        self.view = memoryview(self.memory)[_HEAD:]
        self._parent = os.getppid()
        self._done: npt.NDArray[np.int64] = np.frombuffer(self.memory, np.int64, 1)

    @classmethod
    def create(cls, size: int) -> Ring:
        """New memory of that many bytes (a file without a name)."""
        if hasattr(os, "memfd_create"):
            fd = os.memfd_create("tenfold-spool", os.MFD_CLOEXEC)
        else:
            fd, name = tempfile.mkstemp(prefix="tenfold-spool")
            os.unlink(name)  # noqa: PTH108 - the file lives on without a name
        os.ftruncate(fd, size + _HEAD)
        return cls(fd, size)

    def take_memory(self) -> None:
        """Have the system give all of the memory now: else the first round through it takes each page from it, and a
        machine whose memory is slow to come stands still for milliseconds, in which frames are due.
        """
        with suppress(OSError):  # an older system gives it page by page
            self.memory.madvise(_POPULATE_WRITE)

    @property
    def done(self) -> int:
        """The position up to which the reader needs nothing any more."""
        return int(self._done[0])

    def release(self, position: int) -> None:
        """The reader is done up to here."""
        self._done[0] = position

    def reserve(self, position: int, length: int, poll_s: float = 0.01) -> int:
        """Where ``length`` bytes may stand without a wrap, at or after ``position``; waits while the ring is full."""
        if length > self.size // 2:
            raise ValueError(f"{length} bytes do not fit into a ring of {self.size}")
        at = position
        if at % self.size + length > self.size:
            at += self.size - at % self.size
        while at + length - self.done > self.size:
            time.sleep(poll_s)
            if os.getppid() != self._parent:
                raise BrokenPipeError("the pacing process is gone")
        return at

    def put(self, at: int, data: bytes | memoryview) -> None:
        """Write bytes at a reserved position."""
        low = at % self.size
        self.view[low : low + len(data)] = data

    def get(self, at: int, length: int) -> memoryview:
        """The bytes at a position, without a copy."""
        low = at % self.size
        return self.view[low : low + length]
