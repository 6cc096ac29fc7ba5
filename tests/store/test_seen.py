from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from store.seen import Seen


def naive(held: set[int], batch: list[tuple[int, bool, bool]]) -> list[bool]:
    turned = []
    for flow, attack, final in batch:
        turned.append(attack and flow not in held)
        if attack:
            held.add(flow)
        if final:
            held.discard(flow)
    return turned


rows = st.tuples(
    st.sampled_from([*range(40), *(n << 32 for n in range(1, 9)), 2**64 - 1]), st.booleans(), st.booleans()
)


@given(st.lists(st.lists(rows, max_size=60), max_size=6))
def test_it_counts_as_a_plain_set_does(batches):
    seen, held = Seen(), set()
    for batch in batches:
        ids = np.array([row[0] for row in batch], np.uint64)
        attack = np.array([row[1] for row in batch], np.bool_)
        final = np.array([row[2] for row in batch], np.bool_)
        seen.first_turns(ids, attack, final)
        seen.take_back()
        seen.take_back()  # there is nothing more
        assert len(seen) == len(held)
        assert seen.first_turns(ids, attack, final).tolist() == naive(held, batch)
        assert len(seen) == len(held)


def test_it_grows_and_forgets():
    seen = Seen()
    ids = np.random.default_rng(1).integers(0, 2**63, 50_000).astype(np.uint64)
    yes, no = np.ones(len(ids), np.bool_), np.zeros(len(ids), np.bool_)
    assert seen.first_turns(ids, yes, no).all()
    assert not seen.first_turns(ids, yes, no).any()
    assert not seen.first_turns(ids, yes, yes).any()
    assert len(seen) == 0
