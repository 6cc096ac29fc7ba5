"""A real wire: what is sent arrives, to the byte and in order; what does not is counted."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from contract.clock import Clock
from contract.errors import InputError, LackingError
from contract.schemas import FRAMES
from detector.capture.live import LiveSource
from detector.capture.live_socket import Options, Ring
from tests.detector.streams import tcp, udp
from tests.detector.wires import LISTEN, SEND, Wire, inside, needs_wire, wire

pytestmark = needs_wire
HOUR_NS = 3600 * 10**9


@pytest.fixture(scope="module")
def pair() -> Iterator[Wire]:
    with wire() as made:
        yield made


def listening(pair: Wire, *, lab: bool = False, clock: Clock | None = None, **options) -> tuple[Ring, LiveSource]:
    options = {"ring_bytes": 4 << 20, **options}
    ring = inside(pair.listening, lambda: Ring(Options(LISTEN, **options)))
    source = LiveSource(ring, clock or Clock.start(), lab=lab)
    source.start()
    return ring, source


def rest(ring: Ring, source: LiveSource) -> pa.Table:
    source.stop()
    table = pa.Table.from_batches(list(source.batches()), FRAMES)
    ring.close()
    return table


def mixed(count: int) -> list[bytes]:
    """Frames of many sizes; every third carries a VLAN tag, which the kernel takes off, every ninth two of them."""
    frames = []
    for n in range(count):
        data = udp("198.18.0.1", "198.19.0.1", n % 60_000 + 1, 53, os.urandom(n * 7 % 1400))
        for _ in range((n % 3 == 0) + (n % 9 == 0)):
            data = data[:12] + struct.pack("!HH", 0x88A8 if n % 2 else 0x8100, n & 0xFFF) + data[12:]
        frames.append(data)
    return frames


def test_frames_of_a_plain_socket_arrive_to_the_byte(pair: Wire) -> None:
    frames = mixed(600)
    before = Clock.start()
    ring, source = listening(pair, clock=Clock(before.epoch_ns + HOUR_NS, before.monotonic_ns))
    with pair.sender() as sender:
        for frame in frames:
            sender.send(frame)
    table = rest(ring, source)
    assert table.column("frame").to_pylist() == frames
    assert table.column("wire_len").to_pylist() == list(map(len, frames))
    times = table.column("ts").cast(pa.int64()).to_pylist()
    now = before.now_ns() + HOUR_NS  # times are told in the clock that was given, whatever the wall says
    assert before.epoch_ns + HOUR_NS - 10**6 < times[0] <= times[-1] < now + 10**6
    assert source.ledger_stage.as_dict() == {
        "unit": "frames", "offered": 600, "delivered": 600, "in_flight": 0, "dropped": {}, "unexplained": 0,
    }  # fmt: skip


def test_a_capture_that_tcpreplay_sends_arrives_to_the_byte(pair: Wire, tmp_path: Path) -> None:
    if not shutil.which("tcpreplay"):
        pytest.skip("optional: tcpreplay is not installed")
    frames = mixed(300)
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    records = [struct.pack("<IIII", 1, n, len(f), len(f)) + f for n, f in enumerate(frames)]
    (tmp_path / "sent.pcap").write_bytes(head + b"".join(records))
    ring, source = listening(pair)
    command = ["ip", "netns", "exec", pair.sending, "tcpreplay", "-q", "-t", "-i", SEND, str(tmp_path / "sent.pcap")]
    subprocess.run(command, check=True, capture_output=True)
    assert rest(ring, source).column("frame").to_pylist() == frames


def test_a_full_ring_drops_and_counts(pair: Wire) -> None:
    ring, source = listening(pair, ring_bytes=2 * 4096, block_bytes=4096)
    with pair.sender() as sender:
        for n in range(500):
            sender.send(tcp("198.18.0.1", "198.19.0.1", n + 1, 80))
    table = rest(ring, source)
    stage = source.ledger_stage
    assert (stage.offered, stage.unexplained) == (500, 0)
    assert stage.dropped["kernel"] == 500 - table.num_rows > 400
    assert source.drops[-1][1] == stage.dropped["kernel"]
    assert f"the kernel dropped {stage.dropped['kernel']:,} of 500 frames" in source.notes[0]


def test_what_comes_from_outside_the_lab_is_counted_as_foreign(pair: Wire) -> None:
    ring, source = listening(pair, lab=True)
    with pair.sender() as sender:
        for n in range(50):
            sender.send(tcp("198.18.0.1" if n % 5 else "192.0.2.1", "198.19.0.1", n + 1, 80))
    assert rest(ring, source).num_rows == 40
    assert source.ledger_stage.dropped == {"foreign": 10}
    assert source.ledger_stage.unexplained == 0


def promiscuity(pair: Wire) -> int:
    """How many ask the interface for what is addressed to others."""
    command = ["ip", "-n", pair.listening, "-d", "-j", "link", "show", LISTEN]
    found: int = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)[0]["promiscuity"]
    return found


def test_snap_length_filter_and_fanout(pair: Wire) -> None:
    try:
        chosen = listening(pair, filter_text="udp", snaplen=80, promiscuous=True)
    except LackingError as error:
        pytest.skip(f"optional: {error}")
    assert promiscuity(pair) == 1
    halves = [listening(pair, fanout=77) for _ in range(2)]
    short = listening(pair, snaplen=64)
    with pair.sender() as sender:
        for n in range(100):
            sender.send(udp("198.18.0.1", "198.19.0.1", n + 1, 53, bytes(100)))
            sender.send(tcp("198.19.0.1", "198.18.0.1", 53, n + 1))
            sender.send(tcp("198.18.0.1", "198.19.0.1", n + 1, 53))
    table = rest(*chosen)
    assert promiscuity(pair) == 0
    assert {len(frame) for frame in table.column("frame").to_pylist()} == {80}
    assert table.column("wire_len").to_pylist() == [142] * 100
    assert rest(*short).column("frame").to_pylist()[0] == udp("198.18.0.1", "198.19.0.1", 1, 53, bytes(100))[:64]
    ends = [
        {frozenset((frame[34:36], frame[36:38])) for frame in rest(*half).column("frame").to_pylist() if frame[23] == 6}
        for half in halves
    ]
    assert len(ends[0]) + len(ends[1]) == 100  # both directions of a flow went to one of them
    assert all(ends)


def test_our_own_frames_are_not_ours_to_see(pair: Wire) -> None:
    ring, source = listening(pair)

    def opened() -> None:
        import socket

        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
            sender.bind((LISTEN, 0))
            sender.send(tcp("198.18.0.1", "198.19.0.1", 1, 80))

    inside(pair.listening, opened)
    assert rest(ring, source).num_rows == 0
    assert source.ledger_stage.offered == 0


def test_an_interface_that_goes_away_is_one_line(pair: Wire) -> None:
    ring, source = listening(pair)
    subprocess.run(["ip", "-n", pair.listening, "link", "set", LISTEN, "down"], check=True)
    try:
        with pytest.raises(InputError, match="the interface is down or gone"):
            list(source.batches())
    finally:
        subprocess.run(["ip", "-n", pair.listening, "link", "set", LISTEN, "up"], check=True)
        ring.close()
