"""One item is taken away at each stage, behind that stage's back: the run fails, and the ledger says where it went.

What is stolen from are the real parts of the way: queue, pipeline, outbox, store, follower, ingest, streams, spools.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.events import Client
from api.ingest import IngestDesk
from api.metrics import Metrics
from api.problems import ProblemError
from api.settings import Settings
from campaign.held_batches import HeldBatches
from campaign.ingest import Ingest
from campaign.run_ledger import faults, run_ledger
from campaign.runfolder import RunFolder, create, read_json, write_json
from contract.clock import Clock
from contract.ledger import Ledger
from detector import pipeline
from detector.config import Config
from detector.flow_inbox import FlowInbox
from detector.frame_queue import FrameQueue
from detector.meter import Meter
from detector.outbox import Outbox
from detector.pipeline import Detector
from detector.sensor_spool import SensorSpool
from detector.serving import Service
from generator.sender import Sender
from store.feed import Feed
from store.formats.base import Origin
from store.outputs.follower import Follower
from store.outputs.pieces import Pieces
from store.outputs.state import State
from store.writer import StoreWriter
from tests.api.helpers import frames_stream
from tests.campaign.runs import truth_table
from tests.detector.streams import START, always, batch, tcp
from tests.store.outputs.helpers import Noted, settings

FRAMES, BATCHES = 240, 6
Patch = pytest.MonkeyPatch


def traffic() -> list[pa.RecordBatch]:
    """240 frames of 240 connections over three seconds, in six batches."""
    whole = batch((n * 12_000_000, tcp("198.18.0.9", "198.18.1.1", 1024 + n, 80)) for n in range(FRAMES))
    each = FRAMES // BATCHES
    return [whole.slice(low, each) for low in range(0, FRAMES, each)]


def sender_status(sent: int) -> dict[str, Any]:
    """What the sender says at its end: its own ledger, of so many frames that it counts as sent."""
    at_end = SimpleNamespace(meta=SimpleNamespace(length=FRAMES), sent_frames=sent, state="done", reason="")
    return {"state": "done", "ledger": Sender.ledger(at_end).as_dict()}  # type: ignore[arg-type]


def work(folder: RunFolder, batches: list[pa.RecordBatch]) -> None:
    """The detector's process without the process: queue, pipeline, outbox, store, status file."""
    clock = Clock(START, Clock.start().monotonic_ns)
    inbox = FrameQueue(64)
    for one in batches:
        inbox.put(one)
    inbox.end()
    with StoreWriter(folder.path, clock, compact_after=0) as writer:
        outbox = Outbox(writer)
        detector = Detector(Config(capacity=1024, seed=1), always("port_scan"), clock)
        service = Service(inbox, detector, outbox, folder.status("detector"), clock)
        service.run(threading.Event())
        outbox.close()
        service.report("done", force=True)


def follow(folder: RunFolder) -> None:
    """One output of alerts and flows, at its end."""
    over = threading.Event()
    over.set()
    with Feed(folder.path) as feed:
        state = State(folder.path / "outputs", "soc")
        chosen = settings(format="ndjson", what=["alerts", "flows"])
        Follower(feed, chosen, Origin("r"), Noted(), state, over, 20.0).run()


