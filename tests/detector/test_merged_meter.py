"""What a merger holds of a shard is what that shard has."""

from __future__ import annotations

import numpy as np

from detector.config import Config
from detector.model import load_default
from detector.shard_meter import Setup
from tests.detector.parted import HASH_SEED, Parted
from tests.detector.streams import SECOND, batch, tcp

SETUP = Setup(Config(capacity=1024, seed=7), 2, HASH_SEED)


def test_held_are_the_live_flows_of_one_shard() -> None:
    work = Parted(SETUP, load_default(), rows=1)
    start = 1_800_000_000 * SECOND
    frames = [(start + n * 1000, tcp("198.18.0.1", "198.18.0.2", 1000 + n, 80, 2, b"abc")) for n in range(100)]
    frames += [(start + SECOND, tcp("198.18.0.1", "198.18.0.2", 1000 + n, 80, 4)) for n in range(30)]  # reset
    frames.append((start + 6 * SECOND, tcp("198.18.0.3", "198.18.0.4", 1, 80, 2)))  # those have lingered out
    list(work.feed(batch(frames)))
    list(work.feed(None))
    held = [work.merger.held(shard) for shard in range(2)]
    assert all(one is not None for one in held)
    ids = np.concatenate([one.records["flow_id"] for one in held])
    assert sorted(ids.tolist()) == [*range(31, 101), 131]
    for one, meter in zip(held, work.meters, strict=True):
        table = meter._table
        again = table.flows[one.slots]
        for name in ("flow_id", "address", "port", "packets", "bytes", "first", "last", "payload_kept", "state"):
            assert np.array_equal(again[name], one.records[name]), name
        rows = one.records["payload_row"]
        assert np.array_equal(one.payload[rows[rows > 0] - 1], table.payload[again["payload_row"][rows > 0]])
    work.merger.close()


def test_nothing_is_held_before_the_first_slice() -> None:
    work = Parted(SETUP, load_default(), rows=1)
    assert work.merger.held(0) is None
    work.merger.close()
