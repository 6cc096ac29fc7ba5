"""The layout of the table that other rooms build on."""

from __future__ import annotations

import pytest

from detector.flowtable import FLOW, FREE_SLOTS, HOT_BYTES, NEVER, NEXT_DEADLINE, new_table


def test_records_are_whole_cache_lines_on_cache_lines():
    assert FLOW.itemsize % 64 == 0
    assert new_table(100).flows.ctypes.data % 64 == 0


def test_what_each_frame_touches_lies_at_the_front():
    fields = FLOW.fields
    assert fields is not None
    for name in ("packets", "bytes", "payload", "gap_m2", "next_seq", "acks", "last", "flags"):
        assert fields[name][1] + fields[name][0].itemsize <= HOT_BYTES, name


@pytest.mark.parametrize("capacity", [1, 63, 64, 1000])
def test_a_new_table_is_empty(capacity):
    table = new_table(capacity)
    slots = len(table.flows)
    assert slots >= capacity + 64
    assert len(table.places) >= 2 * capacity
    assert len(table.places) & (len(table.places) - 1) == 0
    assert not table.flows["state"].any()
    assert table.counters[FREE_SLOTS] == slots
    assert table.counters[NEXT_DEADLINE] == NEVER
    assert sorted(table.free.tolist()) == list(range(slots))
