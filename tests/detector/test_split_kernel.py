"""Packing leaves out only what a flow begins with."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.flowtable import FLOW
from detector.shard_meter import BLANK, _packed
from detector.split_kernel import WORDS, unpack


@given(
    st.lists(
        st.tuples(st.sampled_from(["last", "first", "flow_id", "turns", "payload_row"]), st.integers(0, 9)), max_size=9
    )
)
def test_what_is_packed_comes_back(values: list[tuple[str, int]]) -> None:
    records = np.zeros(10, FLOW)
    for name in FLOW.names or ():  # one by one: what lies between the fields stays zero
        records[name] = BLANK[name]
    for row, (name, value) in enumerate(values):
        records[name][row] = value
    rows = np.arange(0, 10, 2, dtype=np.int32)
    packed = _packed(records, rows)
    assert len(packed.columns) <= len({name for name, value in values})
    out = np.empty(10, FLOW)
    blank = BLANK.view(np.uint64).ravel()
    unpack(packed.words, packed.rows, packed.columns, blank, out.view(np.uint64).reshape(-1, WORDS))
    assert all(np.array_equal(out[name][rows], records[name][rows]) for name in FLOW.names or ())
