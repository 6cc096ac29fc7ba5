"""Rows that few flows have: taken once, blank when taken, used again when given back."""

from __future__ import annotations

import random

import numpy as np

from contract.jit import lean_kernel
from detector.side_rows import drop_row, new_side_rows, rows_in_use, take_row

KIND = np.dtype([("count", "i8")])


@lean_kernel
def add(side, slot):
    side.rows[take_row(side, slot)]["count"] += 1


@lean_kernel
def drop(side, slot):
    drop_row(side, slot)


def test_follows_a_dictionary():
    (side,), known, rng = new_side_rows(20, KIND, 1, np.zeros), {}, random.Random(4)
    for _ in range(2000):
        slot = rng.randrange(20)
        if rng.random() < 0.3:
            drop(side, slot)
            known.pop(slot, None)
        else:
            add(side, slot)
            known[slot] = known.get(slot, 0) + 1
        assert rows_in_use(side) == len(known)
    assert side.rows[side.of]["count"].tolist() == [known.get(slot, 0) for slot in range(20)]
    assert side.counters[1] <= 20


def test_shards_give_out_rows_of_their_own():
    one, two = new_side_rows(5, KIND, 2, np.zeros)
    for slot in range(5):
        add(one, slot)
        add(two, 5 + slot)
    assert sorted(one.of.tolist()) == list(range(1, 11))
    assert one.rows["count"].tolist() == [0] + [1] * 10
    assert rows_in_use(two) == 5
