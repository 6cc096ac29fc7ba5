"""Finding a flow: an index with open addressing over stable slots.

The index holds (slot, hash) pairs, found by linear probing; the records themselves never move. Deletion shifts the
pairs behind the gap back, so there are no tombstones and probes stay short however many flows have come and gone. The
hash is seeded and the same for both directions of a flow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from contract.jit import kernel
from detector.flowtable import LIVE, FlowTable
from detector.fragments import mix
from detector.packet import Int, Record


@kernel
def _endpoint(high: np.uint64, low: np.uint64, port: Int, seed: np.uint64) -> Int:
    return mix(mix(low ^ seed) ^ (high * np.uint64(0x9E3779B97F4A7C15)) ^ (np.uint64(port) << np.uint64(20)))


@kernel
def key_hash(address: Record, key_port: Record, protocol: Int, seed: np.uint64) -> Int:
    """The hash (uint64) of a flow's key, whichever end stands first."""
    one = _endpoint(address[0, 0], address[0, 1], key_port[0], seed)
    two = _endpoint(address[1, 0], address[1, 1], key_port[1], seed)
    return mix(one + two + np.uint64(protocol))


@kernel
def side_of(flow: Record, address: Record, key_port: Record, protocol: Int) -> Int:
    """Who sends in that flow: 0 its starter, 1 the other one, -1 another flow altogether."""
    mine, ports = flow["address"], flow["key_port"]
    if flow["protocol"] != protocol:
        return -1
    if (
        mine[0, 1] == address[0, 1]
        and mine[1, 1] == address[1, 1]
        and ports[0] == key_port[0]
        and ports[1] == key_port[1]
        and mine[0, 0] == address[0, 0]
        and mine[1, 0] == address[1, 0]
    ):
        return 0
    if (
        mine[0, 1] == address[1, 1]
        and mine[1, 1] == address[0, 1]
        and ports[0] == key_port[1]
        and ports[1] == key_port[0]
        and mine[0, 0] == address[1, 0]
        and mine[1, 0] == address[0, 0]
    ):
        return 1
    return -1


@kernel
def find(table: FlowTable, address: Record, key_port: Record, protocol: Int, hashed: np.uint64) -> tuple[Any, Any]:
    """Slot and side of the live flow with that key; (-1, 0) where there is none."""
    mask = len(table.index_slot) - 1
    tag = np.uint32(hashed)
    place = np.int64(tag) & mask
    while table.index_slot[place] >= 0:
        if table.index_hash[place] == tag:
            slot = np.int64(table.index_slot[place])
            side = side_of(table.flows[slot], address, key_port, protocol)
            if side >= 0:
                return slot, np.int64(side)
        place = (place + 1) & mask
    return np.int64(-1), np.int64(0)


@kernel
def insert(table: FlowTable, slot: Int, hashed: np.uint64) -> None:
    """Make a slot findable under that hash. The index is at least twice as large as the table: there is room."""
    mask = len(table.index_slot) - 1
    tag = np.uint32(hashed)
    place = np.int64(tag) & mask
    while table.index_slot[place] >= 0:
        place = (place + 1) & mask
    table.index_slot[place] = np.int32(slot)
    table.index_hash[place] = tag


@kernel
def remove(table: FlowTable, slot: Int, seed: np.uint64) -> None:
    """Make a slot unfindable, and close the gap by shifting back what was pushed beyond it."""
    flow = table.flows[slot]
    mask = len(table.index_slot) - 1
    gap = np.int64(np.uint32(key_hash(flow["address"], flow["key_port"], flow["protocol"], seed))) & mask
    while table.index_slot[gap] != slot:
        if table.index_slot[gap] < 0:
            return
        gap = (gap + 1) & mask
    place = (gap + 1) & mask
    while table.index_slot[place] >= 0:
        home = np.int64(table.index_hash[place]) & mask
        if ((place - home) & mask) >= ((place - gap) & mask):
            table.index_slot[gap] = table.index_slot[place]
            table.index_hash[gap] = table.index_hash[place]
            gap = place
        place = (place + 1) & mask
    table.index_slot[gap] = np.int32(-1)


@kernel
def chain_lengths(table: FlowTable) -> npt.NDArray[np.int64]:
    """How far each live flow stands from its home in the index: (live,) places. For tests and health checks."""
    mask = len(table.index_slot) - 1
    lengths = np.empty(len(table.index_slot), np.int64)
    count = 0
    for place in range(len(table.index_slot)):
        slot = table.index_slot[place]
        if slot >= 0 and table.flows[slot]["state"] == LIVE:
            lengths[count] = (place - np.int64(table.index_hash[place])) & mask
            count += 1
    return lengths[:count].copy()
