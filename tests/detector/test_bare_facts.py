"""Files of the bare meter say what the catalogue says, where they say something."""

from __future__ import annotations

import numpy as np

from detector.bare import BareMeter
from detector.bare_facts import BARE_FACTS, bare_facts
from detector.flow_facts import FLOW_FACTS, facts_of_flows
from detector.meter import Meter
from tests.detector.captured import START, batch_of
from tests.detector.test_meter import dense

KEY = [(name, "ascending") for name in ("first", "src", "dst", "src_port", "dst_port", "protocol")]


def rows(batch):
    """As text, times with all their digits."""
    ordered = batch.select(BARE_FACTS.names).sort_by(KEY)
    return {name: ordered.column(name).cast("string").to_pylist() for name in BARE_FACTS.names}


def test_columns_are_those_of_the_catalogue():
    for seed in range(3):
        frames = [row[0] for row in dense(seed)]
        batch = batch_of(frames, START + np.arange(len(frames)) * 1_000_000)
        full, bare = Meter(1000, seed=1), BareMeter(1000, seed=1)
        full.update(batch)
        bare.update(batch)
        found = bare_facts(bare, bare.finish())
        assert found.schema == BARE_FACTS
        assert rows(found) == rows(facts_of_flows(full.table, full.finish()))
    assert all(FLOW_FACTS.field(name) == BARE_FACTS.field(name) for name in BARE_FACTS.names)
