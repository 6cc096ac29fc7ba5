"""One block of a comparison: a build's detector as a process, given frames at their pace, and what that cost.

Counted is the processor time of the process (all its threads, user and system) from when it says that it listens,
kernels loaded and warm, until it has ended. That of its start, whatever was compiled or imported, is left out.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from campaign import latency, runfolder
from campaign.gate.builds import Build
from campaign.gate.feed import Delivery, Feed, deliver
from campaign.processes import Child
from contract.clock import Clock
from contract.errors import InputError, LackingError
from contract.ledger import Ledger
from generator.pacing import claim_processor
from store.reader import StoreReader

_STATUS: Final = "detector.status.json"
_READY_S: Final = 1800.0  # a tree that was never run compiles every kernel first
_DRAIN_S: Final = 300.0
_LEAD_NS: Final = 300_000_000
_SECOND_NS: Final = 1_000_000_000
_POLL_S: Final = 0.02
_SEED: Final = "1"


@dataclass(frozen=True)
class Block:
    """What one block measured. Latencies run from a frame's planned time until its verdict can be read, in ms."""

    build: str
    cpu_s: float
    p50_ms: float
    p99_ms: float
    attacks: int  # flows that were called an attack
    late_p99_ms: float
    held_ms: float

    def as_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {key: round(value, 6) if isinstance(value, float) else value for key, value in asdict(self).items()}


class BlockError(Exception):
    """A build cannot be measured; the text says which and why. ``loss`` where it lost frames that nothing explains."""

    def __init__(self, text: str, *, loss: bool = False) -> None:
        super().__init__(text)
        self.loss = loss


def run_block(build: Build, feed: Feed, folder: Path) -> Block:
    """Start the build's detector in a new folder, feed it, and measure. Raises ``BlockError``."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    clock = Clock.start()
    arguments = ["--socket", runfolder.SOCKET, "--store", ".", "--status", _STATUS]
    arguments += ["--clock", clock.anchor, "--seed", _SEED, "--once"]
    before = _ended_children_s()
    try:
        log = folder / "detector.log"
        child = Child("detector.service", arguments, folder=folder, log=log, tree=build.tree, python=build.python)
    except LackingError as error:
        raise BlockError(f"{build.name}: {error}") from None
    try:
        _wait_for(build, child, folder)
        warm = _running_s(child.pid)
        punctual = _fed(build, child, feed, folder, clock)
        if child.wait(_DRAIN_S) is None:
            raise BlockError(f"{build.name}: had not ended {_DRAIN_S:g} s after its last frame")
        spent = _ended_children_s() - before - warm
    finally:
        child.end()
    if child.code:
        raise BlockError(f"{build.name}: {child.fault()}")
    return _measured(build, feed, folder, spent, punctual)


def _wait_for(build: Build, child: Child, folder: Path) -> None:
    until = time.monotonic() + _READY_S
    while runfolder.read_status(folder / _STATUS).get("state") not in ("listening", "serving"):
        if child.code is not None:
            raise BlockError(f"{build.name}: {child.fault()}")
        if time.monotonic() > until:
            raise BlockError(f"{build.name}: did not listen within {_READY_S:g} s")
        time.sleep(_POLL_S)


def _fed(build: Build, child: Child, feed: Feed, folder: Path, clock: Clock) -> Delivery:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer, _reached(folder) as path:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
            peer.connect(path)
            # Ticks and sweeps lie on whole seconds: so that frames fall into the same ones, each time.
            start = -(-(clock.now_ns() + _LEAD_NS) // _SECOND_NS) * _SECOND_NS
            with ThreadPoolExecutor(1, initializer=claim_processor) as sender:
                return sender.submit(deliver, feed.messages(start), peer, clock).result()
    except OSError as error:
        child.wait(1.0)
        why = child.fault() if child.code is not None else f"does not take frames: {error.strerror or error}"
        raise BlockError(f"{build.name}: {why}") from None


@contextlib.contextmanager
def _reached(folder: Path) -> Iterator[str]:
    """The socket in a folder by way of an open descriptor: a socket's path may have 107 bytes at most."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{runfolder.SOCKET}"
    finally:
        os.close(handle)


def _measured(build: Build, feed: Feed, folder: Path, spent: float, punctual: Delivery) -> Block:
    status = runfolder.read_json(folder / _STATUS)
    try:
        ledger = Ledger.from_dict(status["ledger"])
        offered = ledger.stages["receive"].offered
        with StoreReader(folder) as reader:
            stages = latency.measure(reader.verdict_tables())
    except (InputError, KeyError) as error:
        raise BlockError(f"{build.name}: speaks another language than this program: {error}") from None
    faults = ledger.faults()
    if offered != feed.frames:
        faults.append(f"{feed.frames:,} frames were sent, and {offered:,} received")
    if faults:
        raise BlockError(f"{build.name}: unexplained loss: {'; '.join(faults)}", loss=True)
    total = stages.histograms["total"]
    if not total.get_total_count():
        raise BlockError(f"{build.name}: called no flow an attack, so it has no latency")
    p50, p99 = (total.get_value_at_percentile(percent) / 1000 for percent in (50.0, 99.0))
    found = total.get_total_count()
    return Block(build.name, spent, p50, p99, found, punctual.late_p99_ms, punctual.held_ms)


def _running_s(pid: int) -> float:
    """Processor time of a process that runs, all its threads: its CPU clock (``clock_getcpuclockid`` of POSIX)."""
    return time.clock_gettime((~pid << 3) | 2)


def _ended_children_s() -> float:
    """Processor time of all children that have ended and were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
