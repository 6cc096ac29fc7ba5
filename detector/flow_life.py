"""The life of a flow: it begins, ends, and its slot is given back."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.flow_index import insert, remove
from detector.flowtable import (
    AFTER,
    BWD,
    DIRTY,
    ENDED,
    ENDED_WAITING,
    EVICTED,
    FIN,
    FIN_BWD,
    FIN_FWD,
    FIRST_SLOT,
    FLOW,
    FREE,
    FREE_SLOTS,
    FWD,
    HAND,
    HIGH_WATER,
    IDLE,
    LIVE,
    LIVE_FLOWS,
    NEVER,
    NEXT_DEADLINE,
    NOT_ENDED,
    NOW,
    PAYLOAD_FREE,
    PAYLOAD_USED,
    RST,
    RST_BWD,
    RST_FWD,
    TABLE_FULL,
    FlowTable,
)
from detector.messages import forget_messages
from detector.packet import ARP, Int, Record
from detector.prefetch import prefetch
from detector.side_rows import drop_row

_LOOK: Final = 32  # how many live flows are compared before one is evicted
_FETCHED: Final = 8  # records of flows that begin are asked for so many flows ahead
_RECORD: Final = FLOW.itemsize
_LOOK_FAR: Final = 512  # ... where each of them had more than one frame


class Limits(NamedTuple):
    """What bounds flows. Times are ns."""

    idle: int
    active: int
    linger: int
    live: int  # live flows at most
    seed: np.uint64
    levels: int = 0  # tunnels that are stepped into, one in the other


@lean_part
def is_closing(flow: Record) -> bool:
    """A TCP flow that was reset, or closed from both sides."""
    state = np.int64(flow["tcp_state"])
    return bool(state & (RST_FWD | RST_BWD)) or bool(state & (FIN_FWD | FIN_BWD) == (FIN_FWD | FIN_BWD))


@lean_part
def why(flow: Record) -> Int:
    """Why a flow ends whose deadline has come."""
    state = np.int64(flow["tcp_state"])
    if state & (RST_FWD | RST_BWD):
        return RST
    if (state & (FIN_FWD | FIN_BWD)) == (FIN_FWD | FIN_BWD):
        return FIN
    return IDLE


@lean_part
def due(table: FlowTable, slot: Int, flow: Record, limits: Limits) -> Int:
    """When a live flow ends if nothing comes (ns).

    ``FlowTable.deadline`` says it of a flow that closes only; of others it holds an earlier time, so that not each
    frame has to write there.
    """
    return table.deadline[slot] if is_closing(flow) else flow["last"] + limits.idle


@lean_kernel
def end(table: FlowTable, slot: Int, reason: Int, limits: Limits) -> None:
    """End a live flow: frames do not find it any more, and it waits to be handed out."""
    remove(table, slot, limits.seed)
    _close(table, slot, reason)


@lean_part
def _close(table: FlowTable, slot: Int, reason: Int) -> None:
    flow = table.flows[slot]
    flow["state"] = np.uint8(ENDED)
    flow["ended"] = np.uint8(reason)
    table.deadline[slot] = NEVER
    table.ended[table.counters[ENDED_WAITING]] = np.int32(slot)
    table.counters[ENDED_WAITING] += 1
    table.counters[LIVE_FLOWS] -= 1
    touch(table, slot)


@lean_part
def touch(table: FlowTable, slot: Int) -> None:
    """Put a slot on the dirty list, once."""
    if table.flows[slot]["dirty"] == 0:
        table.flows[slot]["dirty"] = np.uint8(1)
        table.dirty[table.counters[DIRTY]] = np.int32(slot)
        table.dirty_at[table.counters[DIRTY]] = table.counters[NOW]
        table.counters[DIRTY] += 1


@lean_kernel
def _evict(table: FlowTable, limits: Limits) -> None:
    """End the flow idle longest among the next few, so that one pass costs little and none is spared for ever.

    One of a single frame goes before one that went on: spoofed sources push each other out, and not the conversations.
    """
    low, used = table.counters[FIRST_SLOT], table.counters[HIGH_WATER]
    hand = max(table.counters[HAND], low)
    victim: Int = np.int64(-1)
    oldest, seen, steps, single = NEVER, 0, 0, False
    while steps < used - low and (seen < _LOOK or (seen < _LOOK_FAR and not single)):
        hand = hand + 1 if hand + 1 < used else low
        steps += 1
        flow = table.flows[hand]
        if flow["state"] == LIVE:
            seen += 1
            lone = flow["packets"][FWD] + flow["packets"][BWD] <= 1
            if (lone and not single) or (lone == single and flow["last"] < oldest):
                oldest, victim, single = flow["last"], hand, lone
    table.counters[HAND] = hand
    if victim >= 0:
        end(table, victim, TABLE_FULL, limits)
        table.counters[EVICTED] += 1


@lean_kernel
def begin(table: FlowTable, blank: npt.NDArray[np.void], row: Record, side: Int, ts: Int, limits: Limits) -> Int:
    """A new flow of the frame ``row``, whose sender is the starter (``side`` 0) or the other one (1).

    Returns its slot, or -1 where the table is full of ended flows that were not released.
    """
    counters = table.counters
    if counters[LIVE_FLOWS] >= limits.live:
        _evict(table, limits)
    if counters[FREE_SLOTS] == 0:
        return np.int64(-1)
    counters[FREE_SLOTS] -= 1
    slot = np.int64(table.free[counters[FREE_SLOTS]])
    later = counters[FREE_SLOTS] - _FETCHED
    if later >= 0:
        for line in range(0, _RECORD, 64):
            prefetch(table.flows, np.int64(table.free[later]), line)
    counters[HIGH_WATER] = max(counters[HIGH_WATER], slot + 1)
    counters[LIVE_FLOWS] += 1
    flow = table.flows[slot]
    listed = flow["dirty"]  # the flow that had this slot may still stand on the list of this tick
    table.flows[slot] = blank[0]
    flow["dirty"] = listed
    flow["state"] = np.uint8(LIVE)
    flow["flow_id"] = np.uint64((counters[NOW] >> 1) + 1)
    flow["first"] = ts
    flow["last"] = ts
    other = 1 - side
    for word in range(2):
        flow["address"][FWD, word] = row["address"][side, word]
        flow["address"][BWD, word] = row["address"][other, word]
    flow["key_port"][FWD] = row["key_port"][side]
    flow["key_port"][BWD] = row["key_port"][other]
    flow["port"][FWD] = row["port"][side]
    flow["port"][BWD] = row["port"][other]
    flow["protocol"] = row["protocol"]
    flow["ip_version"] = row["version"]
    flow["vlan"] = row["vlan"]
    flow["mac"][FWD] = row["mac"][side]
    flow["mac"][BWD] = row["mac"][other]
    if row["protocol"] == ARP:
        flow["arp_operation"] = row["arp_operation"]
    insert(table, slot, row["hash"])
    table.deadline[slot] = ts + limits.idle
    counters[NEXT_DEADLINE] = min(counters[NEXT_DEADLINE], ts + limits.idle)
    touch(table, slot)
    return slot


def blank_record(dtype: np.dtype[np.void]) -> npt.NDArray[np.void]:
    """What a slot holds when a flow begins: zeros but for the facts that are not yet known."""
    blank = np.zeros(1, dtype)
    blank["ended"] = NOT_ENDED
    blank["fresh"] = 1
    blank["syn_at"] = -1
    blank["rtt"] = -1
    blank["response"] = -1
    blank["window_min"] = 65535
    return blank


@lean_kernel
def expire(table: FlowTable, now: Int, limits: Limits) -> None:
    """End each live flow whose deadline has come."""
    if table.counters[NEXT_DEADLINE] > now:
        return
    soonest = NEVER
    for slot in range(table.counters[FIRST_SLOT], table.counters[HIGH_WATER]):
        if table.deadline[slot] <= now:
            flow = table.flows[slot]
            table.deadline[slot] = due(table, slot, flow, limits)
            if table.deadline[slot] <= now:
                table.counters[NOW] = AFTER + np.int64(flow["flow_id"])
                end(table, slot, why(flow), limits)
        soonest = min(soonest, table.deadline[slot])
    table.counters[NEXT_DEADLINE] = soonest


@lean_part
def take_payload_row(table: FlowTable) -> Int:
    """A row of ``FlowTable.payload`` for a flow. There is one for each slot; row 0 stays empty."""
    counters = table.counters
    if counters[PAYLOAD_FREE] > 0:
        counters[PAYLOAD_FREE] -= 1
        return table.payload_free[counters[PAYLOAD_FREE]]
    counters[PAYLOAD_USED] += 1
    return np.uint32(counters[PAYLOAD_USED])


@lean_kernel
def end_all(table: FlowTable, reason: Int) -> None:
    """End each live flow for that reason. Of the index nothing is left."""
    for slot in range(table.counters[FIRST_SLOT], table.counters[HIGH_WATER]):
        if table.flows[slot]["state"] == LIVE:
            table.counters[NOW] = AFTER + np.int64(table.flows[slot]["flow_id"])
            _close(table, slot, reason)
    table.places[:] = np.uint64(0)


@lean_kernel
def release(table: FlowTable, slots: npt.NDArray[np.int32]) -> Int:
    """Give ended slots back; others are left alone. Returns how many were given back."""
    given = 0
    for slot in slots:
        if slot < 0 or slot >= len(table.flows) or table.flows[slot]["state"] != ENDED:
            continue
        flow = table.flows[slot]
        flow["state"] = np.uint8(FREE)
        if flow["payload_row"] != 0:
            table.payload_free[table.counters[PAYLOAD_FREE]] = flow["payload_row"]
            table.counters[PAYLOAD_FREE] += 1
            flow["payload_row"] = np.uint32(0)
        if flow["fresh"] == 0:
            table.before[slot] = table.before[len(table.before) - 1]
        drop_row(table.rare, slot)
        forget_messages(table.messages, slot)
        table.free[table.counters[FREE_SLOTS]] = slot
        table.counters[FREE_SLOTS] += 1
        given += 1
    return given
