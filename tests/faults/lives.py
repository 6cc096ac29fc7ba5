"""Processes that are killed at random instants: forked from one that has loaded and compiled everything, so each is
cheap to start. ``python -m tests.faults.lives`` reads lines of JSON: a piece of work, its folder, its arguments.

``desk`` is the service's queue of posted batches with a real detector behind it, which a second process forks.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import NoReturn

import pyarrow as pa

from campaign import ingest
from campaign.frame_batches import check_frames
from contract.arrow_io import read_stream
from contract.schemas import FRAMES
from detector import service
from detector.model import load_default
from detector.warm import warm_up
from store.writer import StoreWriter
from tests.api.helpers import frames_stream

BASE = 1_722_022_200_000_000_000
STEP_NS = 200_000_000
SOURCES_EACH = 3


def say(word: str, *values: object) -> None:
    """Tell the test."""
    os.write(1, (" ".join(map(str, (word, *values))) + "\n").encode())


class Forked:
    """What a ``campaign.processes.Child`` is to the queue, forked instead of started."""

    spawner: socket.socket

    def __init__(self, module: str, arguments: list[str], *, folder: Path, log: Path) -> None:
        self.module = module
        log.parent.mkdir(parents=True, exist_ok=True)
        self._ended, told = os.pipe()
        request = json.dumps([arguments, str(folder), str(log)]).encode()
        self.spawner.sendmsg([request], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [told]))])
        os.close(told)
        self.pid = int(self.spawner.recv(64))
        self._code: int | None = None

    @property
    def code(self) -> int | None:
        """How it ended, None while it runs."""
        return self.wait(0)

    def wait(self, seconds: float) -> int | None:
        """How it ended; None where it has not in time."""
        if self._code is None and select.select([self._ended], [], [], seconds)[0]:
            self._code = int(os.read(self._ended, 16) or b"-9")
        return self._code

    def end(self) -> None:
        """Ask it to end, then make it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.code is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, number)
                self.wait(60)
        os.close(self._ended)

    def fault(self) -> str:
        """What to say of its death."""
        return f"{self.module} ended with {self.code}"


def spawn(asked: socket.socket) -> NoReturn:
    """Fork a detector for each request; end with the one that asks."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    while True:
        try:
            request, handles, _, _ = socket.recv_fds(asked, 1 << 16, 1)
        except ConnectionResetError:  # it was killed with an answer of ours unread
            os._exit(0)
        if not request:
            os._exit(0)
        arguments, folder, log = json.loads(request)
        child = os.fork()
        if not child:
            asked.close()
            _be_detector(arguments, folder, log, handles[0])
        for handle in handles:
            os.close(handle)
        asked.send(str(child).encode())
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


def _be_detector(arguments: list[str], folder: str, log: str, told: int) -> NoReturn:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    code = 1
    try:
        os.chdir(folder)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        code = service.main(arguments)
    except BaseException:  # noqa: BLE001 - whatever it is, its log must have it
        traceback.print_exc()
    os.write(told, str(code).encode())
    os._exit(0)


def desk(folder: Path, first: int, last: int = 1 << 40) -> None:
    """Post batches from that number on; ``last``: end in order behind it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if not os.fork():
        ours.close()
        spawn(theirs)
    theirs.close()
    Forked.spawner = ours
    ingest.Child = Forked  # type: ignore[assignment,misc]
    ingest._RETRY_S = 0.1  # type: ignore[misc]
    queue = ingest.Ingest(folder, config=folder.parent / "config.toml")
    number = first
    while number < last:
        data = frames_stream_of(number)
        check_frames(list(read_stream(data, FRAMES, "batch")), "batch")
        say("sent", number)
        queue.offer(f"b{number}", data, frames_of(number).num_rows)
        say("acknowledged", number)
        number += 1
        time.sleep(0.002)
    queue.close()
    say("ended", len(list((folder / ingest.SPOOL).glob("*.arrows"))))


def frames_stream_of(number: int) -> bytes:
    """A batch as a sensor posts it."""
    from tests.api.helpers import write_stream

    return write_stream([frames_of(number)], FRAMES)


def frames_of(number: int) -> pa.RecordBatch:
    """Of a few sources of its own, and once more of those of the batch before: flows reach over batches."""
    from tests.api.helpers import syn_frames

    first = max(number - 1, 0) * SOURCES_EACH
    return syn_frames((number + 1) * SOURCES_EACH - first, BASE + number * STEP_NS, first)


def compact(folder: Path, first: int) -> None:
    """Commit and compact without end."""
    with StoreWriter(folder, compact_after=3) as writer:
        number = first
        while True:
            commit_said(writer, number)
            number += 1


def commit_said(writer: StoreWriter, number: int) -> None:
    """One batch of ``tests.faults.works``, said here."""
    from tests.faults.works import ROWS
    from tests.store.helpers import alert, flows, verdicts

    say("sent", number)
    rows = flows(ROWS, number * ROWS), verdicts(ROWS, number * ROWS)
    writer.commit(*rows, [alert(number)], key=f"batch {number}")
    say("acknowledged", number)


WORKS = {"desk": desk, "compact": compact}


def main() -> None:
    """Load, then a child for each line."""
    warm_up(load_default())
    frames_stream(2)
    say("ready")
    for line in sys.stdin:
        work, folder, *arguments = json.loads(line)
        child = os.fork()
        if not child:
            os.setpgid(0, 0)
            say("pid", os.getpid())  # before whatever else it says
            code = 1
            try:
                WORKS[work](Path(folder), *arguments)
                code = 0
            except BaseException:  # noqa: BLE001 - the test must be told
                traceback.print_exc()
            os._exit(code)
        os.waitpid(child, 0)
        say("dead")


if __name__ == "__main__":
    main()
