"""The bare meter's records are one cache line each."""

from __future__ import annotations

from detector.bare_table import BARE, SHORT, new_bare_table
from detector.flowtable import FREE_SLOTS


def test_a_flow_is_one_cache_line():
    assert BARE.itemsize == 64
    assert SHORT.itemsize <= 48
    table = new_bare_table(100)
    assert table.flows.ctypes.data % 64 == 0
    assert table.counters[FREE_SLOTS] == len(table.flows) == 164
