"""The ring behind the queue: everything counted, times kept, the queue's limit passed on to the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from contract.clock import Clock
from contract.errors import InputError
from detector import live_inbox
from detector.capture.live_socket import Options, Ring, open_rings
from detector.live_inbox import LiveInbox, ReceivedFile, _together, drops_of
from tests.detector.streams import tcp, udp
from tests.detector.wires import LISTEN, Wire, inside, needs_wire, wire

# What tcpdump makes of "ip and udp".
UDP = ("40 0 0 12", "21 0 3 2048", "48 0 0 23", "21 0 1 17", "6 0 0 262144", "6 0 0 0")


@pytest.fixture(scope="module")
def pair() -> Iterator[Wire]:
    with wire() as made:
        yield made


def opened(pair: Wire, times: Path | None = None, ring_bytes: int = 4 << 20, block_bytes: int = 1 << 18) -> LiveInbox:
    options = Options(LISTEN, ring_bytes=ring_bytes, block_bytes=block_bytes)
    ring = inside(pair.listening, lambda: Ring(options))
    return LiveInbox([ring], Clock.start(), lab=True, received_times=times)


def drained(inbox: LiveInbox) -> list[int]:
    inbox.stop()
    times, over = [], False
    while not over:
        batch, over = inbox.take(1.0)
        if batch is not None:
            times += batch.column("ts").cast(pa.int64()).to_pylist()
    inbox.close()
    return times


@needs_wire
def test_times_and_counts_of_all_that_came(pair: Wire, tmp_path: Path) -> None:
    inbox = opened(pair, tmp_path / "times.npy")
    with pair.sender() as sender:
        for number in range(300):
            sender.send(tcp("198.18.0.1" if number % 3 else "192.0.2.1", "198.19.0.1", number + 1, 80))
    times = drained(inbox)
    assert len(times) == 200
    assert np.load(tmp_path / "times.npy").tolist() == times
    assert np.load(drops_of(tmp_path / "times.npy")).shape == (0, 2)
    assert inbox.status() == {
        "capture": {"received": 200, "kernel_dropped": 0, "foreign": 100, "late": 0, "held_back": 0}
    }
    ledger = inbox.ledger()
    assert ledger.faults() == []
    assert ledger.stages["capture"].offered == 300
    assert inbox.error is None


@needs_wire
def test_when_nobody_takes_the_kernel_drops_and_counts(pair: Wire, tmp_path: Path) -> None:
    inbox = opened(pair, tmp_path / "times.npy", 2 * 4096, 4096)
    with pair.sender() as sender:
        for number in range(20_000):
            sender.send(tcp("198.18.0.1", "198.19.0.1", number % 8_000 + 1, 80))
    times = drained(inbox)
    dropped = 20_000 - len(times)
    assert dropped > 0
    assert inbox.status()["capture"]["kernel_dropped"] == dropped
    assert inbox.ledger().faults() == []
    assert np.load(drops_of(tmp_path / "times.npy"))[-1, 1] == dropped


def test_a_file_of_times_grows_and_is_whole_at_the_end(tmp_path: Path) -> None:
    times = ReceivedFile(tmp_path / "t.npy")
    for low in range(0, 10_000, 1000):
        times.append(np.arange(low, low + 1000))
    times.close([(5, 1), (9, 4)])
    assert np.load(tmp_path / "t.npy", mmap_mode="r").tolist() == list(range(10_000))
    assert np.load(tmp_path / "t.drops.npy").tolist() == [[5, 1], [9, 4]]
    with pytest.raises(InputError, match=r"t\.npy: No such file"):
        ReceivedFile(tmp_path / "none" / "t.npy")


@needs_wire
@pytest.mark.parametrize(("rings", "mib"), [(1, 2), (3, 3)])
def test_sent_is_received_and_dropped_and_filtered(
    pair: Wire, rings: int, mib: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the frames are not what the filter wants. At overload all the rest is read or counted as dropped."""
    monkeypatch.setattr(live_inbox, "_MOST_BATCHES", 8)
    wanted = f"{len(UDP)},{','.join(UDP)}"
    options = Options(LISTEN, filter_text=wanted, ring_bytes=mib << 20, rings=rings)
    inbox = LiveInbox(inside(pair.listening, lambda: open_rings(options)), Clock.start(), lab=False)
    frames = [udp("198.18.0.1", f"198.19.0.{n % 200 + 1}", n + 1, 53, bytes(1200)) for n in range(8_000)]
    with pair.sender() as sender:
        for frame in frames:  # more than the rings and the queue hold: nobody takes meanwhile
            sender.send(frame)
            sender.send(frame[:23] + b"\x06" + frame[24:])
    inbox.stop()
    times, found, over = [], [], False
    while not over:
        batch, over = inbox.take(1.0)
        if batch is not None:
            times += batch.column("ts").cast(pa.int64()).to_pylist()
            found += [frame[34:36] for frame in batch.column("frame").to_pylist()]
    inbox.close()
    stage, capture = inbox.ledger().stages["capture"], inbox.status()["capture"]
    assert inbox.ledger().faults() == []
    assert (stage.offered, stage.delivered) == (8_000, len(times))
    assert stage.dropped["kernel"] == capture["kernel_dropped"] == 8_000 - len(times) > 0
    assert len(set(found)) == len(found)  # none came twice, through two rings
    assert capture["held_back"] > 0
    assert (np.diff(times) < 0).sum() <= capture["late"]


@needs_wire
def test_rings_share_flow_by_flow_and_all_arrives(pair: Wire) -> None:
    inbox = LiveInbox(
        inside(pair.listening, lambda: open_rings(Options(LISTEN, ring_bytes=6 << 20, rings=3))),
        Clock.start(),
        lab=False,
    )
    with pair.sender() as sender:
        for number in range(900):
            a, b = ("198.18.0.1", 1000 + number % 300), ("198.19.0.1", 53)
            (source, sport), (target, dport) = (a, b) if number < 450 else (b, a)
            sender.send(udp(source, target, sport, dport, number.to_bytes(2, "big")))
    inbox.stop()
    found, over = [], False
    while not over:
        batch, over = inbox.take(1.0)
        found += [int.from_bytes(frame[42:44], "big") for frame in batch.column("frame").to_pylist()] if batch else []
    inbox.close()
    assert sorted(found) == list(range(900))
    each = [source.ledger_stage.delivered for source in inbox._sources]
    assert sum(each) == 900
    assert all(each)
    assert inbox.ledger().faults() == []
    assert found == list(range(900)) or inbox.status()["capture"]["late"] > 0


def test_what_several_rings_dropped_is_one_count() -> None:
    assert _together([[(5, 1), (9, 4)], [(7, 10)], []]) == [(5, 1), (7, 11), (9, 14)]
    assert _together([[]]) == []
