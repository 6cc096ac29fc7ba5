"""What a frame adds to its flow."""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_kernel, lean_part
from detector.dns_facts import dns_message
from detector.flow_life import Limits, is_closing, take_payload_row, touch
from detector.flowtable import (
    BACKWARDS,
    BWD,
    ESTABLISHED,
    FIN_BWD,
    FIN_FWD,
    FIRST_SIZES,
    FWD,
    LAST_TS,
    NEXT_DEADLINE,
    PAYLOAD_BYTES,
    RST_BWD,
    RST_FWD,
    SYN_ACK_SEEN,
    SYN_SEEN,
    FlowTable,
)
from detector.http_turns import http_turn
from detector.messages import FIRST_PACKETS, read_message
from detector.packet import ARP, DNS_PORTS, Bytes, Int, Record, be16
from detector.rare_facts import IDLE_NS, note_idle, note_resumed
from detector.refusals import is_refusal

_FIN: Final = 1
_SYN: Final = 2
_RST: Final = 4
_ACK: Final = 16
_RARE: Final = 0xFF & ~(8 | 16)  # all flags but PSH and ACK
_SECOND: Final = 1e-9
_PAUSE: Final = 1.0
SILENCE_NS: Final = 1_000_000_000  # what is said after it begins another exchange
_HEARTBEAT: Final = 24
_MANY: Final = 60_000
_ANSWERS: Final = 64  # packets in which a refusal is looked for


@lean_part
def update(table: FlowTable, slot: Int, side: Int, row: Record, data: Bytes, ts: Int, limits: Limits) -> None:
    """Count the frame ``row``, sent by ``side`` at ``ts``, to the flow in ``slot``."""
    flow = table.flows[slot]
    if ts - flow["last"] > IDLE_NS:
        note_idle(table.rare, slot, flow["first"], flow["last"], ts)
    if row["has_tcp"] and row["payload"] > 0 and ts - flow["last"] > SILENCE_NS:
        note_resumed(table.rare, slot, flow, side)
    _count(flow, side, row, ts, table.counters)
    repeated = False
    was_closing = is_closing(flow)  # late frames do not prolong a closed flow
    if row["has_tcp"]:
        repeated = _sequence(flow, side, row)
        _tcp(flow, side, row, ts)
    elif row["protocol"] == ARP:
        _arp(flow, side, row)
    if is_closing(flow) and not was_closing:
        table.deadline[slot] = flow["last"] + min(limits.linger, limits.idle)
        table.counters[NEXT_DEADLINE] = min(table.counters[NEXT_DEADLINE], table.deadline[slot])
    if row["payload"] > 0:
        _payload(table, slot, side, row, data, repeated)
    touch(table, slot)


@lean_part
def _count(flow: Record, side: Int, row: Record, ts: Int, counters: Record) -> None:
    size = np.uint64(row["size"])
    before = flow["packets"][side]
    if before > 0:
        gap = (ts - flow["last_in"][side]) * _SECOND
        gap = max(gap, 0.0)
        short = np.float32(gap)
        mean = flow["gap_mean"][side]
        away = gap - mean
        mean += away / before
        flow["gap_mean"][side] = mean
        flow["gap_m2"][side] += away * (gap - mean)
        if before == 1 or short < flow["gap_min"][side]:
            flow["gap_min"][side] = short
        flow["gap_max"][side] = max(flow["gap_max"][side], short)
        if gap > _PAUSE:
            flow["pauses"][side] += np.uint32(1)
    else:
        flow["ttl_first"][side] = row["ttl"]
        if side == BWD and flow["packets"][FWD] > 0:
            flow["response"] = max(ts - flow["first"], 0)
    flow["packets"][side] = before + np.uint32(1)
    flow["last_in"][side] = ts if before == 0 else max(ts, flow["last_in"][side])
    if ts < flow["last"]:
        counters[BACKWARDS] += 1
        flow["first"] = min(flow["first"], ts)
    else:
        flow["last"] = ts
    counters[LAST_TS] = max(counters[LAST_TS], ts)
    flow["bytes"][side] += size
    flow["size_squares"][side] += size * size
    short_size = np.uint16(min(size, np.uint64(65535)))
    if before == 0 or short_size < flow["size_min"][side]:
        flow["size_min"][side] = short_size
    flow["size_max"][side] = max(flow["size_max"][side], short_size)
    if row["fragment"]:
        flow["fragments"][side] += np.uint32(1)


