"""The detector as a process: frames from a Unix socket in, a store out.

``python -m detector.service --socket PATH --store DIR --clock ANCHOR --status STATUS.json [--model M] [--once]``

It ends in order at the end of the stream (``--once``) or on SIGTERM and SIGINT: what was received is detected,
committed and counted. The status file is replaced five times a second.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from contract.clock import Clock
from contract.errors import InputError, TenfoldError
from contract.ledger import Ledger
from detector.config import Config
from detector.inbox import Inbox
from detector.model import load, load_default
from detector.outbox import Outbox
from detector.pipeline import Detector
from detector.pipeline import Judge as Model
from detector.warm import warm_up
from store.reader import StoreReader
from store.writer import StoreWriter

_STATUS_S: Final = 0.2
_QUIET_NS: Final = 50_000_000  # time goes on by the clock when nothing came for so long
_LONGEST_TICK_NS: Final = 1_000_000_000


class Service:
    """One running detector: inbox, pipeline, outbox, status file."""

    def __init__(self, inbox: Inbox, detector: Detector, outbox: Outbox, status: Path, clock: Clock) -> None:
        self.inbox, self.detector, self.outbox = inbox, detector, outbox
        self._status, self._clock = status, clock
        self._began = time.monotonic()
        self._written = 0.0
        self._before = (self._began, 0)
        self._rate = 0.0
        self._came = clock.now_ns()
        self._ended = clock.now_ns()

    def run(self, stop: threading.Event) -> None:
        """Work until the stream is over or ``stop`` is set, then finish what was received."""
        over = False
        while not over:
            if stop.is_set():
                self.inbox.stop()
            batch, over = self.inbox.take(self.detector.config.tick_ns / 1e9)
            now = self._clock.now_ns()
            if batch is not None:
                self._came = now
                self.detector.feed(batch)
            self._let_time_pass(now)
            outputs = self.detector.outputs()
            if outputs:
                self._ended = now
            self.outbox.put(outputs)
            self.report("stopping" if stop.is_set() else "serving")
        self.report("finishing", force=True)
        self.detector.finish()
        self.outbox.put(self.detector.outputs())

    def _let_time_pass(self, now: int) -> None:
        """Without frames, the traffic's time goes on at the pace of the clock; a tick lasts a second at most."""
        newest = self.detector.newest
        if newest is None:
            return
        if now - self._came > _QUIET_NS:
            self.detector.tick(newest + now - self._came)
        elif now - self._ended > _LONGEST_TICK_NS:
            self._ended = now
            self.detector.tick(newest + self.detector.config.tick_ns)

    def report(self, state: str, *, force: bool = False) -> None:
        """Replace the status file if it is time."""
        now = time.monotonic()
        if not force and now - self._written < _STATUS_S:
            return
        self._written = now
        frames = self.detector.frames
        since, before = self._before
        if now - since >= 1.0 or force:
            self._rate = (frames - before) / max(now - since, 1e-3)
            self._before = (now, frames)
        document = self.detector.status() | {
            "state": state,
            "pid": os.getpid(),
            "frames_per_s": round(self._rate, 1),
            "received": self.inbox.received,
            "backlog": self.inbox.backlog,
            "uncommitted": self.outbox.waiting,
            "commits": self.outbox.commits,
            "readable_ns": self.outbox.readable_ns,
            "seconds": round(now - self._began, 3),
            "tick_ms": self.detector.stopwatch.ticks_ms(),
            "stages_ms": self.detector.stopwatch.stages_ms(),
            "notes": self.inbox.notes[-20:],
            "ledger": self.ledger().as_dict(),
        }
        write_status(self._status, document)

    def ledger(self) -> Ledger:
        """All stages of this process, up to date."""
        ledger = Ledger()
        receive = ledger.stage("receive")
        receive.offered = max(self.inbox.received, self.inbox.handed)
        receive.delivered = self.inbox.handed
        receive.in_flight = receive.offered - receive.delivered
        ledger.merge(self.detector.settle())
        ledger.merge(self.outbox.ledger)
        ledger.link("receive", "decode")
        ledger.link("classify", "store_flows")
        return ledger


def write_status(path: Path, document: dict[str, Any]) -> None:
    """Replace a status file in one step. Raises ``InputError`` where that fails."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_text(json.dumps(document), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot write: {error.strerror}") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service; returns the exit code of the public contract."""
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sys.setswitchinterval(0.0005)  # the thread that reads the socket must not wait for a tick
    try:
        return _serve(options, stop)
    except TenfoldError as error:
        sys.stderr.write(f"detector.service: {error}\n")
        with contextlib.suppress(InputError):  # it was said on stderr
            write_status(options.status, {"state": "failed", "reason": str(error), "pid": os.getpid()})
        return error.exit_code


def _serve(options: argparse.Namespace, stop: threading.Event) -> int:
    clock = Clock.from_anchor(options.clock) if options.clock else Clock.start()
    write_status(options.status, {"state": "starting", "pid": os.getpid()})
    model: Model = load(options.model) if options.model else load_default()
    warm_up(model)
    gc.freeze()  # what is loaded by now stays: collections need not look at it again
    with StoreWriter(options.store, clock) as writer:
        config = Config(capacity=options.capacity, first_alert_id=_next_alert(options.store), seed=secrets.randbits(63))
        outbox = Outbox(writer)
        inbox = Inbox(options.socket, once=options.once)
        service = Service(inbox, Detector(config, model, clock), outbox, options.status, clock)
        try:
            service.report("listening", force=True)
            service.run(stop)
        finally:
            inbox.close()
            outbox.close()
        failed = inbox.error is not None and options.once
        service.report("failed" if failed else "done", force=True)
    if failed:
        raise InputError(str(inbox.error))
    return 0


def _next_alert(store: Path) -> int:
    """Numbers of alerts go on where an earlier detector of the same store stopped."""
    with StoreReader(store) as reader:
        return 1 + max((alert.alert_id for alert in reader.all_alerts()), default=0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m detector.service", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to listen on")
    parser.add_argument("--store", type=Path, required=True, help="folder of the store")
    parser.add_argument("--status", type=Path, required=True, help="status file, replaced five times a second")
    parser.add_argument("--clock", default="", help="anchor of the campaign's clock")
    parser.add_argument("--model", type=Path, help="a model file other than the one that ships")
    parser.add_argument("--capacity", type=int, default=Config.capacity, help="live flows at most")
    parser.add_argument("--once", action="store_true", help="end with the first stream")
    return parser


if __name__ == "__main__":
    sys.exit(main())
