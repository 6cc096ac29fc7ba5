from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from store.records import SECOND, empty_verdicts, roll_up
from store.seen import Seen
from tests.store.helpers import FAMILIES, START, times, verdicts

row = st.tuples(st.integers(0, 12), st.integers(0, 2), st.booleans(), st.integers(0, 3))


def batch(rows) -> pa.RecordBatch:
    """Verdicts with (flow, family, final, second) each."""
    made = verdicts(len(rows), codes=np.array([r[1] for r in rows]))
    columns = dict(zip(made.schema.names, made.columns, strict=True))
    columns["flow_id"] = pa.array(np.array([r[0] for r in rows], np.uint64))
    columns["final"] = pa.array([r[2] for r in rows])
    columns["decided"] = times(START + np.array([r[3] for r in rows]) * SECOND)
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=made.schema)


def naive(rows, held: set[int]) -> dict[tuple[int, str], list[int]]:
    sums: dict[tuple[int, str], list[int]] = {}
    for flow, code, final, second in rows:
        total = sums.setdefault((START // SECOND + second, FAMILIES[code]), [0, 0, 0, 0])
        if code and flow not in held:
            total[0] += 1
        if code:
            held.add(flow)
        if final:
            held.discard(flow)
            total[1] += 1
            total[2] += 2
            total[3] += 120
    return {key: value for key, value in sums.items() if value[0] or value[1]}


@given(st.lists(st.lists(row, min_size=1, max_size=30), max_size=4))
def test_rollups_are_what_a_plain_count_gives(batches):
    seen, held = Seen(), set()
    for rows in batches:
        found = {(second, family): list(rest) for second, family, *rest in roll_up(batch(rows), seen)}
        assert found == naive(rows, held)


def test_nothing_rolls_up_to_nothing():
    assert roll_up(None, Seen()) == []
    assert roll_up(empty_verdicts(), Seen()) == []


def test_each_second_and_family_comes_once():
    rolled = roll_up(verdicts(3000), Seen())
    assert max(Counter((second, family) for second, family, *_ in rolled).values()) == 1
