"""Flow tables filled by hand, for tests of what reads them."""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.flowtable import LIVE, FlowTable, new_table

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def empty(capacity: int = 256) -> FlowTable:
    return new_table(capacity)


def put(table: FlowTable, slot: int, source: int, target: int, port: Any = 80, **facts: Any) -> None:
    """A fresh TCP flow of one SYN; ``facts`` replace fields."""
    table.flows[slot] = np.zeros(1, table.flows.dtype)[0]
    table.before[slot] = np.zeros(1, table.before.dtype)[0]
    flow = table.flows[slot]
    flow["address"][0] = (0, 0xFFFF00000000 + source)
    flow["address"][1] = (0, 0xFFFF00000000 + target)
    flow["port"] = port if isinstance(port, tuple) else (40000 + slot, port)
    flow["protocol"] = 6
    flow["state"] = LIVE
    flow["fresh"] = 1
    flow["flow_id"] = slot + 1
    flow["first"] = flow["last"] = START
    flow["packets"] = (1, 0)
    flow["bytes"] = (60, 0)
    flow["flags"] = (2, 0)
    flow["tcp_state"] = 1
    flow["syns"] = (1, 0)
    flow["response"] = -1
    for name, value in facts.items():
        table.flows[name][slot] = value


def close_tick(table: FlowTable, slots: list[int]) -> None:
    """What ``Meter.clear_dirty`` does."""
    for name in table.before.dtype.names or ():
        table.before[name][slots] = table.flows[name][slots]
    table.flows["fresh"][slots] = 0


def slots_of(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int32)
