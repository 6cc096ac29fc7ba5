"""The bare meter's loop over frames.

Nearly every frame is Ethernet, IPv4 without options and TCP or UDP: it is read right here, others by the full decoder.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.bare_life import Table, begin_bare, end_bare, short_hash, turned
from detector.bare_table import SHORT
from detector.decode import decode
from detector.flow_index import entry_of, fetch_entry, key_hash
from detector.flow_life import Limits, due, is_closing
from detector.flowtable import (
    ACTIVE,
    BACKWARDS,
    BWD,
    ESTABLISHED,
    FIN_BWD,
    FIN_FWD,
    FWD,
    LAST_TS,
    LIVE,
    NEXT_DEADLINE,
    RST_BWD,
    RST_FWD,
    SYN_ACK_SEEN,
    SYN_SEEN,
)
from detector.fragments import Fragments, new_fragments
from detector.link import ETHERNET
from detector.meter_kernel import ending, starter
from detector.packet import IPV4, NO_SLOT, PACKET, REASONS, Bytes, Columns, Int, Record, be16, be32, u8
from detector.prefetch import prefetch

CHUNK: Final = 64
_LEAST: Final = 54  # bytes of a frame that is read here: link header, IPv4 and a TCP header
_FIN: Final = 1
_SYN: Final = 2
_RST: Final = 4
_ACK: Final = 16


class BareWork(NamedTuple):
    """What the loop needs beside the table."""

    short: npt.NDArray[Any]  # (CHUNK,) of SHORT
    rows: npt.NDArray[Any]  # (CHUNK,) of PACKET, for frames that need the general decoder
    fragments: Fragments
    dropped: npt.NDArray[np.int64]  # (len(REASONS),)


def new_bare_work(seed: int) -> BareWork:
    """Fresh state beside a table."""
    return BareWork(
        np.zeros(CHUNK, SHORT), np.zeros(CHUNK, PACKET), new_fragments(seed), np.zeros(len(REASONS), np.int64)
    )


@lean_kernel
def meter_bare(columns: Columns, low: Int, high: Int, table: Table, work: BareWork, limits: Limits) -> None:
    """Count frames ``low`` to ``high`` of the batch to their flows."""
    data, at = columns.data, low
    while at < high:
        count = min(CHUNK, high - at)
        for i in range(count):
            n = at + i
            start, stop = np.int64(columns.offsets[n]), np.int64(columns.offsets[n + 1])
            length = np.int64(columns.wire_len[n])
            if columns.link[n] != ETHERNET or not _plain(data, start, stop, length, work.short[i], limits.seed):
                _general(columns, n, work.rows[i], work.short[i], work.fragments, limits.seed)
            fetch_entry(table, work.short[i]["hash"])
        for i in range(count):
            slot = entry_of(table, work.short[i]["hash"])
            work.short[i]["slot"] = slot
            if slot >= 0:
                prefetch(table.flows, slot, 0)
        for i in range(count):
            reason: Int = np.int64(work.short[i]["reason"])
            if reason == 0 and not _count(work.short[i], work.rows[i], columns.ts[at + i], table, limits):
                reason = NO_SLOT
            if reason != 0:
                work.dropped[reason] += 1
        at += count


@lean_part
def _plain(data: Bytes, start: Int, stop: Int, wire_len: Int, short: Record, seed: np.uint64) -> bool:
    """Read a frame of Ethernet, IPv4 without options or fragments, TCP or UDP; False where it is another one."""
    if stop - start < _LEAST or be16(data, start + 12) != IPV4 or u8(data, start + 14) != 0x45:
        return False
    protocol, total = u8(data, start + 23), be16(data, start + 16)
    if be16(data, start + 20) & 0x3FFF or protocol not in (6, 17):
        return False
    on_wire = max(wire_len, stop - start) - 14
    if total < 40 or total > on_wire:
        return False
    sender, receiver = be16(data, start + 34), be16(data, start + 36)
    source, target = np.uint64(be32(data, start + 26)), np.uint64(be32(data, start + 30))
    short["ends"] = (source << np.uint64(32)) | target
    short["ports"] = np.uint32((sender << 16) | receiver)
    short["size"] = np.uint32(total)
    short["port"][0] = np.uint16(sender)
    short["port"][1] = np.uint16(receiver)
    short["protocol"] = np.uint16(protocol)
    short["version"] = np.uint8(4)
    short["has_tcp"] = np.uint8(protocol == 6)
    short["flags"] = np.uint8(u8(data, start + 47) if protocol == 6 else 0)
    short["reason"] = np.uint8(0)
    short["hash"] = short_hash(source, target, sender, receiver, protocol, seed)
    return True


@lean_kernel
def _general(columns: Columns, n: Int, row: Record, short: Record, fragments: Fragments, seed: np.uint64) -> None:
    """Read any frame with the decoder of the full meter."""
    start, stop = np.int64(columns.offsets[n]), np.int64(columns.offsets[n + 1])
    length, link = np.int64(columns.wire_len[n]), np.int64(columns.link[n])
    reason = decode(columns.data, start, stop, length, link, columns.ts[n], row, fragments)
    short["reason"] = np.uint8(reason)
    short["hash"] = np.uint64(0)
    if reason != 0:
        return
    sender, receiver = np.int64(row["key_port"][0]), np.int64(row["key_port"][1])
    short["ports"] = np.uint32((sender << 16) | receiver)
    short["size"] = row["size"]
    short["port"][0] = row["port"][0]
    short["port"][1] = row["port"][1]
    short["protocol"] = row["protocol"]
    short["version"] = row["version"]
    short["has_tcp"] = row["has_tcp"]
    short["flags"] = row["flags"]
    if row["version"] == 4:
        low = np.uint64(0xFFFFFFFF)
        source, target = row["address"][0, 1] & low, row["address"][1, 1] & low
        short["ends"] = (source << np.uint64(32)) | target
        short["hash"] = short_hash(source, target, sender, receiver, np.int64(row["protocol"]), seed)
    else:
        short["hash"] = key_hash(row["address"], row["key_port"], row["protocol"], seed)


@lean_part
def _side(table: Table, slot: Int, short: Record, row: Record) -> Int:
    """Who sends in the flow of that slot: 0 its starter, 1 the other one, -1 another flow altogether."""
    flow = table.flows[slot]
    if flow["protocol"] != short["protocol"] or flow["ip_version"] != short["version"] or flow["state"] != LIVE:
        return np.int64(-1)
    same, crossed = flow["ports"] == short["ports"], flow["ports"] == turned(short["ports"])
    if not same and not crossed:
        return np.int64(-1)
    if short["version"] == 4:
        if same and flow["ends"] == short["ends"]:
            return np.int64(0)
        other = (short["ends"] << np.uint64(32)) | (short["ends"] >> np.uint64(32))
        return np.int64(1) if crossed and flow["ends"] == other else np.int64(-1)
    if same and _meet(table.wide, slot, row["address"], 0):
        return np.int64(0)
    return np.int64(1) if crossed and _meet(table.wide, slot, row["address"], 1) else np.int64(-1)


@lean_part
def _meet(wide: npt.NDArray[np.uint64], slot: Int, address: Record, side: Int) -> bool:
    """Whether the sender of the frame is that side of the flow, and its receiver the other one."""
    met = True
    for word in range(2):
        met = met and wide[slot, side, word] == address[0, word] and wide[slot, 1 - side, word] == address[1, word]
    return met


@lean_part
def _count(short: Record, row: Record, ts: Int, table: Table, limits: Limits) -> bool:
    """Count one decoded frame; False where there is no slot for its flow."""
    slot: Int = np.int64(short["slot"])
    side: Int = _side(table, slot, short, row) if slot >= 0 else np.int64(-1)
    if side < 0:
        slot, side = _find(table, short, row)
    if slot >= 0:
        flow = table.flows[slot]
        reason = ending(flow, short, ts, due(table, slot, flow, limits), limits)
        if reason >= 0:
            end_bare(table, slot, reason, limits)
            slot = np.int64(-1)
            if reason != ACTIVE:
                side = starter(short)
    else:
        side = starter(short)
    if slot < 0:
        slot = begin_bare(table, short, row, side, ts, limits)
        if slot < 0:
            return False
    _add(table, slot, side, short, ts, limits)
    return True


@lean_kernel
def _find(table: Table, short: Record, row: Record) -> tuple[Any, Any]:
    """Slot and side of the live flow of that frame; (-1, 0) where there is none."""
    step = np.int64(0)
    slot = entry_of(table, short["hash"])
    while slot >= 0:
        side = _side(table, slot, short, row)
        if side >= 0:
            return slot, side
        step += 1
        slot = entry_of(table, short["hash"], step)
    return np.int64(-1), np.int64(0)


@lean_part
def _add(table: Table, slot: Int, side: Int, short: Record, ts: Int, limits: Limits) -> None:
    """Count the frame to its flow."""
    flow = table.flows[slot]
    counters = table.counters
    flow["packets"][side] += np.uint32(1)
    flow["bytes"][side] += np.uint64(short["size"])
    if ts < flow["last"]:
        counters[BACKWARDS] += 1
        flow["first"] = min(flow["first"], ts)
    else:
        flow["last"] = ts
    counters[LAST_TS] = max(counters[LAST_TS], ts)
    if short["has_tcp"]:
        flow["flags"][side] |= short["flags"]
        was_closing = is_closing(flow)
        flow["tcp_state"] = np.uint8(_state(np.int64(flow["tcp_state"]), side, np.int64(short["flags"])))
        if not was_closing and is_closing(flow):
            table.deadline[slot] = flow["last"] + min(limits.linger, limits.idle)
            counters[NEXT_DEADLINE] = min(counters[NEXT_DEADLINE], table.deadline[slot])


@lean_part
def _state(state: Int, side: Int, flags: Int) -> Int:
    """What a frame makes of ``tcp_state``."""
    if flags & _SYN:
        if not flags & _ACK:
            if side == FWD:
                state |= SYN_SEEN
        elif side == BWD:
            state |= SYN_ACK_SEEN
    elif flags & _ACK and not flags & _RST and side == FWD and state & SYN_ACK_SEEN:
        state |= ESTABLISHED
    if flags & _FIN:
        state |= FIN_FWD if side == FWD else FIN_BWD
    if flags & _RST:
        state |= RST_FWD if side == FWD else RST_BWD
    return state
