from __future__ import annotations

import numpy as np

from detector.partials import ENTRY, Gatherer
from detector.partials_packed import packed, unpacked
from tests.detector.test_partials import SEED, slots_of, tick


def test_entries_survive_the_way_and_take_less_room():
    entries = Gatherer(SEED).reduce(tick(), slots_of(range(300)), np.arange(300, dtype=np.int64)).entries
    found = packed(entries)
    assert unpacked(found).tobytes() == entries.tobytes()
    assert found.words.nbytes + found.masks.nbytes < entries.nbytes * 0.7


def test_nothing_is_nothing():
    assert not len(unpacked(packed(np.zeros(0, ENTRY))))
