"""100,000 spoiled frames: nothing crashes, each is metered or dropped for a reason, and the oracle agrees."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from detector.config import Config
from detector.meter import Meter
from detector.packet import REASONS
from detector.pipeline import Detector
from detector.tunnels import WAYS
from tests.detector.captured import agree
from tests.detector.streams import always
from tests.faults.corpus import mutated_frames

COUNT = 100_000
FLOWS = ("first", "last", "packets", "bytes", "payload", "protocol", "address", "key_port", "ended", "gap_mean")


@pytest.fixture(scope="module")
def frames() -> pa.RecordBatch:
    batch = mutated_frames(COUNT, 11)
    batch.validate(full=True)
    return batch


def metered(batch: pa.RecordBatch, pieces: list[int], tunnels: str) -> tuple[Counter[str], np.ndarray]:
    """What was dropped, and the facts of all flows, when it is fed in pieces."""
    meter = Meter(capacity=1 << 17, seed=3, tunnels=tunnels)
    dropped: Counter[str] = Counter()
    for low, high in zip(pieces, [*pieces[1:], batch.num_rows], strict=True):
        dropped.update(meter.update(batch, low, high))
    flows = meter.table.flows[meter.finish()]
    return dropped, flows[list(FLOWS)][np.argsort(flows["flow_id"])]


@pytest.mark.parametrize("tunnels", WAYS)
def test_each_is_metered_or_dropped_for_a_reason(frames: pa.RecordBatch, tunnels: str) -> None:
    dropped, flows = metered(frames, [0], tunnels)
    assert dropped.total() + int(flows["packets"].sum()) == COUNT
    assert dropped.total() < COUNT // 2
    assert set(dropped) == set(REASONS[1:]) - {"table_full"}
    again, same = metered(frames, [0, 1, 77, 5000, 5001, 99_999], tunnels)
    assert again == dropped
    assert (flows == same).all()


def test_through_the_whole_detector_the_ledger_balances(frames: pa.RecordBatch) -> None:
    detector = Detector(Config(capacity=4096), always("port_scan"))
    half = COUNT // 4
    for low in range(0, half, 10_000):
        detector.feed(frames.slice(low, min(10_000, half - low)))
    detector.finish()
    out = detector.outputs()
    assert detector.settle().faults() == []
    assert detector.ledger.stages["decode"].offered == half
    assert out.flows is not None
    out.flows.validate(full=True)
    packets = out.flows.column("packets_fwd").to_numpy().sum() + out.flows.column("packets_bwd").to_numpy().sum()
    assert packets == detector.ledger.stages["decode"].delivered
    assert detector.status()["flows_evicted"] > 0


def test_the_oracle_agrees_on_what_is_accepted_and_what_it_is(frames: pa.RecordBatch) -> None:
    """The plain-Python meter shares no line with the kernels: every fact of every flow of 1,500 of them."""
    part = frames.slice(0, 1500)
    columns = [part.column(name) for name in ("frame", "ts", "link", "wire_len")]
    data, ts, link, wire = (c.cast(pa.int64()).to_pylist() if i == 1 else c.to_pylist() for i, c in enumerate(columns))
    for low in range(0, 1500, 500):  # few enough at a time that the table of fragments is large
        high = low + 500
        agree(data[low:high], ts[low:high], link[low:high], wire[low:high], [100])
