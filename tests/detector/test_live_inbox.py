"""The ring behind the queue: everything counted, times kept, the queue's limit passed on to the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from contract.clock import Clock
from contract.errors import InputError
from detector.capture.live_socket import Options, Ring
from detector.live_inbox import LiveInbox, ReceivedFile, drops_of
from tests.detector.streams import tcp
from tests.detector.wires import LISTEN, Wire, inside, needs_wire, wire


@pytest.fixture(scope="module")
def pair() -> Iterator[Wire]:
    with wire() as made:
        yield made


def opened(pair: Wire, times: Path | None = None, ring_bytes: int = 4 << 20, block_bytes: int = 1 << 18) -> LiveInbox:
    options = Options(LISTEN, ring_bytes=ring_bytes, block_bytes=block_bytes)
    ring = inside(pair.listening, lambda: Ring(options))
    return LiveInbox(ring, Clock.start(), lab=True, received_times=times)


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
    assert inbox.status() == {"capture": {"received": 200, "kernel_dropped": 0, "foreign": 100}}
    ledger = inbox.ledger()
    assert ledger.faults() == []
    assert ledger.stages["capture"].offered == 300
    assert inbox.error is None


@needs_wire
def test_when_nobody_takes_the_kernel_drops_and_counts(pair: Wire, tmp_path: Path) -> None:
    inbox = opened(pair, tmp_path / "times.npy", 2 * 4096, 4096)
    with pair.sender() as sender:
        for number in range(20_000):
            sender.send(tcp("198.18.0.1", "198.19.0.1", number % 60_000 + 1, 80))
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
