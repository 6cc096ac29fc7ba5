"""The service's loop without a process: what an inbox gives is in the store and in the status at the end."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from contract.clock import Clock
from detector.config import Config
from detector.frame_queue import FrameQueue
from detector.outbox import Outbox
from detector.pipeline import Detector
from detector.serving import Service
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.detector.streams import START, always, batch, tcp


def test_frames_are_detected_committed_and_counted(tmp_path: Path) -> None:
    clock = Clock(START, Clock.start().monotonic_ns)
    inbox = FrameQueue(8)
    inbox.put(batch((n * 1_000_000, tcp("198.18.0.9", "198.18.1.1", 40_000, n)) for n in range(1, 201)))
    inbox.end()
    with StoreWriter(tmp_path, clock) as writer:
        outbox = Outbox(writer)
        detector = Detector(Config(capacity=1024), always("port_scan"), clock)
        service = Service(inbox, detector, outbox, tmp_path / "status.json", clock)
        service.run(threading.Event())
        outbox.close()
        service.report("done", force=True)
    status = json.loads((tmp_path / "status.json").read_text())
    assert (status["state"], status["frames"], status["received"], status["backlog"]) == ("done", 200, 200, 0)
    assert status["ledger"]["balanced"], status["ledger"]["faults"]
    with StoreReader(tmp_path) as store:
        assert store.counts()["rows"]["flows"] == 200


def test_time_goes_on_by_the_clock_when_nothing_comes(tmp_path: Path) -> None:
    clock = Clock(START, Clock.start().monotonic_ns)
    inbox, stop = FrameQueue(8), threading.Event()
    inbox.put(batch([(1, tcp("198.18.0.9", "198.18.1.1", 40_000, 80))]))
    with StoreWriter(tmp_path, clock) as writer:
        outbox = Outbox(writer)
        detector = Detector(Config(capacity=1024), always("port_scan"), clock)
        service = Service(inbox, detector, outbox, tmp_path / "status.json", clock)

        def end_when_seen() -> None:
            while not detector.counts["verdicts"]:
                stop.wait(0.01)
            inbox.end()

        thread = threading.Thread(target=end_when_seen)
        thread.start()
        service.run(stop)  # the verdict comes although no later frame ends the tick
        thread.join()
        outbox.close()
    assert detector.counts["verdicts"] >= 1