@lean_part
def _sequence(flow: Record, side: Int, row: Record) -> bool:
    """Follow sequence numbers (modulo 2**32); returns whether all the frame carries was seen before."""
    flags = np.int64(row["flags"])
    length = np.int64(row["payload"]) + (1 if flags & _SYN else 0) + (1 if flags & _FIN else 0)
    first = np.int64(row["seq"])
    expected = np.int64(flow["next_seq"][side])
    after = (first + length) & 0xFFFFFFFF
    if flow["packets"][side] == 1 or flags & _RST:
        if not flags & _RST:
            flow["next_seq"][side] = np.uint32(after)
        return False
    beyond = _distance(after, expected)
    if length > 0 and beyond <= 0:
        if length == 1 and not flags & (_SYN | _FIN):
            return False  # a keep-alive (RFC 9293 section 3.8.4)
        flow["retransmissions"][side] += np.uint32(1)
        return True
    if _distance(first, expected) > 0:
        flow["out_of_order"][side] += np.uint32(1)
    if beyond > 0:
        flow["next_seq"][side] = np.uint32(after)
    return False


@lean_part
def _distance(one: Int, other: Int) -> Int:
    """How far ``one`` lies after ``other`` in sequence space, negative where before."""
    away = (one - other) & 0xFFFFFFFF
    return away - 0x100000000 if away >= 0x80000000 else away


@lean_part
def _tcp(flow: Record, side: Int, row: Record, ts: Int) -> None:
    flags = np.int64(row["flags"])
    if flags == 0:
        flow["no_flags"] += np.uint32(1)
    if flow["flags"][side] == 0 and flow["window_first"][side] == 0:
        flow["window_first"][side] = row["window"]
    flow["flags"][side] |= np.uint8(flags)
    flow["acks"][side] += np.uint32((flags >> 4) & 1)
    flow["pushes"][side] += np.uint32((flags >> 3) & 1)
    if flags & _RARE:
        _rare_flags(flow, side, flags)
    if flags & _SYN:
        _handshake(flow, side, row, ts)
    elif not flags & _RST:
        window = row["window"]
        flow["window_min"][side] = min(flow["window_min"][side], window)
        if window == 0:
            flow["zero_windows"][side] += np.uint32(1)
    state = np.int64(flow["tcp_state"])
    if (
        flags & _ACK
        and not flags & (_SYN | _RST)
        and side == FWD
        and state & (SYN_ACK_SEEN | ESTABLISHED) == SYN_ACK_SEEN
    ):
        state |= ESTABLISHED
        flow["rtt"][BWD] = max(ts - flow["syn_at"][BWD], 0)
    if flags & _FIN:
        state |= FIN_FWD if side == FWD else FIN_BWD
    if flags & _RST:
        state |= RST_FWD if side == FWD else RST_BWD
    flow["tcp_state"] = np.uint8(state)


@lean_part
def _rare_flags(flow: Record, side: Int, flags: Int) -> None:
    flow["fins"][side] += np.uint32(flags & 1)
    flow["syns"][side] += np.uint32((flags >> 1) & 1)
    flow["resets"][side] += np.uint32((flags >> 2) & 1)
    flow["urgents"][side] += np.uint32((flags >> 5) & 1)
    flow["eces"][side] += np.uint32((flags >> 6) & 1)
    flow["cwrs"][side] += np.uint32((flags >> 7) & 1)


@lean_kernel
def _handshake(flow: Record, side: Int, row: Record, ts: Int) -> None:
    if row["mss"] and flow["mss"][side] == 0:
        flow["mss"][side] = row["mss"]
    if not row["flags"] & _ACK:
        if side == FWD:
            flow["syn_at"][FWD] = ts
            flow["tcp_state"] |= np.uint8(SYN_SEEN)
    elif side == BWD and flow["syn_at"][BWD] < 0:
        flow["syn_at"][BWD] = ts
        flow["tcp_state"] |= np.uint8(SYN_ACK_SEEN)
        if flow["syn_at"][FWD] >= 0:
            flow["rtt"][FWD] = max(ts - flow["syn_at"][FWD], 0)


