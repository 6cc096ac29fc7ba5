"""Processes that are killed at random instants: forked from one that has loaded and compiled everything, so each is
cheap to start. ``python -m tests.faults.lives`` reads lines of JSON: a piece of work, its folder, its arguments.

``desk`` is the service's queue of posted batches with a real detector behind it, ``serve`` the whole service, which is
posted to over HTTP, ``send`` the sender of a campaign with its maker of frames, ``compact`` a writer of the store.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path

from api import server
from campaign import ingest
from campaign.frame_batches import check_frames
from contract.arrow_io import read_stream
from contract.clock import Clock
from contract.schemas import FRAMES
from detector.model import load_default
from detector.warm import warm_up
from generator import maker
from generator import sender as sending
from generator.plan import make_plan
from store.writer import StoreWriter
from tests.api.helpers import frames_stream
from tests.faults.forked import Detector, Maker, say
from tests.faults.posted import SENT, STATUS, TRUTH, frames_of, frames_stream_of
from tests.faults.works import ROWS
from tests.store.helpers import alert, flows, verdicts

PREPARING_NS = 600_000_000  # from the beginning of a sender to its second 0, if it is quick enough


def with_detectors() -> None:
    """A service in this process forks its detectors, and does not wait long for the next."""
    Detector.prepare()
    ingest.Child = Detector  # type: ignore[assignment,misc]
    ingest._RETRY_S = 0.1  # type: ignore[misc]


def desk(folder: Path, first: int, last: int = 1 << 40) -> None:
    """Post batches from that number on; ``last``: end in order behind it."""
    with_detectors()
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


def serve(folder: Path) -> None:
    """The service, on a port that it says."""
    with_detectors()
    config = folder.parent / "config.toml"
    server.serve(folder.parent, "127.0.0.1", 0, config=config, ready=lambda told: say("url", told["url"]))


def send(folder: Path) -> None:
    """A sender, to the socket ``s`` of a folder that holds ``workload.json``; its second 0 is the same each time."""
    os.chdir(folder)
    maker.subprocess.Popen = Maker  # type: ignore[misc,assignment]
    clock = Clock(SENT.start_ns - PREPARING_NS, time.monotonic_ns()).anchor
    arguments = ["--workload", "workload.json", "--socket", "s", "--status", STATUS, "--truth", TRUTH]
    say("ended", sending.main([*arguments, "--clock", clock, "--seal", "frames.json", "--ring", str(1 << 20)]))


def compact(folder: Path, first: int) -> None:
    """Commit and compact without end."""
    with StoreWriter(folder, compact_after=3) as writer:
        number = first
        while True:
            commit_said(writer, number)
            number += 1


def commit_said(writer: StoreWriter, number: int) -> None:
    """One batch of ``tests.faults.works``, said here."""
    say("sent", number)
    rows = flows(ROWS, number * ROWS), verdicts(ROWS, number * ROWS)
    writer.commit(*rows, [alert(number)], key=f"batch {number}")
    say("acknowledged", number)


WORKS = {"desk": desk, "serve": serve, "send": send, "compact": compact}


def main() -> None:
    """Load, then a child for each line."""
    warm_up(load_default())
    frames_stream(2)
    make_plan(SENT)
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
