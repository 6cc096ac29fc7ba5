"""Shards with tables of their own find the flows of one meter, whatever happens to them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.schemas import FLOWS
from detector.config import Config
from detector.model import Model, load_default
from detector.pipeline import Detector
from detector.shard_meter import Setup, ShardMeter
from detector.slicing import Slicer
from tests.detector.parted import HASH_SEED, parted
from tests.detector.streams import SECOND, batch, tcp
from tests.detector.test_pipeline import words

CONFIG = Config(capacity=256, idle_s=20, active_s=40, seed=7)
ROW = st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from([1, 2, 17, 18, 4]), st.integers(0, 3))


class Flows:
    """Keeps the flows that come out of a detector."""

    def __init__(self, detector: Detector) -> None:
        self.detector, self.found = detector, []

    def add(self, out) -> None:
        self.found += [out.flows] if out.flows is not None else []

    def answer(self):
        self.add(self.detector.outputs())
        return words(pa.Table.from_batches(self.found, FLOWS)), self.detector.status()


@pytest.fixture(scope="module")
def model() -> Model:
    return load_default()


@given(st.lists(ROW, max_size=60), st.integers(1, 4), st.integers(1, 9), st.sets(st.integers(1, 40), max_size=6))
@settings(max_examples=15)
def test_small_streams_over_shards_that_are_lost(model, rows, shards, size, lost) -> None:
    now, frames = 1_800_000_000 * SECOND, []
    for src, dst, flags, pause in rows:
        now += pause * 7 * SECOND + 1000
        frames.append((now, tcp(f"198.18.0.{src}", f"198.18.0.{dst}", 1000 + src, 80, flags)))
    one = Detector(CONFIG, model)
    whole = Flows(one)
    if frames:
        one.feed(batch(frames))
    one.finish()
    batches = [batch(frames)] if frames else []
    assert parted(batches, Setup(CONFIG, shards, HASH_SEED), model, Flows, size, lost) == whole.answer()


def test_a_table_that_is_full_ends_flows_and_says_so(model) -> None:
    config = Config(capacity=64, seed=7)
    frames = [(n * 1_000_000, tcp(f"198.18.{n // 250}.{n % 250}", "198.18.9.9", 1000, 80)) for n in range(2000)]
    flows, status = parted([batch(frames)], Setup(config, 2, HASH_SEED), model, Flows, 100)
    assert status["flows_evicted"] > 1000
    assert len(flows) == status["flows"] > 0
    assert sum(row["packets_fwd"] + row["packets_bwd"] for row in flows) <= 2000


def test_an_answer_can_be_made_twice() -> None:
    setup = Setup(CONFIG, 1, HASH_SEED)
    slicer = Slicer(setup, 1)
    slicer.feed(batch([(n, tcp("198.18.0.1", "198.18.0.2", 1000 + n, 80)) for n in range(20)]))
    slicer.finish()
    (cut,) = slicer.cuts()
    one, two = (ShardMeter(setup, 0).work(cut.parcels[0], cut.slice.edges) for _ in range(2))
    assert [packed.words.tobytes() for packed in one.packed] == [packed.words.tobytes() for packed in two.packed]
    assert np.array_equal(one.at, two.at)
    assert len(one.slots) == 20
