"""The dead-man's switch: the controller of a campaign shows that it lives; where it does not, the wire falls silent.

The controller keeps a ``Heartbeat``: a thread that writes the time into a small shared file. The sender reads it
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

from contract.errors import LackingError, UnsafeError
from generator.pacing import claim_processor

LIMIT_NS: Final = 100_000_000
_PERIOD_S: Final = 0.02
_SECOND: Final = 1_000_000_000
_TIME: Final = struct.Struct("=q")


class Heartbeat:
    """The controller's side: from here until ``close`` (or its death, or its standstill) the file says that it lives.

    Use it as a context around the sender's life, and hand ``path`` to the sender (``--heartbeat``). The file itself is
    in memory and ``path`` leads there: writing to a disk's page can wait for that disk longer than the sender would.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        fd, self._file = _memory_file()
        path.symlink_to(self._file)
        try:
            os.ftruncate(fd, _TIME.size)
            self._memory = mmap.mmap(fd, _TIME.size)
        finally:
            os.close(fd)
        self._ended = threading.Event()
        self._beat()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        _TIME.pack_into(self._memory, 0, time.monotonic_ns())

    def _run(self) -> None:
        claim_processor()  # a busy machine is no reason to stop a campaign
        while not self._ended.wait(_PERIOD_S):
            self._beat()

    def close(self) -> None:
        """Stop beating: a sender that still sends stops within 100 ms."""
        self._ended.set()
        self._thread.join()
        self._memory.close()
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
        deadline = self.deadline()
        if time.monotonic_ns() >= deadline:
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
