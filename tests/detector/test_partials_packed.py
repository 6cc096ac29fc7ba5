from __future__ import annotations

import numpy as np

from detector.partials import ENTRY, Gatherer
from detector.partials_packed import Sums, packed
from tests.detector.test_partials import SEED, slots_of, tick


def test_entries_survive_the_way_tick_by_tick_and_take_less_room():
    table, ticks = tick(), (range(120), range(120, 300), range(0))
    parts = [Gatherer(SEED).reduce(table, slots_of(rows), np.array(rows, np.int64)).entries for rows in ticks]
    found = packed(np.concatenate(parts))
    sums, ends = Sums([found], Gatherer(SEED)), np.cumsum([len(part) for part in parts])
    for part, end in zip(parts, ends, strict=True):
        assert sums.tick(np.array([end])).tobytes() == part.tobytes()
    assert found.words.nbytes + found.masks.nbytes < sum(part.nbytes for part in parts) * 0.7


def test_nothing_is_nothing():
    nothing = packed(np.zeros(0, ENTRY))
    assert not len(Sums([nothing, nothing], Gatherer(SEED)).tick(np.zeros(2, np.int64)))
