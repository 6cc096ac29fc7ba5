"""Children that are forked instead of started: what a service calls its detector, and a sender its maker of frames."""

from __future__ import annotations

import array
import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import NoReturn

from detector import service
from generator import spool

_BROKEN = 70  # how a child says that it failed where it should not


def say(word: str, *values: object) -> None:
    """Tell the test."""
    os.write(1, (" ".join(map(str, (word, *values))) + "\n").encode())


class Detector:
    """What a ``campaign.processes.Child`` is to the queue of posted batches."""

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

    @classmethod
    def prepare(cls) -> None:
        """Fork the process that forks detectors: this one may have threads by the time that it wants one."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if not os.fork():
            ours.close()
            spawn(theirs)
        theirs.close()
        cls.spawner = ours

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


class Maker:
    """What ``subprocess.Popen`` is to ``generator.maker``: ``generator.spool`` with pipes for stdin and stderr."""

    def __init__(self, command: list[str], *, pass_fds: tuple[int, ...], **_: object) -> None:
        stdin, orders = os.pipe()
        said, stderr = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            _be_maker(command[3:], stdin, stderr, pass_fds)
        os.close(stdin)
        os.close(stderr)
        self.stdin = os.fdopen(orders, "w")
        self._said = os.fdopen(said)
        self.returncode: int | None = None
        say("maker", self.pid)

    def poll(self) -> int | None:
        """How it ended, None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """As ``Popen``'s: not to one that has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, order: str | None = None, timeout: float = 120.0) -> tuple[None, str]:
        """Give it its last order; what it said on stderr once it has ended. Raises ``TimeoutExpired``."""
        with contextlib.suppress(OSError, ValueError):
            if order is not None:
                self.stdin.write(order)
            self.stdin.close()
        until = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("maker", timeout)
            time.sleep(0.005)
        return None, self._said.read()


def _be_maker(arguments: list[str], stdin: int, stderr: int, kept: tuple[int, ...]) -> NoReturn:
    code = _BROKEN
    try:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(stdin, 0)
        os.dup2(stderr, 2)
        for handle in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
            if handle > 2 and handle not in kept:
                with contextlib.suppress(OSError):
                    os.close(handle)
        sys.stdin = os.fdopen(0, closefd=False)
        code = spool.main(arguments)
    except BaseException:  # noqa: BLE001 - whatever it is, the test must be told
        traceback.print_exc()
    os._exit(code)