def run(tmp_path: Path, batches: list[pa.RecordBatch], sent: int = FRAMES) -> list[str]:
    """A run of that traffic from the sender to the output; where its ledger does not balance."""
    folder = create(tmp_path, "smoke")
    write_json(folder.status("sender"), sender_status(sent))
    write_json(folder.frames, {"frames": FRAMES})
    pq.write_table(truth_table(FRAMES // 2), folder.truth)  # two frames a row
    work(folder, batches)
    follow(folder)
    sender, detector = (read_json(folder.status(who)) for who in ("sender", "detector"))
    return faults(run_ledger(folder, sender, detector, None), sender, detector)


def test_nothing_is_missed_where_nothing_is_stolen(tmp_path: Path) -> None:
    assert run(tmp_path, traffic()) == []


def test_a_message_that_the_sender_left_out(tmp_path: Path) -> None:
    found = run(tmp_path, traffic()[1:], sent=FRAMES - 40)
    assert "stage sender: says 200 frames delivered, but the truth counts 240" in found
    assert "stage sender: 40 frames still in flight at the end" in found


def test_a_message_that_the_sender_counts_and_that_did_not_arrive(tmp_path: Path) -> None:
    assert run(tmp_path, traffic()[1:]) == ["between sender and receive: 40 frames unaccounted for"]


# -- between the queue and the store -----------------------------------------------------------------------------------


def once(patch: Patch, owner: Any, name: str, steal: Callable[..., Any]) -> None:
    """Put ``steal(real, *arguments)`` in the place of a method until it says (with True) that it has stolen."""
    real, done = getattr(owner, name), []

    def instead(*arguments: Any, **named: Any) -> Any:
        if done:
            return real(*arguments, **named)
        found, stolen = steal(real, *arguments, **named)
        if stolen:
            done.append(True)
        return found

    patch.setattr(owner, name, instead)


def from_the_queue(patch: Patch) -> None:
    def steal(real: Any, queue: FrameQueue, timeout_s: float) -> tuple[Any, bool]:
        queue._waiting.popleft()
        return real(queue, timeout_s), True

    once(patch, FrameQueue, "take", steal)


def before_decoding(patch: Patch) -> None:
    once(patch, Detector, "_count", lambda real, me, rows, low, times: (real(me, rows, low + 1, times[1:]), True))


def from_the_meter(patch: Patch) -> None:
    once(patch, Meter, "update", lambda real, me, rows, low, high: (real(me, rows, low + 1, high), True))


def from_the_table(patch: Patch) -> None:
    def steal(real: Any, me: Meter) -> tuple[Any, bool]:
        ended = real(me)
        return ended[1:], len(ended) > 0

    once(patch, Meter, "_take_ended", steal)


def rows_of(kind: str) -> Callable[[Patch], None]:
    def patched(patch: Patch) -> None:
        def steal(real: Any, batches: Any, schema: pa.Schema) -> tuple[Any, bool]:
            found = real(batches, schema)
            mine = found is not None and schema.metadata[b"tenfold.schema"].startswith(kind.encode())
            return (found.slice(1) if mine else found), mine

        once(patch, pipeline, "joined", steal)

    return patched


def a_writing(patch: Patch) -> None:
    def steal(real: Any, me: Detector) -> tuple[Any, bool]:
        found = real(me)
        return found, bool(found.alerts and found.alerts.pop())

    once(patch, Detector, "outputs", steal)


def on_the_way_to_the_store(patch: Patch) -> None:
    def steal(real: Any, me: Outbox, outputs: Any, *told: Any) -> tuple[Any, bool]:
        stolen = outputs.flows is not None
        if stolen:
            outputs.flows = outputs.flows.slice(1)
        return real(me, outputs, *told), stolen

    once(patch, Outbox, "put", steal)


def in_the_outbox(patch: Patch) -> None:
    def steal(real: Any, me: Outbox, outputs: Any, *told: Any) -> tuple[Any, bool]:
        with me._turn:  # so that it is not committed before it is gone
            real(me, outputs, *told)
            stolen = outputs.verdicts is not None
            if stolen:
                me._waiting.pop()
        return None, stolen

    once(patch, Outbox, "put", steal)


def at_the_commit(column: int) -> Callable[[Patch], None]:
    def patched(patch: Patch) -> None:
        def steal(real: Any, me: StoreWriter, *parts: Any, key: str | None) -> tuple[Any, bool]:
            kept = list(parts)
            stolen = bool(kept[column])
            if stolen:
                kept[column] = kept[column][1:] if isinstance(kept[column], list) else kept[column].slice(1)
            return real(me, *kept, key=key), stolen

        once(patch, StoreWriter, "commit", steal)

    return patched


def behind_the_cursor(patch: Patch) -> None:
    def steal(real: Any, me: Pieces, cursor: Any, what: str) -> tuple[Any, bool]:
        piece = real(me, cursor, what)
        batch_ = piece.batch
        less = type(batch_)(batch_.what, batch_.lines[1:], batch_.levels[1:])
        return piece._replace(batch=less, taken=piece.taken - 1), True

    once(patch, Pieces, "_rows", steal)


THIEVES: dict[str, tuple[Callable[[Patch], None], str]] = {
    "queue": (from_the_queue, "stage receive: 40 frames unexplained"),
    "decode": (before_decoding, "stage decode: 1 frames unexplained"),
    "meter": (from_the_meter, "stage meter: 1 frames unexplained"),
    "flow table": (from_the_table, "stage meter: 1 frames unexplained"),
    "flows": (rows_of("flows"), "stage classify: 1 flows unexplained"),
    "verdicts": (rows_of("verdicts"), "stage verdict: 1 verdicts unexplained"),
    "alerts": (a_writing, "between alert_writing and store_alerts: 1 alert writings unaccounted for"),
    "to the store": (on_the_way_to_the_store, "between classify and store_flows: 1 flows unaccounted for"),
    "outbox": (in_the_outbox, "verdicts still in flight at the end"),
    "commit of flows": (at_the_commit(0), "flows delivered, but the stored flows counts"),
    "commit of verdicts": (at_the_commit(1), "verdicts delivered, but the stored verdicts counts"),
    "commit of alerts": (at_the_commit(2), "alert writings delivered, but the stored revisions counts"),
    "output": (behind_the_cursor, "stage output soc: 1 records unexplained"),
}


@pytest.mark.parametrize("where", THIEVES)
def test_a_loss_is_found_and_named(where: str, tmp_path: Path, monkeypatch: Patch) -> None:
    thief, expected = THIEVES[where]
    thief(monkeypatch)
    assert any(expected in line for line in run(tmp_path, traffic())), where


def test_a_segment_that_is_gone_is_missed(tmp_path: Path, monkeypatch: Patch) -> None:
    def steal(folder: RunFolder) -> None:
        min((folder.path / "flows").iterdir()).unlink()
        StoreWriter(folder.path).close()  # recovery sets it aside

    monkeypatch.setattr("tests.faults.test_ledger_losses.follow", steal)
    found = run(tmp_path, traffic())
    assert any(line.startswith("stage store_flows: says 240 flows delivered, but the stored flows") for line in found)
    assert any(line.startswith("stage meter: says 240 frames delivered, but the stored flows counts") for line in found)


# -- the wire, sensors, ingest, streams --------------------------------------------------------------------------------


def test_a_frame_that_no_counter_of_the_wire_knows(tmp_path: Path) -> None:
    folder = create(tmp_path, "smoke")
    seen = Ledger()
    capture = seen.stage("capture")
    capture.offered, capture.delivered = FRAMES - 3, FRAMES - 4
    capture.drop("kernel", 1)
    detector = {"state": "done", "ledger": seen.as_dict()}
    ledger = run_ledger(folder, sender_status(FRAMES), detector, 2)  # of three that are missing, the pair dropped two
    assert faults(ledger, sender_status(FRAMES), detector) == ["stage wire: 1 frames unexplained"]


@contextmanager
def desk(tmp_path: Path, monkeypatch: Patch) -> Iterator[IngestDesk]:
    """An ingest desk without a detector, which took three batches, one of them twice, and refused one."""
    monkeypatch.setattr(Ingest, "_forward_all", lambda _: None)
    found = IngestDesk(Settings(runs=tmp_path, max_backlog=1), Metrics())
    for name, data in (("a", frames_stream(3)), ("a", frames_stream(3)), ("b", frames_stream(2)), ("c", b"none")):
        with suppress(ProblemError), found.post() as post:
            post.duplicate = found.take(data, name).duplicate
    yield found


def test_posts_and_the_spool_balance_and_a_batch_that_vanishes_is_missed(tmp_path: Path, monkeypatch: Patch) -> None:
    with desk(tmp_path, monkeypatch) as found:
        ledger = found.ledger()
        assert ledger.faults() == []
        assert dict(ledger.stages["posts"].dropped) == {"duplicate": 1, "refused": 1}
        assert (ledger.stages["posts"].delivered, ledger.stages["forwarded_frames"].in_flight) == (2, 5)
        found.queue._held.waiting.pop()
        assert found.ledger().faults() == [
            "stage forwarded: 1 batches unexplained",
            "stage forwarded_frames: 2 frames unexplained",
        ]


def test_a_kept_batch_that_never_reached_the_queue_is_missed(tmp_path: Path, monkeypatch: Patch) -> None:
    once(monkeypatch, HeldBatches, "queue", lambda real, me, one: (None, True))
    with desk(tmp_path, monkeypatch) as found:
        [line] = found.ledger().faults()
        assert line == (
            "stage posts: says 2 batches delivered, but the spool, less what was in it at the start, counts 1"
        )


def test_a_batch_that_a_sensor_lost_is_missed(tmp_path: Path) -> None:
    spool = SensorSpool(tmp_path, 1 << 20)
    for name in "abc":
        spool.put(name, b"x", patient=False)
    waiting = spool.next(0)
    assert waiting is not None
    spool.sent(waiting)
    assert spool.ledger().faults() == []
    spool._waiting.pop()
    assert spool.ledger().faults() == ["stage spool: 1 batches unexplained"]


def test_a_batch_of_flows_that_the_centre_never_saw_is_missed(tmp_path: Path) -> None:
    inbox = FlowInbox(tmp_path / "socket", tmp_path, once=True)
    rows = pa.record_batch({"n": [1]})
    for name in ("a", "b"):
        with pa.OSFile(str(tmp_path / name), "wb") as file, pa.ipc.new_stream(file, rows.schema) as writer:
            writer.write_batch(rows)
        inbox._read_file(tmp_path / name)
    inbox._read_file(tmp_path / "missing")
    assert inbox.ledger().faults() == []
    inbox._waiting.popleft()
    inbox.take(0)
    inbox.close()
    assert inbox.ledger().faults() == ["stage spool_files: 1 batches unexplained"]


def test_an_event_that_a_stream_lost_is_missed() -> None:
    client = Client(3)
    for number in range(5):
        client.put(b"%d" % number)
        client.put_tick(b"t")
    client.take()
    client.sent()
    client.put(b"6")
    stage = client.stage
    stage.in_flight = client.held
    assert Ledger({"stream": stage}).faults() == []
    assert dict(stage.dropped) == {"superseded": 4, "slow_reader": 3}
    client.waiting.clear()
    stage.in_flight = client.held
    assert Ledger({"stream": stage}).faults() == ["stage stream: 1 events unexplained"]
