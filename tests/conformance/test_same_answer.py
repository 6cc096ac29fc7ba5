"""Same traffic, same answer: verdicts and alerts, ids and times included, whatever the batches, the shards, the source.

docs/engine.md says what is promised; each promise is held here.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.alert import Alert
from contract.arrow_io import write_stream
from contract.clock import Clock
from contract.schemas import FLOWS, FRAMES, VERDICTS
from detector.capture.live_socket import Options, Ring
from detector.config import Config
from detector.frame_queue import FrameQueue
from detector.inbox import Inbox
from detector.live_inbox import LiveInbox
from detector.meter import Meter
from detector.model import load_default
from detector.offline import Result, detect
from detector.pipeline import Detector, Outputs
from detector.serving import Pulse
from detector.shard_meter import Setup
from generator.sinks import open_sink
from tests.detector.captured import batch_of, eth, ip4
from tests.detector.captured import udp as udp_only
from tests.detector.parted import HASH_SEED, parted
from tests.detector.streams import SECOND, Frame, arp, batch, tcp, udp
from tests.detector.test_pipeline import words
from tests.detector.wires import LISTEN, Wire, inside, needs_wire, wire

MS = 1_000_000
Step = tuple[str, str, int, bytes] | int  # who sends to whom, flags, payload; or a silence (ns)
CONFIG = Config(capacity=1 << 14, seed=7)


def address(text: str) -> bytes:
    return bytes(map(int, text.split(".")))


def conversation(rng: random.Random, at: int, client: str, server: str, port: int) -> Iterator[Frame]:
    """A web request from handshake to close."""
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + bytes(rng.randrange(256) for _ in range(900))
    steps: list[Step] = [(client, server, 2, b""), (server, client, 18, b""), (client, server, 16, b"")]
    steps += [(client, server, 24, b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"), (server, client, 24, body)]
    steps += [(client, server, 17, b""), (server, client, 17, b""), (client, server, 16, b"")]
    return talk(rng, at, steps, (port, 80))


def logins(rng: random.Random, at: int, client: str, server: str, port: int, silence: int) -> Iterator[Frame]:
    """Two tries that an FTP server refuses, the second after a silence; after another one the server ends it."""
    guess: list[Step] = [(client, server, 24, b"PASS a\r\n"), (server, client, 24, b"530 Login incorrect.\r\n")]
    steps: list[Step] = [(client, server, 2, b""), (server, client, 18, b""), (client, server, 16, b"")]
    steps += [(server, client, 24, b"220 ready\r\n"), *guess, silence, *guess, silence]
    steps += [(server, client, 25, b"421 Timeout.\r\n"), (client, server, 17, b"")]
    return talk(rng, at, steps, (port, 21))


def talk(rng: random.Random, at: int, steps: list[Step], ports: tuple[int, int]) -> Iterator[Frame]:
    """Segments of one connection, a millisecond or so apart; the first is the client's."""
    client, sequence = steps[0][0] if isinstance(steps[0], tuple) else "", defaultdict[str, int](lambda: 1)
    for step in steps:
        if isinstance(step, int):
            at += step
            continue
        src, dst, flags, payload = step
        yield at, tcp(src, dst, *(ports if src == client else ports[::-1]), flags, payload, sequence[src])
        sequence[src] += len(payload) + (1 if flags & 3 else 0)
        at += rng.randrange(200_000, 2 * MS)


