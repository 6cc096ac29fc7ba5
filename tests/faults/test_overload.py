"""More than can be held, and peers that are stuck: memory stays bounded, drops are counted, and it comes back.

``benchmarks/overload.py`` measures the same with real processes: goodput, memory, how soon it is itself again.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pytest

from api.events import Client, event
from api.ingest import IngestDesk
from api.metrics import Metrics
from api.problems import ProblemError
from api.settings import Settings
from campaign.ingest import Ingest
from contract.schemas import FRAMES
from detector.capture import socket_stream
from detector.frame_queue import FrameQueue
from detector.inbox import Inbox
from store.formats.base import Origin
from store.outputs.service import follow
from store.writer import StoreWriter
from tests.api.helpers import frames_stream, until
from tests.detector.streams import batch, tcp
from tests.store.helpers import alert


def one(number: int) -> pa.RecordBatch:
    return batch([(number, tcp("198.18.0.1", "198.18.1.1", 1024 + number % 60_000, 80))])


def test_a_hundred_times_of_what_a_queue_holds_is_held_back_and_none_is_lost() -> None:
    queue, most = FrameQueue(8), 0
    row = one(0)

    def flood() -> None:
        for _ in range(800):
            queue.put(row)
        queue.end()

    flooding = threading.Thread(target=flood)
    flooding.start()
    over = False
    while not over:
        stage = queue.ledger().stages["receive"]
        assert stage.unexplained == 0
        most = max(most, stage.in_flight)
        _, over = queue.take(1.0)
    flooding.join()
    assert most <= 8 + 1  # what waits, and the one in the reader's hand
    assert queue.ledger().stages["receive"].delivered == 800
    assert queue.held_back > 0
    assert queue.backlog == 0


def test_frames_that_wait_are_bounded_however_small_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.frame_queue._MOST_WAITING", 100)
    queue = FrameQueue(512)
    many = batch((n, tcp("198.18.0.1", "198.18.1.1", 1024 + n, 80)) for n in range(40))
    flooding = threading.Thread(target=lambda: [queue.put(many) for _ in range(10)])
    flooding.start()
    while not queue.held_back:
        time.sleep(0.001)
    assert queue.backlog <= 100 + 40
    taken = 0
    while taken < 400:
        found, _ = queue.take(1.0)
        taken += found.num_rows if found is not None else 0
    flooding.join()
    assert queue.ledger().faults() == []


def test_sensors_are_told_to_wait_and_each_is_counted_and_the_next_goes_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ingest, "_forward_all", lambda _: None)  # a detector that takes nothing
    data = frames_stream(3)
    desk = IngestDesk(Settings(runs=tmp_path, max_backlog=4 * len(data)), Metrics())

    def post(number: int) -> None:
        with desk.post() as post:
            desk.refuse_when_full()
            post.duplicate = desk.take(data, f"b{number}").duplicate

    told_to_wait = []
    for number in range(50):
        try:
            post(number)
        except ProblemError as problem:
            told_to_wait.append((problem.status, problem.headers))
    assert told_to_wait == [(429, {"Retry-After": "1"})] * 45
    assert desk.queue.backlog <= 5 * len(data)
    ledger = desk.ledger()
    assert ledger.faults() == []
    assert (ledger.stages["posts"].delivered, ledger.stages["posts"].dropped["busy"]) == (5, 45)
    with desk.queue._turn:  # it takes them
        desk.queue._held.waiting.clear()
        desk.queue._held.backlog = 0
    post(99)
    assert desk.queue.figures()["waiting"] == 1


def test_a_client_of_a_stream_keeps_no_more_than_its_queue() -> None:
    client = Client(limit=50)
    for number in range(5000):
        client.put(event("alert", number))
        client.put_tick(event("tick", number))
        assert client.held <= 51
    stage = client.stage
    assert stage.offered == 10_000
    assert sum(stage.dropped.values()) + client.held == 10_000


def test_a_peer_that_stops_within_a_message_is_cut_off_and_the_next_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_stream, "_STUCK_S", 0.1)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, FRAMES) as writer:
        writer.write_batch(one(1))
        writer.write_batch(one(2))
    data = sink.getvalue().to_pybytes()
    inbox = Inbox(tmp_path / "s", once=False)
    with socket.socket(socket.AF_UNIX) as stuck, socket.socket(socket.AF_UNIX) as sound:
        stuck.connect(str(tmp_path / "s"))
        stuck.sendall(data[: len(data) * 3 // 4])  # and no more
        latest = time.monotonic() + 60
        while not inbox.notes and time.monotonic() < latest:
            inbox.take(0.05)
        assert "stopped in the middle of a message" in inbox.notes[0]
        before = inbox.received
        sound.connect(str(tmp_path / "s"))
        sound.sendall(data)
        sound.shutdown(socket.SHUT_WR)
        while inbox.received < before + 2 and time.monotonic() < latest:
            inbox.take(0.05)
    inbox.close()
    assert inbox.received == before + 2
    assert inbox.ledger().faults() == []


def test_a_peer_that_is_silent_between_messages_is_left_in_peace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_stream, "_STUCK_S", 0.0)
    inbox = Inbox(tmp_path / "s", once=True)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(tmp_path / "s"))
        with peer.makefile("wb") as sink, pa.ipc.new_stream(sink, FRAMES) as writer:
            sink.flush()
            for number in range(2):
                time.sleep(1.2)  # longer than a look takes
                writer.write_batch(one(number))
                sink.flush()
    over = False
    while not over:
        _, over = inbox.take(1.0)
    inbox.close()
    assert (inbox.received, inbox.notes) == (2, [])


def test_a_receiver_that_takes_nothing_is_cut_off_and_the_other_output_does_not_wait(tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "store") as writer:
        for number in range(40):
            large = alert(number + 1)
            large.evidence = ["x" * 60_000]
            writer.commit(alerts=[large])
    stop = threading.Event()
    written = tmp_path / "eve.json"
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        address = f"127.0.0.1:{deaf.getsockname()[1]}"
        stuck = {"name": "stuck", "kind": "syslog", "transport": "tcp", "address": address, "timeout_s": 0.2}
        stuck |= {"max_bytes": 1 << 20}
        quick = {"name": "quick", "kind": "eve_file", "path": str(tmp_path / "eve.json")}
        document = {"origin": asdict(Origin("r")), "outputs": [stuck, quick]}

        def work() -> None:
            with contextlib.suppress(OSError):
                follow(tmp_path / "store", tmp_path / "state", document, stop, [], 1.5)

        following = threading.Thread(target=work)
        following.start()
        try:
            until(lambda: written.exists() and len(written.read_bytes().splitlines()) == 40)
            state = tmp_path / "state" / "stuck.json"
            until(lambda: state.exists() and json.loads(state.read_text())["counts"]["retried"])
        finally:
            stop.set()
            following.join()
    states = {name: json.loads((tmp_path / "state" / f"{name}.json").read_text()) for name in ("stuck", "quick")}
    assert states["quick"]["counts"]["delivered"] == 40
    assert len((tmp_path / "eve.json").read_text().splitlines()) == 40
    assert states["stuck"]["counts"]["retried"] > 0
    assert "timed out" in states["stuck"]["error"] or "in time" in states["stuck"]["error"]
    assert [state["ledger"]["unexplained"] for state in states.values()] == [0, 0]
    assert states["stuck"]["ledger"]["in_flight"] == 40
