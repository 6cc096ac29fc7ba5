"""The loop over frames: decode, find the flow, count."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.decode import decode
from detector.flow_index import fetch_entry, fetch_payload, fetch_record, find, key_hash, side_of
from detector.flow_life import Limits, begin, due, end, touch, why
from detector.flow_update import update
from detector.flowtable import (
    ACTIVE,
    FIN_BWD,
    FIN_FWD,
    FRAMES,
    IDLE,
    LIVE,
    NOW,
    RST_BWD,
    RST_FWD,
    SYN_ACK_SEEN,
    SYN_SEEN,
    FlowTable,
)
from detector.fragments import Fragments, new_fragments
from detector.packet import NO_SLOT, PACKET, REASONS, Bytes, Columns, Int, Record
from detector.quotes import read_quote
from detector.rare_facts import UNREACHABLE, note_error
from detector.tunnels import may_carry, step_inside

# A frame is decoded before others that came earlier are counted, so that memory is fetched while frames are worked on:
# after so many others its flow's record is asked for, then the place of its payload, and at last it is counted.
AHEAD: Final = 64  # rows in the ring, a power of two
TO_RECORD: Final = 16
TO_PAYLOAD: Final = 32
TO_COUNT: Final = 48
_FIN: Final = 1
_SYN: Final = 2
_RST: Final = 4
_ACK: Final = 16
_MET_OPENING: Final = SYN_SEEN | SYN_ACK_SEEN
_CLOSED: Final = FIN_FWD | FIN_BWD | RST_FWD | RST_BWD


class Work(NamedTuple):
    """What the loop needs beside the table."""

    rows: npt.NDArray[np.void]  # (AHEAD + 1,) of PACKET; the last one is a spare
    blank: npt.NDArray[np.void]  # (1,) of FLOW: a flow that begins
    fragments: Fragments
    dropped: npt.NDArray[np.int64]  # (len(REASONS),) frames not metered, by reason


def new_work(blank: npt.NDArray[np.void], seed: int) -> Work:
    """Fresh state beside a table; ``blank`` is one record of FLOW (``flow_life.blank_record``)."""
    return Work(np.zeros(AHEAD + 1, PACKET), blank, new_fragments(seed), np.zeros(len(REASONS), np.int64))


@lean_kernel
def meter_frames(columns: Columns, low: Int, high: Int, table: FlowTable, work: Work, limits: Limits) -> None:
    """Count frames ``low`` to ``high`` of the batch to their flows."""
    data, rows, counters = columns.data, work.rows, table.counters
    before = counters[FRAMES] - low  # the number of the batch's first frame
    counters[FRAMES] += high - low
    for step in range(low, high + TO_COUNT):
        if step < high:
            at = step & (AHEAD - 1)
            read_row(columns, step, rows, at, AHEAD, work.fragments, limits)
            if rows[at]["reason"] == 0:
                fetch_entry(table, rows[at]["hash"])
        n = step - TO_RECORD
        if low <= n < high and rows[n & (AHEAD - 1)]["reason"] == 0:
            fetch_record(table, rows[n & (AHEAD - 1)])
        n = step - TO_PAYLOAD
        if low <= n < high and rows[n & (AHEAD - 1)]["reason"] == 0:
            fetch_payload(table, rows[n & (AHEAD - 1)])
        n = step - TO_COUNT
        if n >= low:
            row = rows[n & (AHEAD - 1)]
            reason: Int = np.int64(row["reason"])
            counters[NOW] = (before + n) * 2
            if reason == 0:
                if not count_row(row, data, columns.ts[n], table, work.blank, limits):
                    reason = NO_SLOT
                elif row["quoted"]:
                    blame(row, table, limits)
            if reason != 0:
                work.dropped[reason] += 1


@lean_part
def read_row(
    columns: Columns, n: Int, rows: npt.NDArray[np.void], i: Int, spare: Int, fragments: Fragments, limits: Limits
) -> None:
    """Decode frame ``n`` into ``rows[i]``, with its hash; ``rows[spare]`` is room to work in."""
    row = rows[i]
    start, stop = np.int64(columns.offsets[n]), np.int64(columns.offsets[n + 1])
    ts, wire_len, link = columns.ts[n], np.int64(columns.wire_len[n]), np.int64(columns.link[n])
    reason: Int = decode(columns.data, start, stop, wire_len, link, ts, row, fragments)
    row["reason"] = np.uint8(reason)
    if reason == 0:
        if limits.levels and may_carry(row):
            step_inside(columns.data, ts, rows, i, spare, fragments, limits.levels)
        if row["quoted"]:
            read_quote(columns.data, ts, rows, i, spare, fragments, limits.levels)
        row["hash"] = key_hash(row["address"], row["key_port"], row["protocol"], limits.seed)


@lean_part
def count_row(row: Record, data: Bytes, ts: Int, table: FlowTable, blank: npt.NDArray[np.void], limits: Limits) -> bool:
    """Count one decoded frame; False where there is no slot for its flow."""
    slot, side = _found(table, row)
    if slot >= 0:
        flow = table.flows[slot]
        reason = ending(flow, row, ts, due(table, slot, flow, limits), limits)
        if reason >= 0:
            end(table, slot, reason, limits)
            slot = np.int64(-1)
            if reason != ACTIVE:
                side = starter(row)
    else:
        side = starter(row)
    if slot < 0:
        slot = begin(table, blank, row, side, ts, limits)
        if slot < 0:
            return False
    update(table, slot, side, row, data, ts, limits)
    return True


@lean_part
def _found(table: FlowTable, row: Record) -> tuple[Int, Int]:
    """Slot and side of the frame's flow; (-1, 0) where there is none."""
    slot: Int = row["slot"]
    if slot >= 0 and table.flows[slot]["state"] == LIVE:  # an earlier frame of the chunk may have ended it
        side = side_of(table.flows[slot], row["address"], row["key_port"], row["protocol"])
        if side >= 0:
            return slot, np.int64(side)
    return find(table, row["address"], row["key_port"], row["protocol"], row["hash"])