def traffic(seconds: float = 4.0, rng: random.Random | None = None) -> list[Frame]:
    """A scan with refusals, a flood, spoofed ARP, web, logins, fragments, and frames that are a little out of order."""
    rng = rng or random.Random(3)
    span = int(seconds * SECOND)
    frames: list[Frame] = []
    for n in range(400):
        at, probe = rng.randrange(span), udp("198.18.0.9", "198.18.1.1", 4000, n + 1)
        frames.append((at, probe if n % 2 else tcp("198.18.0.9", "198.18.1.1", 4000, n + 1)))
        if n % 2:  # refused, with the packet quoted
            error = struct.pack("!BBHI", 3, 3, 0, 0) + probe[14:42]
            frames.append((at + 90_000, eth(ip4(address("198.18.1.1"), address("198.18.0.9"), 1, error))))
    for n in range(700):
        spoofed = f"198.19.{rng.randrange(250)}.{rng.randrange(1, 250)}"
        frames.append((span // 3 + n * span // 3000, tcp(spoofed, "198.18.1.2", rng.randrange(1024, 60000), 443)))
    for n in range(25):
        client = f"198.18.3.{rng.randrange(1, 9)}"
        frames += conversation(rng, rng.randrange(span), client, "198.18.1.3", 41000 + n)
        frames.append((n * span // 25, arp(0x020000000001 + n % 2, "198.18.0.1", "198.18.0.7")))
    for n in range(30):
        at, datagram = rng.randrange(span), udp_only(5000 + n % 4, 2049, bytes(32))
        ends = address("198.18.4.4"), address("198.18.4.5")
        frames.append((at, eth(ip4(*ends, 17, datagram[:24], ident=n + 1, place=0x2000))))
        frames.append((at + 50_000, eth(ip4(*ends, 17, datagram[24:], ident=n + 1, place=3))))
    for n in range(6):
        frames += logins(rng, rng.randrange(span // 4), f"198.18.5.{n % 2 + 1}", "198.18.1.4", 42000 + n, span // 3)
    frames.sort()
    for _ in range(60):  # neighbours change places, as between the queues of a card
        n = rng.randrange(len(frames) - 1)
        frames[n], frames[n + 1] = frames[n + 1], frames[n]
    frames.insert(50, (frames[50][0], bytes(12) + b"\x88\xcc" + bytes(40)))  # LLDP
    return frames


@dataclass
class Answer:
    """All that came out."""

    flows: pa.Table
    verdicts: pa.Table
    alerts: list[Alert]
    status: dict[str, int]
    ledger: dict[str, Any]

    def last_alerts(self) -> list[Alert]:
        return list({alert.alert_id: alert for alert in sorted(self.alerts, key=lambda a: a.alert_id)}.values())


class Collector:
    """Takes what comes out of a detector."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self._flows: list[pa.RecordBatch] = []
        self._verdicts: list[pa.RecordBatch] = []
        self._alerts: list[Alert] = []

    def add(self, out: Outputs) -> None:
        self._flows += [out.flows] if out.flows is not None else []
        self._verdicts += [out.verdicts] if out.verdicts is not None else []
        self._alerts += out.alerts

    def answer(self) -> Answer:
        self.add(self.detector.outputs())
        flows, verdicts = pa.Table.from_batches(self._flows, FLOWS), pa.Table.from_batches(self._verdicts, VERDICTS)
        ledger = self.detector.settle().as_dict()
        return Answer(flows, verdicts, self._alerts, self.detector.status(), ledger)


def run(batches: list[pa.RecordBatch], config: Config = CONFIG) -> Answer:
    with contextlib.closing(Detector(config, load_default())) as detector:
        collector = Collector(detector)
        for one in batches:
            detector.feed(one)
            collector.add(detector.outputs())
        detector.finish()
        return collector.answer()


def same(one: Answer, other: Answer) -> None:
    """Everything, in order."""
    assert one.alerts == other.alerts
    assert words(one.verdicts) == words(other.verdicts)
    assert words(one.flows) == words(other.flows)
    assert one.status == other.status
    assert one.ledger == other.ledger


def same_result(answer: Answer, result: Result) -> None:
    assert result.alerts == answer.last_alerts()
    assert words(result.verdicts) == words(answer.verdicts)
    assert words(result.flows) == words(answer.flows)


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    return traffic()


@pytest.fixture(scope="module")
def answer(frames: list[Frame]) -> Answer:
    """One batch, one shard."""
    return run([batch(frames)])


def test_the_workload_is_worth_comparing(answer: Answer) -> None:
    families = {row["family"] for row in words(answer.verdicts)}
    assert len(answer.last_alerts()) >= 2
    assert {"benign"} < families
    assert answer.status["frames_out_of_order"] > 0
    assert answer.ledger["balanced"]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_batches(frames: list[Frame], answer: Answer, size: int) -> None:
    same(run([batch(frames[n : n + size]) for n in range(0, len(frames), size)]), answer)


@pytest.mark.parametrize(("shards", "size"), [(2, 1000), (5, 7), (5, 10_000)])
def test_threads(frames: list[Frame], answer: Answer, shards: int, size: int) -> None:
    config = Config(capacity=1 << 14, seed=7, shards=shards)
    same(run([batch(frames[n : n + size]) for n in range(0, len(frames), size)], config), answer)


def test_processes(frames: list[Frame], answer: Answer) -> None:
    same(run([batch(frames)], Config(capacity=1 << 14, seed=7, shards=2, processes=True)), answer)


@pytest.mark.parametrize(
    ("shards", "rows", "lost"),
    [(1, 10_000, ()), (3, 400, ()), (2, 1, range(1, 200, 7))],
    ids=["one shard", "several", "shards lost again and again"],
)
def test_shards_that_share_no_memory(
    frames: list[Frame], answer: Answer, shards: int, rows: int, lost: Collection[int]
) -> None:
    found = parted([batch(frames)], Setup(CONFIG, shards, HASH_SEED), load_default(), Collector, rows, lost)
    same(found, answer)


@pytest.mark.parametrize("most", [100, 101])
def test_ticks_cut_by_size(frames: list[Frame], most: int) -> None:
    config = Config(capacity=1 << 14, seed=7, tick_frames=most)
    whole = run([batch(frames)], config)
    parts = run(
        [batch(frames[n : n + 33]) for n in range(0, len(frames), 33)],
        Config(capacity=1 << 14, seed=7, tick_frames=most, shards=3),
    )
    same(parts, whole)
    same(parted([batch(frames)], Setup(config, 2, HASH_SEED), load_default(), Collector, 300), whole)


@pytest.mark.parametrize("name", ["a.pcap", "a.pcapng", "a.arrow"])
def test_files(frames: list[Frame], answer: Answer, tmp_path: Path, name: str) -> None:
    sink = open_sink(tmp_path / name)
    for low in range(0, len(frames), 700):
        sink.write(batch(frames[low : low + 700]))
    sink.close()
    same_result(answer, detect(tmp_path / name, load_default(), CONFIG))


def listened(inbox: FrameQueue, clock: Clock) -> tuple[Answer, int]:
    """What the loop of the service makes of an inbox; and up to when it had listened."""
    detector = Detector(CONFIG, load_default(), clock)
    collector, pulse, over = Collector(detector), Pulse(inbox, detector, clock), False
    while not over:
        out, over = pulse.beat()
        collector.add(out)
    until = detector.watermark
    detector.finish()
    inbox.close()
    assert inbox.error is None
    return collector.answer(), until


def test_a_stream_over_a_socket(frames: list[Frame], answer: Answer, tmp_path: Path) -> None:
    path = tmp_path / "frames.sock"
    inbox = Inbox(path, once=True)
    data = write_stream([batch(frames[low : low + 211]) for low in range(0, len(frames), 211)], FRAMES)

    def send() -> None:
        with socket.socket(socket.AF_UNIX) as sender:
            sender.connect(str(path))
            sender.sendall(data)

    sending = threading.Thread(target=send)
    sending.start()
    found, _ = listened(inbox, Clock.start())
    sending.join()
    same(found, answer)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from([1, 2, 17, 18, 4]), st.integers(0, 3)),
        max_size=60,
    ),
    st.integers(1, 7),
    st.integers(2, 4),
)
@settings(max_examples=25)
def test_small_streams_in_any_shards(rows: list[tuple[int, int, int, int]], size: int, shards: int) -> None:
    now, times, data = 1_800_000_000 * SECOND, [], []
    for src, dst, flags, pause in rows:
        now += pause * 7 * SECOND
        times.append(now)
        data.append(tcp(f"198.18.0.{src}", f"198.18.0.{dst}", 1000 + src, 80, flags))
    one, many = (Meter(capacity=256, idle_s=20, active_s=40, shards=n) for n in (1, shards))
    for low in range(0, len(data), size):
        part = batch_of(data[low : low + size], times[low : low + size])
        assert one.update(part) == many.update(part)
    assert words(pa.Table.from_batches([one.export(one.dirty())])) == words(
        pa.Table.from_batches([many.export(many.dirty())])
    )
    ended = [meter.export(meter.finish()) for meter in (one, many)]
    many.close()
    assert words(pa.Table.from_batches(ended[:1])) == words(pa.Table.from_batches(ended[1:]))


class Tapped(LiveInbox):
    """A live inbox that keeps what the wire gave."""

    def put(self, found: pa.RecordBatch) -> None:
        self.__dict__.setdefault("taken", []).append(found)
        super().put(found)


def heard(pair: Wire, frames: list[Frame]) -> tuple[Answer, int, list[pa.RecordBatch]]:
    """The frames put on a wire at their times: the answer, until when was listened, and what came."""
    clock = Clock.start()
    inbox = Tapped([inside(pair.listening, lambda: Ring(Options(LISTEN, ring_bytes=4 << 20)))], clock, lab=False)

    def send() -> None:
        with pair.sender() as sender:
            begin = time.monotonic_ns()
            for when, data in frames:
                while time.monotonic_ns() - begin < when:
                    time.sleep(0.001)
                sender.send(data)
        inbox.stop()

    sending = threading.Thread(target=send)
    sending.start()
    answer, until = listened(inbox, clock)
    sending.join()
    return answer, until, inbox.__dict__["taken"]


@needs_wire
def test_a_wire_and_its_recording(tmp_path: Path) -> None:
    frames = traffic(1.5)
    with wire() as pair:
        for _ in range(8):  # a kernel that holds a block back for longer than promised makes frames late, or drops some
            live, until, taken = heard(pair, frames)
            if not live.status["frames_late"] and sum(one.num_rows for one in taken) == len(frames):
                break
    assert sum(one.num_rows for one in taken) == len(frames)
    sink = open_sink(tmp_path / "wire.pcapng")
    for one in taken:
        sink.write(one)
    sink.close()
    recorded = detect(tmp_path / "wire.pcapng", load_default(), CONFIG, until_ns=until)
    assert live.last_alerts()
    same_result(live, recorded)
    assert live.status == recorded.counts
