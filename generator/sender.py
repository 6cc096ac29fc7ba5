"""The paced sender, a process of its own: ``python -m generator.sender --workload W.json --socket PATH ...``.

It starts ``generator.spool``, which makes finished Arrow messages ahead into a bounded ring, and sends each one over a
Unix socket at its moment on the campaign's clock. It never skips: a peer that does not read makes frames late, and how
late each one left is in the status file. If the workload's start has passed when the plan is ready, second 0 moves to
one second later; the status says when it is.
"""

from __future__ import annotations

import argparse
import gc
import json
import signal
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, Final

from contract.clock import Clock
from contract.errors import InputError, TenfoldError
from contract.ledger import Ledger
from generator.changes import Changes
from generator.maker import Maker
from generator.outlet import connect
from generator.pacing import Lateness, StatusFile, claim_processor
from generator.ring import END, META, Record, Ring
from generator.sender_options import SPOOL, parse

_STATUS_NS: Final = 200_000_000
_GRACE_NS: Final = 5_000_000_000  # how long a peer that does not read holds up an ordered stop
_END_OF_STREAM: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
TOKYO_RATE: Final = 815.0


class Sender:
    """One campaign's sending. ``run`` returns the exit code; everything else is in the status file."""

    packing = "arrow"

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.clock = Clock.from_anchor(options.clock) if options.clock else Clock.start()
        self.control = Path(options.control) if options.control else None
        self.lateness = Lateness()
        self.status = StatusFile(Path(options.status), self.lateness)
        self.meta: Record | None = None
        self.state, self.error = "preparing", ""
        self.reason = "peer_gone"  # what the ledger says of frames that a failed campaign did not send
        self.stopping_since = 0
        self.sent_frames = self.sent_bytes = self.sent_attempts = self.messages = self.starved = self.lost = 0
        self.upto = 0
        self._recent: deque[tuple[int, int]] = deque()
        self._ended = False
        self._next_status = 0
        self.changes = Changes(self.options.maker == SPOOL)
        self._maker: Maker | None = None

    def stop(self, *_: object) -> None:
        """Stop in order: what is due later does not leave."""
        self.stopping_since = self.stopping_since or self.clock.now_ns()

    def _stopping(self) -> bool:
        return self.stopping_since > 0

    def run(self) -> int:
        """Prepare, send, end in order."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        ring = Ring.create(self.options.ring)
        self._report(force=True)
        maker: Maker | None = None
        try:
            self._prepare()
            maker = self._maker = self._make(ring)
            self._wait_for_plan(maker)
            self._deliver(ring, maker)
        except TenfoldError as error:
            self.state, self.error = "failed", str(error)
        self._close()
        said = ""
        if maker:
            said = maker.end(self.upto, early=not self._ended) if self.meta else maker.kill()
        if said:
            self.state, self.error = "failed", said
        self._hear()
        self.status.close(self._document())
        if self.error:
            sys.stderr.write(f"tenfold: {self.error}\n")
        return 0 if self.state in ("done", "stopped") else 1

    def _prepare(self) -> None:
        """What must be in order before a plan is made; a wire looks at its permission here."""

    def _close(self) -> None:
        """Give back what ``_prepare`` opened."""

    def _make(self, ring: Ring) -> Maker:
        """Start the maker of frames."""
        options = self.options
        named = {"program": options.maker, "packing": self.packing, "seal": options.seal}
        return Maker(options.workload, options.truth, self.clock.anchor, ring, **named)

    def _wait_for_plan(self, maker: Maker) -> None:
        while not maker.records:
            if maker.gone or self._stopping():
                who = "stopped" if self._stopping() else "the maker of frames ended"
                raise InputError(f"{who} before the plan was ready")
            time.sleep(0.01)
            maker.refill()
        self.meta = maker.records.popleft()
        if self.meta.kind != META:
            raise InputError("the maker of frames speaks another language")
        self.upto = self.meta.due
        self.state = "ready"
        self._report(force=True)

    # -- the wire ----------------------------------------------------------------------------------------------------

    def _deliver(self, ring: Ring, maker: Maker) -> None:
        """Send it all, from the first frame to the end of the stream."""
        peer = connect(str(self.options.socket), self._stopping)
        self._pace(peer, ring, maker)
        self._finish(peer)

    def _send(self, peer: socket.socket, data: memoryview | bytes) -> bool:
        """Send it all, however long the peer takes; false where a stop runs out of patience."""
        view = memoryview(data)
        while view:
            try:
                view = view[peer.send(view) :]
            except TimeoutError:
                self._report()
                if self.stopping_since and self.clock.now_ns() - self.stopping_since > _GRACE_NS:
                    return False
            except OSError as error:
                raise InputError(f"the detector went away: {error.strerror or error}") from None
        return True

    def _pace(self, peer: socket.socket, ring: Ring, maker: Maker) -> None:
        calm()
        clock, records = self.clock, maker.records
        while not self._stopping():
            maker.refill()
            if not records:
                if maker.gone:
                    raise InputError("the maker of frames ended early")
                self.starved += clock.now_ns() > self.upto + 1_000_000
                time.sleep(0.0005)
                self._report()
                continue
            record = records[0]
            if record.kind == END:
                self._ended = True
                self.upto = record.upto
                self._idle(record.upto)
                break
            self._idle(record.due)
            if self._stopping():
                break
            data = ring.get(record.at, record.length)
            if not self._send(peer, data):
                self.lost = record.frames
                break
            times = record.at + record.length
            self.lateness.note(clock.now_ns(), bytes(ring.get(times, record.end - times)))
            self._count(record)
            ring.release(record.end)
            records.popleft()

    def _idle(self, until_ns: int) -> None:
        """Wait for a moment; tell the status meanwhile if there is time for it."""
        while not self._stopping():
            left = until_ns - self.clock.now_ns()
            if left <= 0:
                return
            if left > 400_000:
                self._report()
                left = until_ns - self.clock.now_ns()
            if left > 60_000:
                # The kernel wakes us about 50 us late; long waits are cut so that a stop is noticed.
                time.sleep(min(left - 60_000, 100_000_000) / 1e9)

    def _count(self, record: Record) -> None:
        self.sent_frames += record.frames
        self.sent_bytes += record.length
        self.sent_attempts = record.attempts
        self.messages += 1
        self.upto = record.upto

    def _finish(self, peer: socket.socket) -> None:
        if not self.lost:
            self._send(peer, _END_OF_STREAM)
        peer.close()
        self.state = "done" if self._ended else "stopped"

    # -- the status file ---------------------------------------------------------------------------------------------

    def _report(self, *, force: bool = False) -> None:
        now = self.clock.now_ns()
        if now < self._next_status and not force:
            return
        self._next_status = now + _STATUS_NS
        if self.state == "ready" and self.meta and now >= self.meta.due:
            self.state = "sending"
        self._recent.append((now, self.sent_attempts))
        while now - self._recent[0][0] > 1_500_000_000:
            self._recent.popleft()
        self._hear()
        self.status.put(self._document())

    def _hear(self) -> None:
        """What the control file asks for, and what the maker says of its plan."""
        asked = _control(self.control) if self.control else {}
        if asked.get("stop"):
            self.stop()
        if self._maker and self.meta:
            self.changes.ask(asked.get("changes"), self._maker, max(self.clock.now_ns() - self.meta.due, 0) / 1e9)
            self.meta = self.changes.told(self._maker, self.meta)

    def ledger(self) -> Ledger:
        """Frames planned, sent, and why the rest did not leave."""
        ledger = Ledger()
        stage = ledger.stage("sender")
        stage.offered = self.meta.length if self.meta else 0
        stage.delivered = self.sent_frames
        rest = stage.offered - stage.delivered
        if self.state == "stopped":
            stage.drop("stopped", rest)
        elif self.state == "failed":
            stage.drop(self.reason, rest)
        else:
            stage.in_flight = rest
        return ledger

    def _document(self) -> dict[str, Any]:
        meta, now = self.meta, self.clock.now_ns()
        first, last = (self._recent[0], self._recent[-1]) if self._recent else ((0, 0), (0, 0))
        rate = (last[1] - first[1]) / ((last[0] - first[0]) / 1e9) if last[0] > first[0] else 0.0
        return {
            "state": self.state,
            "error": self.error,
            "start_ns": meta.due if meta else 0,
            "end_ns": meta.at if meta else 0,
            "second": round(max(now - meta.due, 0) / 1e9, 3) if meta else 0.0,
            "planned_frames": meta.length if meta else 0,
            "planned_attempts": meta.frames if meta else 0,
            "sent_frames": self.sent_frames,
            "sent_bytes": self.sent_bytes,
            "sent_attempts": self.sent_attempts,
            "messages": self.messages,
            "multiplier_now": round(rate / TOKYO_RATE, 3),
            "starved": self.starved,
            "changes": self.changes.as_list(),
            "ledger": self.ledger().as_dict(),
        }


def _control(path: Path) -> dict[str, Any]:
    """The control file, empty while there is none (or half of one)."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def calm() -> None:
    """Keep Python itself from getting in the way: no collector, quick thread switches, priority."""
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(0.0001)
    claim_processor()


def main(arguments: list[str]) -> int:
    """Entry point of the process."""
    options = parse(arguments)
    if not options.wire:
        return Sender(options).run()
    from generator.lab import wire_sender

    return wire_sender.run(options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
