"""Counting in a hash table, against a Counter."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contract.jit import lean_kernel
from generator.replay.octets import U64
from generator.replay.tables import UNLISTED, Seen, listed, new_seen, note, roomy


@lean_kernel
def count(seen: Seen, keys: U64) -> None:
    for key in keys:
        note(seen, key, 1)


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), max_size=60))
def test_keys_are_counted(keys: list[int]) -> None:
    seen = new_seen(16)
    for key in keys:
        seen = roomy(seen, 1)
        count(seen, np.array([key], np.uint64))
    found, times = listed(seen)
    assert dict(zip(found.tolist(), times.tolist(), strict=True)) == Counter(keys)
    assert found.tolist() == sorted(set(keys))
    assert seen.state[UNLISTED] == 0


def test_a_full_table_counts_what_it_does_not_list() -> None:
    seen = new_seen(16)
    count(seen, np.arange(100, dtype=np.uint64))
    found, times = listed(seen)
    assert len(found) == 10
    assert times.sum() + seen.state[UNLISTED] == 100
