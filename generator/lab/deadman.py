"""The dead-man's switch: the controller of a campaign shows that it lives; where it does not, the wire falls silent.

The controller keeps a ``Heartbeat``: threads that write the time into a small shared file. The sender reads it
through ``Deadman``; 100 ms after the last beat no further frame leaves. ``Ceiling`` bounds frames a second.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from contract.errors import LackingError, UnsafeError
from contract.jit import kernel
from generator.lab import native
from generator.lab.native import monotonic, nap
from generator.pacing import claim_processor

Int64 = npt.NDArray[np.int64]
LIMIT_NS: Final = 100_000_000
_PERIOD_NS: Final = 10_000_000
_LEASE_NS: Final = 1_000_000_000
_RENEW_S: Final = 0.1
_THREADS: Final = 2
_FIRST: Final = 20  # priority: before the threads of a sender
_SECOND: Final = 1_000_000_000
_TIME: Final = struct.Struct("=q")


class Heartbeat:
    """The controller's side: from here until ``close`` (or its death, or its standstill) the file says that it lives.

    Use it as a context around the sender's life, and hand ``path`` to the sender (``--heartbeat``). The file itself is
    in memory and ``path`` leads there: writing to a disk's page can wait for that disk longer than the sender would.

    On a busy machine a Python thread may well wait for 100 ms. So compiled loops beat, on up to two processors, which
    need no interpreter lock; they do it as long as a Python thread has shown within a second that Python runs, too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        fd, self._file = _memory_file()
        path.symlink_to(self._file)
        try:
            os.ftruncate(fd, _TIME.size)
            self._beats = np.frombuffer(mmap.mmap(fd, _TIME.size), np.int64)
        finally:
            os.close(fd)
        self._lease = np.zeros(1, np.int64)
        beat(self._beats, self._lease, native.times())  # compiled, or read from disk
        self._renew()
        self._beats[0] = time.monotonic_ns()
        self._ended = threading.Event()
        processors = sorted(os.sched_getaffinity(0))[:_THREADS]
        self._threads = [threading.Thread(target=self._beat, args=(one,), daemon=True) for one in processors]
        self._threads.append(threading.Thread(target=self._run, name="heartbeat", daemon=True))
        for thread in self._threads:
            thread.start()

    def _renew(self) -> None:
        self._lease[0] = time.monotonic_ns() + _LEASE_NS

    def _beat(self, processor: int) -> None:
        claim_processor(_FIRST)  # a busy machine is no reason to stop a campaign
        os.sched_setaffinity(0, {processor})
        beat(self._beats, self._lease, native.times())

    def _run(self) -> None:
        claim_processor(_FIRST)
        while not self._ended.wait(_RENEW_S):
            self._renew()

    def close(self) -> None:
        """Stop beating: a sender that still sends stops within 100 ms."""
        self._ended.set()
        self._threads[-1].join()
        self._lease[0] = 0
        for thread in self._threads:
            thread.join()
        self._file.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _memory_file() -> tuple[int, Path]:
    folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a new name, of 8 bytes, for us alone
    fd, name = tempfile.mkstemp(prefix="tenfold-heartbeat-", dir=folder)
    return fd, Path(name)


@kernel
def beat(beats: Int64, lease: Int64, room: Int64) -> None:
    """Write the time into ``beats[0]`` every 10 ms while ``lease[0]`` lies ahead, until that is 0."""
    while lease[0] > 0:
        now = monotonic(room)
        if beats[0] < now < lease[0]:  # the other loop may have been quicker
            beats[0] = now
        nap(room, _PERIOD_NS)


class Deadman:
    """The sender's side. Raises ``LackingError`` where there is no heartbeat."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._memory = mmap.mmap(file.fileno(), _TIME.size, prot=mmap.PROT_READ)
        except (OSError, ValueError) as error:
            raise LackingError(f"{path}: no heartbeat of a controller: {error}") from None

    def deadline(self) -> int:
        """Until when frames may leave (``time.monotonic_ns``), as things stand; never more than 100 ms ahead."""
        now = time.monotonic_ns()
        (beat,) = _TIME.unpack_from(self._memory, 0)
        return min(int(beat), now) + LIMIT_NS

    def check(self) -> int:
        """``deadline``, or ``UnsafeError`` where it has passed."""
        now = time.monotonic_ns()  # before the beat is read: this thread may be put aside in between
        deadline = self.deadline()
        if now >= deadline:
            raise UnsafeError("the dead-man's switch stopped the sender: its controller fell silent for 100 ms")
        return deadline


class Ceiling:
    """At most so many frames in any second."""

    def __init__(self, frames_per_second: int) -> None:
        self.rate = frames_per_second
        self._planned: deque[tuple[int, int]] = deque()
        self._in_plan = 0
        self._sent: deque[tuple[int, int]] = deque()

    def plan(self, first_ns: int, last_ns: int, frames: int) -> None:
        """The plan has so many more frames between these times. Raises ``UnsafeError`` over the ceiling."""
        self._planned.append((first_ns, frames))
        self._in_plan += frames
        while last_ns - self._planned[0][0] >= _SECOND and len(self._planned) > 1:
            self._in_plan -= self._planned.popleft()[1]
        if self._in_plan > self.rate and last_ns - self._planned[0][0] < _SECOND:
            raise UnsafeError(
                f"the plan has {self._in_plan:,} frames within a second; the wire's ceiling is {self.rate:,}"
            )

    def allow(self, now_ns: int, sent: int) -> int:
        """Up to which frame the engine may go, when it has sent so many by now: late frames do not leave in a flood."""
        self._sent.append((now_ns, sent))
        while len(self._sent) > 1 and self._sent[1][0] <= now_ns - _SECOND:
            self._sent.popleft()
        return self._sent[0][1] + self.rate
