"""The life of a flow in the bare meter, and its hash."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.flow_index import insert, key_hash, unlink
from detector.flow_life import Limits, due, why
from detector.flowtable import (
    BWD,
    ENDED,
    ENDED_WAITING,
    EVICTED,
    FREE,
    FREE_SLOTS,
    FWD,
    HAND,
    HIGH_WATER,
    LIVE,
    LIVE_FLOWS,
    NEVER,
    NEXT_DEADLINE,
    NOT_ENDED,
    TABLE_FULL,
)
from detector.fragments import mix
from detector.packet import Int, Record

Table = Any  # a ``BareTable``: parts of the full meter take it where they name their own table
_LOOK: Final = 32  # how many live flows are compared before one is evicted


@lean_part
def short_hash(source: np.uint64, target: np.uint64, sender: Int, receiver: Int, protocol: Int, seed: np.uint64) -> Int:
    """The hash of a key of IPv4 or ARP, whichever end stands first."""
    one = mix(((source << np.uint64(16)) | np.uint64(sender)) ^ seed)
    two = mix(((target << np.uint64(16)) | np.uint64(receiver)) ^ seed)
    return mix(one + two + np.uint64(protocol))


@lean_part
def turned(ports: np.uint32) -> np.uint32:
    """A pair of ports, the other one first."""
    return np.uint32((np.int64(ports) << 16) & 0xFFFFFFFF | (np.int64(ports) >> 16))


@lean_kernel
def begin_bare(table: Table, short: Record, row: Record, side: Int, ts: Int, limits: Limits) -> Int:
    """A new flow of that frame; its slot, or -1 where the table is full of ended flows."""
    counters = table.counters
    if counters[LIVE_FLOWS] >= limits.live:
        _evict(table, limits)
    if counters[FREE_SLOTS] == 0:
        return np.int64(-1)
    counters[FREE_SLOTS] -= 1
    slot = np.int64(table.free[counters[FREE_SLOTS]])
    counters[HIGH_WATER] = max(counters[HIGH_WATER], slot + 1)
    counters[LIVE_FLOWS] += 1
    flow, other = table.flows[slot], 1 - side
    half = np.uint64(32)
    flow["ends"] = short["ends"] if side == 0 else (short["ends"] << half) | (short["ends"] >> half)
    flow["ports"] = short["ports"] if side == 0 else turned(short["ports"])
    flow["protocol"] = short["protocol"]
    flow["ip_version"] = short["version"]
    flow["state"] = np.uint8(LIVE)
    flow["ended"] = np.uint8(NOT_ENDED)
    flow["tcp_state"] = np.uint8(0)
    flow["first"] = ts
    flow["last"] = ts
    flow["port"][FWD] = short["port"][side]
    flow["port"][BWD] = short["port"][other]
    for end in range(2):
        flow["bytes"][end] = np.uint64(0)
        flow["packets"][end] = np.uint32(0)
        flow["flags"][end] = np.uint8(0)
    if short["version"] != 4:
        for word in range(2):
            table.wide[slot, FWD, word] = row["address"][side, word]
            table.wide[slot, BWD, word] = row["address"][other, word]
    insert(table, slot, short["hash"])
    counters[NEXT_DEADLINE] = min(counters[NEXT_DEADLINE], ts + limits.idle)
    return slot


@lean_kernel
def end_bare(table: Table, slot: Int, reason: Int, limits: Limits) -> None:
    """End a live flow."""
    flow = table.flows[slot]
    ports = np.int64(flow["ports"])
    if flow["ip_version"] == 4:
        source, target = np.uint64(flow["ends"] >> np.uint64(32)), np.uint64(flow["ends"] & np.uint64(0xFFFFFFFF))
        hashed = short_hash(source, target, ports >> 16, ports & 0xFFFF, np.int64(flow["protocol"]), limits.seed)
    else:
        hashed = key_hash(table.wide[slot], (ports >> 16, ports & 0xFFFF), flow["protocol"], limits.seed)
    unlink(table, slot, hashed)
    flow["state"] = np.uint8(ENDED)
    flow["ended"] = np.uint8(reason)
    table.ended[table.counters[ENDED_WAITING]] = np.int32(slot)
    table.counters[ENDED_WAITING] += 1
    table.counters[LIVE_FLOWS] -= 1


@lean_kernel
def _evict(table: Table, limits: Limits) -> None:
    """End the flow idle longest among the next few, as the full meter does."""
    counters = table.counters
    victim: Int = np.int64(-1)
    oldest, seen, steps = NEVER, 0, 0
    while seen < _LOOK and steps < counters[HIGH_WATER]:
        counters[HAND] = counters[HAND] + 1 if counters[HAND] + 1 < counters[HIGH_WATER] else 0
        steps += 1
        flow = table.flows[counters[HAND]]
        if flow["state"] == LIVE:
            seen += 1
            if flow["last"] < oldest:
                oldest, victim = flow["last"], np.int64(counters[HAND])
    if victim >= 0:
        end_bare(table, victim, TABLE_FULL, limits)
        counters[EVICTED] += 1


@lean_kernel
def expire_bare(table: Table, now: Int, limits: Limits) -> None:
    """End each live flow whose time has come."""
    if table.counters[NEXT_DEADLINE] > now:
        return
    soonest = NEVER
    for slot in range(table.counters[HIGH_WATER]):
        flow = table.flows[slot]
        if flow["state"] == LIVE:
            when = due(table, slot, flow, limits)
            if when <= now:
                end_bare(table, slot, why(flow), limits)
            else:
                soonest = min(soonest, when)
    table.counters[NEXT_DEADLINE] = soonest


@lean_kernel
def end_all_bare(table: Table, reason: Int, limits: Limits) -> None:
    """End each live flow for that reason."""
    for slot in range(table.counters[HIGH_WATER]):
        if table.flows[slot]["state"] == LIVE:
            end_bare(table, slot, reason, limits)


@lean_kernel
def release_bare(table: Table, slots: npt.NDArray[np.int32]) -> None:
    """Give ended slots back; others are left alone."""
    for slot in slots:
        if 0 <= slot < len(table.flows) and table.flows[slot]["state"] == ENDED:
            table.flows[slot]["state"] = np.uint8(FREE)
            table.free[table.counters[FREE_SLOTS]] = slot
            table.counters[FREE_SLOTS] += 1
