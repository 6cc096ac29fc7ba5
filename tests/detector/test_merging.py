"""The books of a merger balance, and it says of frames what their way counted."""

from __future__ import annotations

from detector.config import Config
from detector.model import load_default
from detector.shard_meter import Setup
from tests.detector.parted import HASH_SEED, Parted
from tests.detector.streams import SECOND, batch, tcp, udp


def test_the_ledger_counts_each_frame_once() -> None:
    work = Parted(Setup(Config(capacity=1024, seed=7), 3, HASH_SEED), load_default(), rows=10)
    start = 1_800_000_000 * SECOND
    frames = [(start + n * 20_000_000, tcp("198.18.0.1", "198.18.0.2", 1000 + n % 7, 80, 16)) for n in range(90)]
    frames.insert(40, (frames[40][0], bytes(12) + b"\x88\xcc" + bytes(40)))
    frames.insert(50, (frames[45][0], udp("198.18.0.1", "198.18.0.2", 5, 53)))  # older than those before
    list(work.feed(batch(frames[:60])))
    assert work.merger.settle().balanced
    list(work.feed(batch(frames[60:])))
    list(work.feed(None))
    work.merger.finish()
    ledger, status = work.merger.settle(), work.merger.status()
    assert ledger.balanced
    assert ledger.stages["decode"].offered == 92
    assert ledger.stages["decode"].dropped == {"not_ip": 1}
    assert ledger.stages["meter"].delivered == 91
    assert status["frames"] == 92
    assert status["frames_out_of_order"] == 1
    assert status["flows"] == 8
    work.merger.close()