@lean_part
def ending(flow: Record, row: Record, ts: Int, deadline: Int, limits: Limits) -> Int:
    """Why the flow ends before this frame, -1 where it goes on."""
    if ts >= deadline:
        return why(flow)
    if ts - flow["first"] >= limits.active:
        return ACTIVE
    if row["has_tcp"] and np.int64(row["flags"]) & (_SYN | _ACK | _RST | _FIN) == _SYN:
        state = np.int64(flow["tcp_state"])
        if state & _CLOSED:
            return why(flow)
        if not state & _MET_OPENING:
            return IDLE
    return -1


@lean_part
def starter(row: Record) -> Int:
    """Which end of a first frame started the flow: 0 its sender, 1 its receiver."""
    if row["has_tcp"]:
        flags = np.int64(row["flags"]) & (_SYN | _ACK)
        if flags == _SYN | _ACK:
            return np.int64(1)
        if flags != _SYN and row["port"][0] < 1024 and row["port"][1] >= 1024:
            return np.int64(1)
    return np.int64(0)


@lean_kernel
def blame(row: Record, table: FlowTable, limits: Limits) -> None:
    """Note an ICMP error at the flow whose packet it quotes, where that is known."""
    address, port, protocol = row["quoted_address"], row["quoted_port"], row["quoted_protocol"]
    slot, _ = find(table, address, port, protocol, key_hash(address, port, protocol, limits.seed))
    if slot >= 0:
        note_error(table.rare, slot, np.int64(row["quoted"]))
        if row["quoted"] == UNREACHABLE:
            table.counters[NOW] |= 1
            table.flows[slot]["unreachable"] += np.uint32(1)
            touch(table, slot)
