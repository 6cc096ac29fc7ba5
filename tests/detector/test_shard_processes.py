"""Processes over shared memory: what they are handed, and that a lost one is an error at once."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from contract.errors import LackingError
from detector import shard_processes
from detector.meter import Meter
from detector.shard_processes import Carver, Processes, carve
from tests.detector.captured import START, A, B, batch_of, eth, ip4, meter_of, udp


def test_every_process_carves_alike() -> None:
    make = Carver(None)
    make(10, np.dtype(np.int64))
    make(5000, np.dtype(np.uint8))
    assert make.size == 4096 + 8192
    assert carve(None, 256, 2, fresh=True)[2] == carve(None, 256, 2, fresh=False)[2]


@pytest.fixture
def meter():
    made = Meter(capacity=256, shards=2, processes=True)
    yield made
    made.close()


def test_a_lost_process_is_an_error_at_once(meter: Meter) -> None:
    crew = meter._shards.crew
    assert isinstance(crew, Processes)
    (pid,) = crew.pids
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(LackingError, match=r"shard 1 was lost \(killed by SIGKILL\)"):
        meter.update(batch_of([eth(ip4(A, B, 17, udp(1, 2)))], [START]))
    meter.close()
    assert crew.pids == []


def test_one_that_does_not_answer_is_an_error_too(meter: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    crew = meter._shards.crew
    assert isinstance(crew, Processes)
    (pid,) = crew.pids
    monkeypatch.setattr(shard_processes, "_PATIENCE_S", 0.05)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(LackingError, match="shard 1 has not answered"):
        meter.update(batch_of([eth(ip4(A, B, 17, udp(1, 2)))], [START]))
    os.kill(pid, signal.SIGCONT)


def test_frames_that_do_not_fit_come_in_pieces_and_long_ones_without_their_end(
    meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = meter._shards.crew
    assert isinstance(crew, Processes)
    monkeypatch.setattr(shard_processes, "BUFFER_BYTES", 400)
    monkeypatch.setattr(shard_processes, "_MOST_BYTES", 150)
    data = [eth(ip4(A, B, 17, udp(port, 2, bytes(n)))) for port, n in enumerate((300, 20, 90, 1, 40))]
    meter.update(batch_of(data, [START] * 5))
    one = meter_of(data)
    for name in ("bytes", "payload", "packets", "flow_id"):
        assert meter.table.flows[name][meter.dirty()].tolist() == one.table.flows[name][one.dirty()].tolist()