@lean_kernel
def _arp(flow: Record, side: Int, row: Record) -> None:
    operation = row["arp_operation"]
    if operation == 1:
        flow["arp_requests"] += np.uint32(1)
    elif operation == 2:
        flow["arp_replies"] += np.uint32(1)
    address = row["address"]
    if address[0, 1] == address[1, 1]:
        flow["arp_gratuitous"] += np.uint32(1)
    claimed = row["arp_mac"]
    if flow["arp_mac"][side] != 0 and flow["arp_mac"][side] != claimed:
        flow["arp_mac_changes"] += np.uint32(1)
    flow["arp_mac"][side] = claimed


@lean_part
def _keep(table: FlowTable, flow: Record, side: Int, data: Bytes, at: Int, captured: Int) -> None:
    """Copy the first payload bytes to the flow's row, which it gets with its first ones."""
    if flow["payload_row"] == 0:
        flow["payload_row"] = take_payload_row(table)
    kept: Int = np.int64(flow["payload_kept"][side])
    more = min(PAYLOAD_BYTES - kept, captured)
    target = table.payload[np.int64(flow["payload_row"]), side]
    for i in range(more):
        target[kept + i] = data[at + i]
    flow["payload_kept"][side] = np.uint8(kept + more)


@lean_part
def _payload(table: FlowTable, slot: Int, side: Int, row: Record, data: Bytes, repeated: bool) -> None:  # noqa: FBT001
    flow = table.flows[slot]
    length: Int = np.int64(row["payload"])
    flow["payload"][side] += np.uint64(length)
    flow["payload_packets"][side] += np.uint32(1)
    flow["payload_max"][side] = max(flow["payload_max"][side], np.uint16(min(length, 65535)))
    if repeated:
        return
    sender = np.uint8(side + 1)
    if flow["last_sender"] != sender:
        if flow["last_sender"] != 0:
            flow["turns"] += np.uint32(1)
        flow["last_sender"] = sender
    count: Int = np.int64(flow["sizes_count"])
    if count < FIRST_SIZES:
        short: Int = min(length, 32767)
        flow["sizes"][count] = np.int16(short if side == FWD else -short)
        flow["sizes_count"] = np.uint8(count + 1)
    at: Int = np.int64(row["payload_at"])
    captured: Int = np.int64(row["payload_captured"])
    if flow["payload_kept"][side] < PAYLOAD_BYTES and captured > 0:
        _keep(table, flow, side, data, at, captured)
    if captured >= 4:
        _notable(flow, side, data, at, at + captured, length)
    if row["has_tcp"] and flow["payload_packets"][side] <= FIRST_PACKETS:
        read_message(table.messages, slot, side, row, data)
    if row["fragment"] != 2 and (row["port"][0] in DNS_PORTS or row["port"][1] in DNS_PORTS):
        if row["protocol"] == 17:
            dns_message(flow, table.letters, data, at, at + captured, length)
        elif row["protocol"] == 6:  # two bytes of length stand before a message (RFC 1035 section 4.2.2)
            dns_message(flow, table.letters, data, at + 2, at + captured, length - 2)
    elif row["has_tcp"]:
        http_turn(flow, table.signs, data, at, at + captured, length, side == FWD)


@lean_part
def _notable(flow: Record, side: Int, data: Bytes, at: Int, end: Int, length: Int) -> None:
    """Count a refused login, or a heartbeat (RFC 6520) that claims more than its record has."""
    early = side == BWD and flow["payload_packets"][BWD] <= _ANSWERS and flow["http_requests"] == 0
    if early and is_refusal(data, at, end, length):
        flow["logins_refused"] += np.uint16(1)
    asks = data[at] == _HEARTBEAT and end - at >= 8 and data[at + 1] == 3 and data[at + 5] == 1
    if asks and flow["over_reads"] < _MANY and be16(data, at + 6) + 3 > be16(data, at + 3):
        flow["over_reads"] += np.uint16(1)
