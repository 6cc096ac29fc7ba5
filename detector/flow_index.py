"""Finding a flow: an index with open addressing over stable slots.

The index holds (slot, hash) pairs, found by linear probing; the records themselves never move. Deletion shifts the
pairs behind the gap back, so there are no tombstones and probes stay short however many flows have come and gone. The
hash is seeded and the same for both directions of a flow.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.flowtable import HOT_BYTES, PAYLOAD_BYTES, FlowTable
from detector.fragments import mix
from detector.packet import Int, Record
from detector.prefetch import prefetch

_EMPTY: Final = np.uint64(0)
_ONE: Final = np.uint64(1)
_HALF: Final = np.uint64(32)
_TAG: Final = np.uint64(0xFFFFFFFF00000000)  # of the hash
_SLOT: Final = np.uint64(0xFFFFFFFF)  # plus one


@lean_part
def _endpoint(high: np.uint64, low: np.uint64, port: Int, seed: np.uint64) -> Int:
    value = mix(low ^ seed)
    if high != np.uint64(0):  # IPv6. A round of its own: else prefix and port could be chosen to cancel each other out
        value = mix(value ^ high)
    return mix(value ^ (np.uint64(port) << np.uint64(20)))


@lean_part
def key_hash(address: Record, key_port: Record, protocol: Int, seed: np.uint64) -> Int:
    """The hash (uint64) of a flow's key, whichever end stands first."""
    one = _endpoint(address[0, 0], address[0, 1], key_port[0], seed)
    two = _endpoint(address[1, 0], address[1, 1], key_port[1], seed)
    return mix(one + two + np.uint64(protocol))


@lean_part
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


@lean_part
def find(table: FlowTable, address: Record, key_port: Record, protocol: Int, hashed: np.uint64) -> tuple[Any, Any]:
    """Slot and side of the live flow with that key; (-1, 0) where there is none."""
    index = table.places
    mask = np.uint64(len(index) - 1)
    tag = hashed & _TAG
    place = (tag >> _HALF) & mask
    while index[place] != _EMPTY:
        if index[place] & _TAG == tag:
            slot = np.int64(index[place] & _SLOT) - 1
            side = side_of(table.flows[slot], address, key_port, protocol)
            if side >= 0:
                return slot, np.int64(side)
        place = (place + _ONE) & mask
    return np.int64(-1), np.int64(0)


@lean_part
def fetch_entry(table: FlowTable, hashed: np.uint64) -> None:
    """Ask for the part of the index where a flow of that hash is looked for."""
    mask = np.uint64(len(table.places) - 1)
    prefetch(table.places, np.int64(((hashed & _TAG) >> _HALF) & mask), 0)


@lean_part
def entry_of(table: FlowTable, hashed: np.uint64, skipped: Int = 0) -> Int:
    """The slot of a flow that seems to have that hash, passing over ``skipped`` of them; -1 where there is none."""
    index = table.places
    mask = np.uint64(len(index) - 1)
    tag = hashed & _TAG
    place = (tag >> _HALF) & mask
    while index[place] != _EMPTY:
        if index[place] & _TAG == tag:
            if skipped == 0:
                return np.int64(index[place] & _SLOT) - 1
            skipped -= 1
        place = (place + _ONE) & mask
    return np.int64(-1)


@lean_part
def fetch_record(table: FlowTable, row: Record) -> None:
    """Ask for the record of the flow that seems to have the row's hash; ``row["slot"]`` becomes its slot, or -1."""
    slot = entry_of(table, row["hash"])
    row["slot"] = slot
    if slot >= 0:
        for line in range(0, HOT_BYTES, 64):
            prefetch(table.flows, slot, line)


@lean_part
def fetch_payload(table: FlowTable, row: Record) -> None:
    """Ask for where the first payload bytes of the frame ``row`` will be kept, where they are.

    The record of its flow should be near. That it is the frame's own flow is yet to be seen.
    """
    slot = row["slot"]
    if slot < 0 or row["payload_captured"] == 0:
        return
    flow = table.flows[slot]
    side = 0 if flow["address"][0, 1] == row["address"][0, 1] else 1
    kept = np.int64(flow["payload_kept"][side])
    if kept < PAYLOAD_BYTES and flow["payload_row"] != 0:
        prefetch(table.payload, np.int64(flow["payload_row"]), side * PAYLOAD_BYTES + kept)


@lean_kernel
def insert(table: FlowTable, slot: Int, hashed: np.uint64) -> None:
    """Make a slot findable under that hash. The index has twice as many places as there are live flows."""
    index = table.places
    mask = np.uint64(len(index) - 1)
    tag = hashed & _TAG
    place = (tag >> _HALF) & mask
    while index[place] != _EMPTY:
        place = (place + _ONE) & mask
    index[place] = tag | np.uint64(slot + 1)


@lean_kernel
def unlink(table: FlowTable, slot: Int, hashed: np.uint64) -> None:
    """Take a slot of that hash out of the index, and close the gap by shifting back what was pushed beyond it."""
    index = table.places
    mask = np.uint64(len(index) - 1)
    tag = hashed & _TAG
    entry = tag | np.uint64(slot + 1)
    gap = (tag >> _HALF) & mask
    while index[gap] != entry:
        if index[gap] == _EMPTY:
            return
        gap = (gap + _ONE) & mask
    place = (gap + _ONE) & mask
    while index[place] != _EMPTY:
        home = (index[place] >> _HALF) & mask
        if ((place - home) & mask) >= ((place - gap) & mask):
            index[gap] = index[place]
            gap = place
        place = (place + _ONE) & mask
    index[gap] = _EMPTY


@lean_kernel
def remove(table: FlowTable, slot: Int, seed: np.uint64) -> None:
    """Make a slot unfindable."""
    flow = table.flows[slot]
    unlink(table, slot, key_hash(flow["address"], flow["key_port"], flow["protocol"], seed))


def chain_lengths(table: FlowTable) -> npt.NDArray[np.uint64]:
    """How far each live flow stands from its home in the index: (live,) places. For tests and health checks."""
    mask = np.uint64(len(table.places) - 1)
    places = np.flatnonzero(table.places).astype(np.uint64)
    lengths: npt.NDArray[np.uint64] = (places - (table.places[places] >> _HALF)) & mask
    return lengths
