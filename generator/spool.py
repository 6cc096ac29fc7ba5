"""The process that makes frames ahead: plan, stamp, gate, and pack what is due (``generator.packing``).

Started by ``generator.sender``, which does nothing but pace. It plans a long campaign stretch by stretch while sending
goes on, stays a few seconds ahead, and plans anew where the rate is changed. Ends by writing the truth of what really
left. Its orders come on stdin, one a line: ``change RATE SECOND`` (``-``: as soon as can be), and at the end the moment
(epoch ns) before which all frames have left.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from contract.clock import Clock
from contract.errors import TenfoldError
from generator.fingerprint import Seal
from generator.packing import PACKINGS, Packed, Packing
from generator.plan import Plan, Planner
from generator.ring import END, META, PLAN, RECORD, Record, Ring
from generator.traffic import Source, Traffic, flow_slices, truth_rows
from generator.truth_file import TruthFile, write_json
from generator.workload import Workload

Int64 = npt.NDArray[np.int64]
_CHUNK_S: Final = 0.5
_LEAD_NS: Final = 1_000_000_000  # from the plan to second 0, if the workload's own start has passed
_AHEAD_NS: Final = 4_000_000_000  # so far ahead of the clock, and no further: a change must find something to change
_POLL_S: Final = 0.05
_SMALL_FRAME: Final = 100  # bytes in the ring


class StopError(Exception):
    """The pacing process stopped: make no more frames."""


def stop(*_: object) -> None:
    """What a maker does at SIGUSR1."""
    raise StopError


def main(arguments: list[str], work: Callable[[argparse.Namespace], int] | None = None) -> int:
    """Entry point of a maker; ``generator.sender`` says what the options mean. ``work`` is ``produce`` if not given."""
    parser = argparse.ArgumentParser()
    for name in ("workload", "clock", "truth"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("ring", "size", "out"):
        parser.add_argument(f"--{name}", required=True, type=int)
    parser.add_argument("--seal", default="", help="JSON of what left, written at the end (generator.fingerprint)")
    parser.add_argument("--packing", choices=sorted(PACKINGS), default="arrow")
    options = parser.parse_args(arguments)
    try:
        return (work or produce)(options)
    except TenfoldError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except BrokenPipeError:
        return 1


def produce(options: argparse.Namespace) -> int:
    """Plan, fill the ring, then write the truth up to the time that stdin names."""
    signal.signal(signal.SIGUSR1, stop)
    os.nice(5)  # it works ahead: the process that sends goes first
    clock = Clock.from_anchor(options.clock)
    ring = Ring(options.ring, options.size)
    planner = Planner(Workload.read(Path(options.workload)))
    traffic = Traffic(planner, _CHUNK_S)
    traffic.warm_up()
    if traffic.frames * _SMALL_FRAME > ring.size:
        ring.take_memory()
    traffic.postpone(max(clock.now_ns() + _LEAD_NS - traffic.workload.start_ns, 0))
    spool = Spool(planner, traffic, clock, Path(options.truth), Orders(sys.stdin.fileno()))
    try:
        _make(spool, ring, options)
    except BrokenPipeError:
        spool.abandon()
        raise
    return 0


def _make(spool: Spool, ring: Ring, options: argparse.Namespace) -> None:
    """Fill the ring, then end. Raises ``BrokenPipeError`` where the pacing process died: nobody knows what left."""
    tell(options.out, spool.meta(META))
    os.nice(5)  # from here on it is seconds ahead: who detects goes first as well
    try:
        spool.fill(ring, options.out, PACKINGS[options.packing]())
    except StopError:
        sys.stderr.write("stopped\n")
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    upto_ns = int(spool.orders.wait())
    spool.end(upto_ns)
    if options.seal:
        write_json(spool.seal.document(upto_ns), Path(options.seal))


class Orders:
    """Lines that the pacing process writes on a file descriptor."""

    def __init__(self, fd: int) -> None:
        self._fd, self._rest = fd, b""

    def take(self, timeout_s: float) -> list[str]:
        """Whole lines, waiting at most that long for the first. Raises ``BrokenPipeError`` where nobody writes."""
        if not select.select([self._fd], [], [], timeout_s)[0]:
            return []
        data = os.read(self._fd, 65_536)
        if not data:
            raise BrokenPipeError("the pacing process is gone")
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode("ascii", "replace") for line in lines]

    def wait(self) -> str:
        """The line that says when all frames have left; changes that come too late are passed over.

        Raises ``BrokenPipeError`` where the pacing process died before it said so.
        """
        while True:
            for line in self.take(3600.0):
                if not line.startswith("change "):
                    return line


@dataclass(frozen=True)
class _Begun:
    """Tells for moments how many malicious attempts began before each."""

    before: int
    starts: Int64

    def __call__(self, ends: Int64) -> Int64:
        return np.asarray(self.before + np.searchsorted(self.starts, ends, "left"), np.int64)


class Spool:
    """One campaign being made: its planner, its traffic, the truth written so far, and changes asked for."""

    def __init__(self, planner: Planner, traffic: Traffic, clock: Clock, truth: Path, orders: Orders) -> None:
        self.planner, self.traffic, self.clock, self.orders = planner, traffic, clock, orders
        self._truth_path, self._truth = truth, TruthFile(truth)
        self.seal = Seal()
        self._asked: list[tuple[float, float]] = []  # from which second, attempts a second
        self._shift = traffic.workload.start_ns - planner.workload.start_ns

    def meta(self, kind: int) -> Record:
        """What is planned, as a record."""
        work, traffic = self.traffic.workload, self.traffic
        to_come = self.planner.expected((traffic.planned_ns - work.start_ns) / 1e9)
        attempts = traffic.attempts + round(to_come)
        return Record(kind, work.start_ns, work.end_ns, traffic.frames, attempts, 0, 0, 0)

    def fill(self, ring: Ring, out: int, packing: Packing) -> None:
        """Write all messages into the ring as room comes free; what ``packing`` wants goes first."""
        position = 0
        for packed in self.messages(packing, out):
            position = put(packed, position, ring, out)
        tell(out, Record(END, 0, 0, 0, 0, self.traffic.attempts, self.traffic.workload.end_ns, position))

    def messages(self, packing: Packing, out: int) -> Iterator[Packed]:
        """All that is to leave, in order of time; says on ``out`` what is planned whenever that changes."""
        traffic, start, before = self.traffic, self.traffic.workload.start_ns, 0
        yield from packing.head(start)
        said = self.meta(PLAN)
        while traffic.at_ns < traffic.workload.end_ns:
            self._keep_pace(out)
            starts = np.zeros(0, np.int64)
            for chunk in traffic.chunk():
                starts = chunk.begins
                self._truth.write(chunk.truth)
                self.seal.begin(chunk.frames)
                for packed in packing.pack(chunk.frames, start, _Begun(before, starts)):
                    self.seal.message(packed.record)
                    yield packed
            before += len(starts)
            if (now := self.meta(PLAN)) != said:
                tell(out, now)
                said = now

    def _keep_pace(self, out: int) -> None:
        """Wait until the next chunk is near; meanwhile hear of changes, and plan anew where one is due."""
        while True:
            early = self.traffic.at_ns - self.clock.now_ns() - _AHEAD_NS
            for line in self.orders.take(min(max(early, 0) / 1e9, _POLL_S)):
                _, rate, second = line.split()
                self._asked.append((0.0 if second == "-" else float(second), float(rate)))
            at_s = (self.traffic.at_ns - self.traffic.workload.start_ns) / 1e9
            for ask in [ask for ask in self._asked if ask[0] <= at_s]:
                self._asked.remove(ask)
                self.planner.change(at_s, ask[1])
                self.traffic.cut()
                changed = self.meta(PLAN)
                tell(out, changed._replace(attempts=round(ask[1] * 1000), upto=round(at_s * 1e9), end=1))
            if early <= 0:
                return

    def end(self, upto_ns: int) -> None:
        """Write the truth of every frame before ``upto_ns``."""
        work = self.traffic.workload
        if upto_ns >= work.end_ns <= self.traffic.at_ns:
            self._truth.close()
            return
        self.abandon()
        write_truth(Planner(self.planner.workload), self._truth_path, upto_ns, self._shift)

    def abandon(self) -> None:
        """Remove the truth that was written so far."""
        self._truth.abort()


def put(packed: Packed, position: int, ring: Ring, out: int) -> int:
    """Write one message and its frames' times at or after ``position``, waiting for room; where the next may be."""
    position = begin = ring.reserve(position, packed.length + packed.times.nbytes)
    for part in packed.parts:
        ring.put(position, part)
        position += part.nbytes
    ring.put(position, packed.times.tobytes())
    end = position + packed.times.nbytes
    tell(out, packed.record._replace(at=begin, length=packed.length, end=end))
    return end


def tell(out: int, record: Record) -> None:
    """Send one record to the pacing process."""
    os.write(out, RECORD.pack(*record))  # less than PIPE_BUF: whole or not at all


def write_truth(source: Source, path: Path, upto_ns: int, shift_ns: int = 0) -> None:
    """TRUTH of every frame before ``upto_ns``, planned once more: what left, where the campaign was stopped."""
    file, first, begun = TruthFile(path), 0, source.workload.start_ns + shift_ns
    while begun < min(upto_ns, source.workload.end_ns + shift_ns) and (segment := source.next()):
        table = segment.table._replace(intended=segment.table.intended + shift_ns)
        plan = Plan(source.workload, source.template, table, source.families, source.attacks)
        for low, flows in flow_slices(source.template, table, upto_ns, upto_ns):
            file.write(truth_rows(plan, low, flows, first))
        first, begun = first + len(table.intended), segment.upto_ns + shift_ns
    file.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
