"""Finding a remote flow's slot by the number that its sensor gave it: open addressing over stable slots.

The key is (session of the sensor, flow id). What a slot's key is stands in arrays by slot, so the index holds slots
alone. Deletion moves up what was pushed behind the gap, so there are no tombstones. Hashes are seeded: a sensor chooses
its ids, and could aim at chains.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.flow_life import take_payload_row
from detector.flowtable import FREE_SLOTS, HIGH_WATER, LIVE_FLOWS, FlowTable
from detector.side_rows import SideRows, take_row
from detector.windows_state import mix

_EMPTY: Final = np.int32(-1)


class RemoteIndex(NamedTuple):
    """``m`` places, a power of two and at least twice the slots."""

    places: npt.NDArray[np.int32]  # (m,) slot, -1 where empty
    session: npt.NDArray[np.uint32]  # (slots,) whose flow is in a slot; 0 where there is none
    flow_id: npt.NDArray[np.uint64]  # (slots,) the sensor's number of it
    seed: npt.NDArray[np.uint64]  # (1,)


def new_index(slots: int, seed: int) -> RemoteIndex:
    """An empty index for so many slots."""
    places = np.full(1 << (2 * slots - 1).bit_length(), _EMPTY, np.int32)
    return RemoteIndex(
        places, np.zeros(slots, np.uint32), np.zeros(slots, np.uint64), np.array([seed % (1 << 64)], np.uint64)
    )


@lean_part
def _home(index: RemoteIndex, session: np.uint32, flow_id: np.uint64) -> np.int64:
    key = mix(flow_id ^ mix(np.uint64(session) ^ index.seed[0]))
    return np.int64(key & np.uint64(len(index.places) - 1))


@lean_kernel
def place(
    index: RemoteIndex,
    table: FlowTable,
    session: npt.NDArray[np.uint32],
    flow_ids: npt.NDArray[np.uint64],
    slots: npt.NDArray[np.int32],
    new: npt.NDArray[np.bool_],
) -> int:
    """The slot of each flow ``(n,)``; flows that have none get one, in order, and are ``new``.

    Where no slot is free it is -1; returns how often that was.
    """
    refused = 0
    mask = np.int64(len(index.places) - 1)
    counters = table.counters
    for row in range(len(flow_ids)):
        new[row] = False
        at = _home(index, session[row], flow_ids[row])
        slot = index.places[at]
        while slot >= 0 and (index.session[slot] != session[row] or index.flow_id[slot] != flow_ids[row]):
            at = (at + 1) & mask
            slot = index.places[at]
        if slot < 0:
            if counters[FREE_SLOTS] == 0:
                refused += 1
                slots[row] = np.int32(-1)
                continue
            counters[FREE_SLOTS] -= 1
            counters[LIVE_FLOWS] += 1
            slot = table.free[counters[FREE_SLOTS]]
            counters[HIGH_WATER] = max(counters[HIGH_WATER], np.int64(slot) + 1)
            index.places[at] = slot
            index.session[slot] = session[row]
            index.flow_id[slot] = flow_ids[row]
            new[row] = True
        slots[row] = slot
    return refused


@lean_kernel
def forget(index: RemoteIndex, slots: npt.NDArray[np.int32]) -> None:
    """Take slots out of the index."""
    mask = np.int64(len(index.places) - 1)
    for slot in slots:
        if index.session[slot] == 0:
            continue
        gap = _home(index, index.session[slot], index.flow_id[slot])
        while index.places[gap] != slot:
            gap = (gap + 1) & mask
        index.session[slot] = np.uint32(0)
        following = (gap + 1) & mask
        while index.places[following] >= 0:
            other = index.places[following]
            wanted = _home(index, index.session[other], index.flow_id[other])
            if ((following - wanted) & mask) >= ((following - gap) & mask):
                index.places[gap] = other
                gap = following
            following = (following + 1) & mask
        index.places[gap] = _EMPTY


@lean_kernel
def side_rows_of(side: SideRows, slots: npt.NDArray[np.int32], out: npt.NDArray[np.int64]) -> None:
    """The row beside each of these slots; who has none gets one."""
    for n in range(len(slots)):
        out[n] = take_row(side, np.int64(slots[n]))


@lean_kernel
def payload_rows_of(table: FlowTable, out: npt.NDArray[np.uint32]) -> None:
    """Rows of payload, one for each place of ``out``."""
    for n in range(len(out)):
        out[n] = take_payload_row(table)
