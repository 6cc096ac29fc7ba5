from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.flowtable import FREE_SLOTS, LIVE_FLOWS, new_table
from detector.remote_index import forget, new_index, payload_rows_of, place, side_rows_of

STEPS = st.lists(
    st.tuples(st.booleans(), st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60)), min_size=1, max_size=20)),
    max_size=25,
)


def placed(index, table, keys):
    slots, new = np.empty(len(keys), np.int32), np.empty(len(keys), np.bool_)
    sessions = np.array([key[0] for key in keys], np.uint32)
    refused = place(index, table, sessions, np.array([key[1] for key in keys], np.uint64), slots, new)
    return slots, new, refused


@given(STEPS)
@settings(deadline=None, max_examples=40)
def test_it_finds_what_a_dictionary_finds(steps):
    table = new_table(60)
    index = new_index(len(table.flows), 5)
    known: dict[tuple[int, int], int] = {}
    for adding, keys in steps:
        if adding:
            slots, new, _ = placed(index, table, keys)
            for key, slot, fresh in zip(keys, slots.tolist(), new.tolist(), strict=True):
                if slot >= 0:
                    assert fresh == (key not in known)
                    assert known.setdefault(key, slot) == slot
                else:
                    assert key not in known
        else:
            gone = [key for key in dict.fromkeys(keys) if key in known]
            forget(index, np.array([known.pop(key) for key in gone], np.int32))
    assert sorted(index.places[index.places >= 0].tolist()) == sorted(known.values())
    if known:
        slots, new, _ = placed(index, table, list(known))
        assert slots.tolist() == list(known.values())
        assert not new.any()


def test_where_no_slot_is_free_a_flow_is_refused():
    table = new_table(1)
    index = new_index(len(table.flows), 0)
    room = int(table.counters[FREE_SLOTS])
    slots, new, refused = placed(index, table, [(1, n) for n in range(room + 3)])
    assert refused == 3
    assert (slots[room:] == -1).all()
    assert new.sum() == room == table.counters[LIVE_FLOWS]


def test_rows_beside_are_given_once_a_slot():
    table = new_table(8)
    out = np.empty(4, np.int64)
    side_rows_of(table.rare, np.array([3, 1, 3, 2], np.int32), out)
    assert out[0] == out[2]
    assert len({*out.tolist()}) == 3
    rows = np.empty(3, np.uint32)
    payload_rows_of(table, rows)
    assert sorted(rows.tolist()) == [1, 2, 3]
