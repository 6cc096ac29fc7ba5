"""The loops of a shard with memory of its own: counting numbered frames, and packing what changed.

A record of a flow is 576 bytes, most of which hold what a flow begins with. What is told of flows is the 8-byte words
in which any of them differs from that.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel
from detector.flow_index import fetch_entry, fetch_payload, fetch_record, insert, key_hash
from detector.flow_life import Limits, take_payload_row
from detector.flowtable import (
    DIRTY,
    ENDED_WAITING,
    FLOW,
    FREE_SLOTS,
    HIGH_WATER,
    LIVE,
    LIVE_FLOWS,
    NEVER,
    NEXT_DEADLINE,
    NOW,
    FlowTable,
)
from detector.meter_kernel import AHEAD, Work, blame, count_row, read_row
from detector.packet import NO_SLOT, Columns, Int
from detector.shard_kernel import shard_of

WORDS: Final = FLOW.itemsize // 8
U64 = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]


class ToldRows(NamedTuple):
    """Rows that shards tell of their flows, (n,) each."""

    slots: Int32  # the shards', numbered through
    at: Int64  # ``NOW`` of detector.flowtable
    deadline: Int64
    records: npt.NDArray[Any]  # of FLOW


class Numbered(NamedTuple):
    """Frames to be counted in the order of their numbers; ``given_of[n]`` is 1 + the place of frame n in ``given``.

    Counted are those whose flow is that of shard ``mine`` of ``shards``.
    """

    mine: int
    shards: int
    order: Int64  # (n,)
    numbers: Int64  # (n,) of frame n
    given_of: Int32  # (n,)
    given: npt.NDArray[Any]  # (k,) of PACKET


@lean_kernel
def count_numbered(
    columns: Columns,
    frames: Numbered,
    low: Int,
    high: Int,
    table: FlowTable,
    work: Work,
    limits: Limits,
) -> None:
    """Count the frames ``order[low:high]``: those whose flow is this shard's, and quotes of its flows by others."""
    rows, at = work.rows, low
    while at < high:
        count = min(AHEAD, high - at)
        for i in range(count):
            n = frames.order[at + i]
            if frames.given_of[n] > 0:
                rows[i] = frames.given[frames.given_of[n] - 1]
                rows[i]["payload_at"] += np.int64(columns.offsets[n])
            else:
                read_row(columns, n, rows, i, AHEAD, work.fragments, limits)
            fetch_entry(table, rows[i]["hash"])
        for i in range(count):
            fetch_record(table, rows[i])
        for i in range(count):
            fetch_payload(table, rows[i])
        for i in range(count):
            row, n = rows[i], frames.order[at + i]
            table.counters[NOW] = frames.numbers[n] * 2
            if row["reason"] != 0:
                continue
            if shard_of(row["hash"], frames.shards) == frames.mine and not count_row(
                row, columns.data, columns.ts[n], table, work.blank, limits
            ):
                work.dropped[NO_SLOT] += 1
            if row["quoted"]:
                quoted = key_hash(row["quoted_address"], row["quoted_port"], row["quoted_protocol"], limits.seed)
                if shard_of(quoted, frames.shards) == frames.mine:
                    blame(row, table, limits)
        at += count


@lean_kernel
def words_in_use(words: U64, slots: Int32, blank: U64, used: npt.NDArray[np.bool_]) -> None:
    """Mark the words in which one of these slots differs from ``blank``; ``words`` is (slots, WORDS)."""
    for n in range(len(slots)):
        slot = np.int64(slots[n])
        for word in range(len(blank)):
            if words[slot, word] != blank[word]:
                used[word] = True


@lean_kernel
def pack(words: U64, slots: Int32, columns: Int64, out: U64) -> None:
    """Copy these words of these slots: ``out`` is (slots, columns)."""
    for n in range(len(slots)):
        slot = np.int64(slots[n])
        for k in range(len(columns)):
            out[n, k] = words[slot, columns[k]]


