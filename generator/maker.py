"""The pacing process's side of the process that makes frames: start it, read its records, end it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from contract.files import remove_parts
from generator.ring import PLAN, RECORD, Record, Ring

_RECORDS = 4096  # read ahead at most
_PATIENCE_S = 120.0
_LOOK_S = 0.2


class Maker:
    """A maker of frames as a child process. ``records`` are those that it announced and that were not yet sent.

    ``plans`` are its words on what is planned, as it plans on or anew; they wait there until somebody looks.

    ``program`` is the module to start: ``generator.spool``, or another that takes the same options. ``packing`` is a
    name of ``generator.packing``: what the messages are. ``seal`` is where it tells at the end what left.
    """

    def __init__(
        self,
        workload: Path,
        truth: Path,
        anchor: str,
        ring: Ring,
        *,
        program: str = "generator.spool",
        packing: str = "arrow",
        seal: str = "",
    ) -> None:
        self.records: deque[Record] = deque()
        self.plans: deque[Record] = deque()
        self._truth = truth
        self._partial = b""
        self._pipe, out = os.pipe()
        os.set_inheritable(ring.fd, True)  # noqa: FBT003 - the function's own signature
        command = [sys.executable, "-m", program, "--workload", str(workload), "--truth", str(truth)]
        command += [
            "--clock",
            anchor,
            "--size",
            str(ring.size),
            "--ring",
            str(ring.fd),
            "--out",
            str(out),
            "--packing",
            packing,
            *(("--seal", seal) if seal else ()),
        ]
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(ring.fd, out),
            start_new_session=True,  # Ctrl-C stops the sender, which ends the maker when the truth is written
        )
        os.close(out)
        os.set_blocking(self._pipe, False)
        self._orders = self._process.stdin.fileno() if self._process.stdin else -1

    @property
    def gone(self) -> bool:
        """It has ended."""
        return self._process.poll() is not None

    def refill(self) -> None:
        """Read what records there are, without waiting."""
        if len(self.records) >= _RECORDS:
            return
        try:
            data = os.read(self._pipe, RECORD.size * _RECORDS)
        except BlockingIOError:
            return
        data = self._partial + data
        whole = len(data) - len(data) % RECORD.size
        self._partial = data[whole:]
        for values in RECORD.iter_unpack(data[:whole]):
            record = Record(*values)
            (self.plans if record.kind == PLAN else self.records).append(record)

    def change(self, per_second: float, at_s: float | None) -> bool:
        """Ask for so many attempts a second from then on (None: as soon as can be); false where it is gone."""
        line = f"change {per_second!r} {'-' if at_s is None else repr(at_s)}\n"
        try:
            os.write(self._orders, line.encode())  # short: whole or not at all
        except OSError:
            return False
        return True

    def _overhear(self) -> None:
        """Read what nobody needs any more. A signal that comes just before a write to a full pipe does not end it."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._pipe, RECORD.size * _RECORDS):
                pass

    def kill(self) -> str:
        """End it at once; its last words."""
        self._process.kill()
        _, errors = self._process.communicate()
        remove_parts(self._truth)
        return (errors.strip().splitlines() or [""])[-1]

    def end(self, upto_ns: int, *, early: bool) -> str:
        """Let it write the truth of what left before that moment; why it failed, or nothing.

        ``early``: it is still making frames that nobody will read, and is told so first.
        """
        if early and not self.gone:
            self._process.send_signal(signal.SIGUSR1)
        order: str | None = f"{upto_ns}\n"
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                _, errors = self._process.communicate(order, timeout=_LOOK_S)
                break
            except subprocess.TimeoutExpired:
                order = None  # it was written, or will be
            if time.monotonic() > until:
                self.kill()
                return "writing the truth took more than two minutes"
            self._overhear()
        if self._process.returncode:
            remove_parts(self._truth)  # of one that was killed
            return (errors.strip().splitlines() or ["the maker of frames failed"])[-1]
        return ""
