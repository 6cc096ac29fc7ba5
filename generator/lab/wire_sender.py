"""The paced sender with a wire instead of a socket: ``python -m generator.sender ... --wire IFACE``.

Frames come raw from the maker, go into the wire's slots up to 300 ms ahead, and leave at their own time. Here only what
is done per record: feed, refresh the dead-man's deadline, keep to the ceiling, count what left and when.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.errors import InputError, JudgedError, TenfoldError
from contract.lab import enter
from contract.times_file import TimesFile
from generator.lab.deadman import Deadman
from generator.lab.permission import Permission, permit
from generator.lab.slots import Slots
from generator.lab.wire import Wire
from generator.maker import Maker
from generator.packing import unpack
from generator.ring import END, Record, Ring
from generator.sender import Sender, calm

_AHEAD_NS: Final = 300_000_000  # fed before it is due: what the engine has while this thread does something else
_STARVED_NS: Final = 1_000_000
_TICK_S: Final = 0.003


def run(options: argparse.Namespace) -> int:
    """The process's exit code; says on stderr why it could not even begin."""
    try:
        return WireSender(options).run()
    except TenfoldError as error:
        sys.stderr.write(f"tenfold: {error}\n")
        return error.exit_code


class LostError(JudgedError):
    """What the sender claims and what arrived differ."""


class Piece(NamedTuple):
    """A record whose frames are in the slots, from number ``begin`` on, and when each should leave (epoch ns)."""

    begin: int
    record: Record
    times: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int32]

    @property
    def end(self) -> int:
        """The number behind its last frame."""
        return self.begin + len(self.times)

    def upto(self, number: int) -> Piece:
        """Its frames before that number."""
        part = slice(0, max(number - self.begin, 0))
        return self._replace(times=self.times[part], sizes=self.sizes[part])


class WireSender(Sender):
    """See ``Sender``; the peer is the wire. It ends as failed where what left is not what arrived."""

    packing = "raw"

    def __init__(self, options: argparse.Namespace) -> None:
        if options.netns:
            enter(options.netns)  # before any thread is started
        super().__init__(options)
        self._wire: Wire | None = None
        self._deadman: Deadman | None = None
        self._pieces: deque[Piece] = deque()
        self._file = TimesFile(Path(options.sent)) if options.sent else None
        self._arrived = 0
        self._epoch_ns = self.clock.epoch_ns - self.clock.monotonic_ns

    def _prepare(self) -> None:
        """Permission first: nothing is opened, planned or made for a wire that is not allowed."""
        options = self.options
        permission: Permission = permit(options.wire, Path(options.lab_file) if options.lab_file else None)
        if options.ceiling:
            ceiling = min(options.ceiling, permission.frames_per_second)
            permission = permission._replace(frames_per_second=ceiling)
        if not options.heartbeat:
            raise InputError("--wire needs --heartbeat PATH, which generator.lab.deadman.Heartbeat keeps")
        self._deadman = Deadman(Path(options.heartbeat))
        self._wire = Wire.open(permission, pacing=options.pacing or "", engine=options.engine)

    def _deliver(self, ring: Ring, maker: Maker) -> None:
        wire, meta, deadman = self._wire, self.meta, self._deadman
        if wire is None or meta is None or deadman is None:
            raise ValueError("nothing was prepared")
        wire.check_rate(meta.length, (meta.at - meta.due) / 1e9)
        calm()
        self._send_all(wire, deadman, ring, maker)
        self.state = "done" if self._ended else "stopped"
        taken = wire.slots.taken
        self._arrived = wire.arrived(taken)
        if self._arrived != taken:
            raise LostError(f"{taken:,} frames left and {self._arrived:,} arrived at the other end of the wire")

    def _send_all(self, wire: Wire, deadman: Deadman, ring: Ring, maker: Maker) -> None:
        wire.start()
        last: Record | None = None
        try:
            while not self._stopping():
                maker.refill()
                last = last or self._feed(wire, ring, maker)
                wire.tick(deadman.check())
                self._settle(wire.slots)
                if last and not self._pieces:
                    self._idle(last.upto)
                    self._ended, self.upto = not self._stopping(), last.upto
                    break
                self.starved += not (last or self._pieces) and self.clock.now_ns() > self.upto + _STARVED_NS
                if maker.gone and not last and not maker.records:
                    raise InputError("the maker of frames ended early")
                self._report()
                time.sleep(_TICK_S)
            wire.halt(self._tied(wire.slots.taken))
        except TenfoldError:
            self.reason = "stopped_by_rail"
            wire.halt()
            raise
        finally:
            self._settle(wire.slots, final=True)

    def _feed(self, wire: Wire, ring: Ring, maker: Maker) -> Record | None:
        """Move what is due soon from the maker's ring into the slots, as far as there is room; the last one."""
        horizon = self.clock.now_ns() + _AHEAD_NS
        while maker.records:
            record = maker.records[0]
            if record.kind == END:
                return record
            if record.due > horizon or not wire.fits(record.frames, record.length):
                return None
            at = record.at + record.length
            times = np.frombuffer(bytes(ring.get(at, record.end - at)), np.int64)
            offsets, data = unpack(ring.get(record.at, record.length), record.frames)
            begin = wire.slots.fed
            wire.feed(offsets, data, times - self._epoch_ns)
            self._pieces.append(Piece(begin, record, times, np.diff(offsets)))
            ring.release(record.end)
            maker.records.popleft()
        return None

    def _settle(self, slots: Slots, *, final: bool = False) -> None:
        """Count the pieces that have left; ``final``: and what has left of the next one."""
        taken = slots.taken
        while self._pieces and self._pieces[0].end <= taken:
            piece = self._pieces.popleft()
            self._count_piece(slots, piece)
            self.upto, self.sent_attempts = piece.record.upto, piece.record.attempts
            self.messages += 1
        if final and self._pieces:
            first = self._pieces[0]
            self._count_piece(slots, first.upto(taken))
            self.upto = int(first.times[taken - first.begin])

    def _count_piece(self, slots: Slots, piece: Piece) -> None:
        if not len(piece.times):
            return
        self.lateness.count(slots.left(piece.begin, piece.end) + self._epoch_ns, piece.times)
        self.sent_frames += len(piece.times)
        self.sent_bytes += int(piece.sizes.sum())
        slots.forget(piece.end)
        if self._file:
            self._file.append(piece.times)

    def _tied(self, taken: int) -> int:
        """Up to which frame to send when stopped now: the truth cannot part frames that are due at one moment."""
        for piece in self._pieces:
            if piece.begin < taken <= piece.end:
                moment = piece.times[taken - piece.begin - 1]
                return piece.begin + int(np.searchsorted(piece.times, moment, "right"))
        return taken

    def _close(self) -> None:
        if self._wire:
            self._wire.close()
        if self._file:
            self._file.close()

    def _document(self) -> dict[str, Any]:
        wire = self._wire
        found: dict[str, Any] = {"mode": "", "why": "", "claimed": 0, "received": 0, "ceiling": 0}
        if wire:
            found |= {"mode": wire.mode, "why": wire.why, "claimed": wire.slots.taken, "received": self._arrived}
            found["ceiling"] = wire.permission.frames_per_second
        return super()._document() | {"wire": found}