@lean_kernel
def unpack(packed: U64, rows: Int32, columns: Int64, blank: U64, out: U64) -> None:
    """The reverse: row n of ``packed`` becomes row ``rows[n]`` of ``out``, which is (n, WORDS)."""
    for n in range(len(rows)):
        row = np.int64(rows[n])
        for word in range(len(blank)):
            out[row, word] = blank[word]
        for k in range(len(columns)):
            out[row, columns[k]] = packed[n, k]


@lean_kernel
def restore(table: FlowTable, slots: Int32, records: npt.NDArray[Any], deadline: Int64, limits: Limits) -> None:
    """Put live flows into the slots of an empty table, and every other slot on the list of free ones."""
    counters = table.counters
    for n in range(len(slots)):
        slot = np.int64(slots[n])
        table.flows[slot] = records[n]
        flow = table.flows[slot]
        insert(table, slot, key_hash(flow["address"], flow["key_port"], flow["protocol"], limits.seed))
        table.deadline[slot] = deadline[n]
        counters[HIGH_WATER] = max(counters[HIGH_WATER], slot + 1)
    counters[LIVE_FLOWS] = len(slots)
    free: Int = 0
    for other in range(len(table.free) - 1, -1, -1):
        if table.flows[other]["state"] != LIVE:
            table.free[free] = np.int32(other)
            free += 1
    counters[FREE_SLOTS] = free


@lean_kernel
def take_told(
    table: FlowTable,
    places: Int32,
    owner: Int32,
    told: ToldRows,
    rows: Int64,
    taken: Int32,
) -> Int:
    """Write what shards told of their flows over this table's. ``places`` is where each of the shards' slots is kept,
    ``owner`` the reverse.

    ``rows`` are the rows of one tick, in order. ``taken[k]`` becomes the slot of row ``rows[k]``, -1 where it is passed
    over: a flow that is over here already, or one for which there is no room (how many is returned).
    """
    counters, refused = table.counters, 0
    for k in range(len(rows)):
        row = rows[k]
        record, shard_slot = told.records[row], told.slots[row]
        slot: Int = np.int64(places[shard_slot])
        taken[k] = np.int32(-1)
        known = slot >= 0 and table.flows[slot]["state"] == LIVE and table.flows[slot]["flow_id"] == record["flow_id"]
        if not known:
            if not record["fresh"]:
                continue
            if counters[FREE_SLOTS] == 0:
                refused += 1
                continue
            counters[FREE_SLOTS] -= 1
            slot = np.int64(table.free[counters[FREE_SLOTS]])
            counters[HIGH_WATER] = max(counters[HIGH_WATER], slot + 1)
            counters[LIVE_FLOWS] += 1
            places[shard_slot] = np.int32(slot)
            owner[slot] = shard_slot
        flow = table.flows[slot]
        listed = flow["dirty"]
        fresh = flow["fresh"] if known else np.uint8(1)
        payload_row = flow["payload_row"] if known else np.uint32(0)
        if payload_row == 0 and (record["payload_kept"][0] > 0 or record["payload_kept"][1] > 0):
            payload_row = np.uint32(take_payload_row(table))
        table.flows[slot] = record
        flow["dirty"] = listed
        flow["fresh"] = fresh
        flow["payload_row"] = payload_row
        if record["state"] == LIVE:
            table.deadline[slot] = told.deadline[row]
            counters[NEXT_DEADLINE] = min(counters[NEXT_DEADLINE], told.deadline[row])
        else:
            table.deadline[slot] = NEVER
            table.ended[counters[ENDED_WAITING]] = np.int32(slot)
            counters[ENDED_WAITING] += 1
            counters[LIVE_FLOWS] -= 1
            places[shard_slot] = np.int32(-1)
        if listed == 0:
            flow["dirty"] = np.uint8(1)
            table.dirty[counters[DIRTY]] = np.int32(slot)
            table.dirty_at[counters[DIRTY]] = told.at[row]
            counters[DIRTY] += 1
        taken[k] = np.int32(slot)
    return refused
