"""All statistical facts of flows as numbers, computed in one pass over their records.

The catalogue (``detector.flow_facts``) is for files that people read: it is computed a column at a time, with texts.
These are its numbers alone, float32, at the rate of the meter; a test holds each column to the catalogue's.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.jit import lean_kernel, lean_part
from contract.schemas import FLOWS
from detector.flow_columns import AHEAD, RECORD, flow_columns
from detector.flowtable import BWD, FWD, PAYLOAD_BYTES, FlowTable
from detector.packet import Int, Record
from detector.prefetch import prefetch
from detector.rare_facts import ACTIVE_PERIOD, ERROR_NAMES, IDLE_PERIOD

Out = npt.NDArray[np.float32]
Letters = npt.NDArray[np.uint8]  # (256,): how often each byte stands in a payload, zeros between uses
_BLOCK: Final = 512  # flows computed at a time, so that a batch stays in the caches while its columns are written

_PER_SIDE: Final = (
    "header_bytes", "payload_packets", "size_mean", "size_std", "size_min", "size_max", "payload_mean", "payload_max",
    "fragments", "ttl", "gap_mean", "gap_std", "gap_min", "gap_max", "pauses", "tcp_fin", "tcp_syn", "tcp_rst",
    "tcp_psh", "tcp_ack", "tcp_urg", "tcp_ece", "tcp_cwr", "tcp_mss", "tcp_window_first", "tcp_window_min",
    "tcp_zero_windows", "tcp_retransmissions", "tcp_out_of_order", "tcp_rtt", "payload_entropy",
)  # fmt: skip
_WHOLE: Final = (
    "duration", "size_mean", "size_std", "packets_per_s", "bytes_per_s", "down_up_ratio", "response", "turns",
    "tcp_no_flags",
)  # fmt: skip
_PERIODS: Final = tuple(
    f"{kind}_{what}" for kind in ("active", "idle") for what in ("count", "mean", "std", "min", "max")
)
_NAMES_AND_ARP: Final = (
    "dns_queries", "dns_replies", "dns_name_length", "dns_entropy", "dns_type_first", "dns_rcode_last", "dns_nxdomain",
    "dns_failed", "dns_answers", "dns_reply_bytes", "dns_name_changes", "arp_requests", "arp_replies",
    "arp_gratuitous", "arp_mac_changes",
)  # fmt: skip
NAMES: Final = (
    *(f"{name}_{side}" for side in ("fwd", "bwd") for name in _PER_SIDE),
    *_WHOLE,
    *_PERIODS,
    *(f"icmp_{name}" for name in ERROR_NAMES),
    *_NAMES_AND_ARP,
)
FLOW_STATISTICS: Final = pa.schema(
    [*FLOWS, *(pa.field(name, pa.float32(), nullable=False) for name in NAMES)],
    metadata={"tenfold.schema": "flow-statistics/1"},
)
_NAN: Final = float("nan")
_LOGS: Final = np.arange(PAYLOAD_BYTES + 1) * np.log2(np.maximum(np.arange(PAYLOAD_BYTES + 1), 1))  # n log2 n


def statistics_of_flows(table: FlowTable, slots: npt.NDArray[np.int32]) -> pa.RecordBatch:
    """The columns of FLOWS and all statistics (float32) of the flows in these slots, as ``FLOW_STATISTICS``."""
    out = _room(len(slots))
    letters = np.zeros(256, np.uint8)
    for low in range(0, len(slots), _BLOCK):
        part = np.ascontiguousarray(slots[low : low + _BLOCK], np.int32)
        fill_statistics(table, part, letters, out[:, low : low + _BLOCK])
    columns = [*flow_columns(table, slots), *(pa.array(column) for column in out)]
    return pa.record_batch(columns, schema=FLOW_STATISTICS)


def _room(count: int) -> Out:
    """``(NAMES, count)``. Rows are an odd number of cache lines apart.

    Were it a power of two, all facts of a flow would compete for the few places that a cache has for such addresses.
    """
    lines = (count // 16 + 1) | 1
    return np.empty((len(NAMES), lines * 16), np.float32)[:, :count]


@lean_kernel
def fill_statistics(table: FlowTable, slots: npt.NDArray[np.int32], letters: Letters, out: Out) -> Int:
    """Write a column per slot of ``out`` (NAMES, slots); ``letters`` are zeros. Returns the rows written."""
    at: Int = 0
    for n in range(len(slots)):
        _fetch(table, slots, n)
        flow = table.flows[slots[n]]
        payload = table.payload[np.int64(flow["payload_row"])]
        at = _side(flow, FWD, payload[FWD], letters, out, n, 0)
        at = _side(flow, BWD, payload[BWD], letters, out, n, at)
        at = _whole(flow, out, n, at)
        at = _rare(flow, table.rare.rows[table.rare.of[slots[n]]], out, n, at)
        at = _names(flow, out, n, at)
    return at


@lean_part
def _fetch(table: FlowTable, slots: npt.NDArray[np.int32], n: Int) -> None:
    """Ask for the record of a flow that is read later, and for the payload of one that is read sooner."""
    if n + AHEAD < len(slots):
        for line in range(0, RECORD, 64):
            prefetch(table.flows, np.int64(slots[n + AHEAD]), line)
    if n + AHEAD // 2 < len(slots):
        payload = np.int64(table.flows[slots[n + AHEAD // 2]]["payload_row"])
        for line in range(0, 2 * PAYLOAD_BYTES, 64):
            prefetch(table.payload, payload, line)


@lean_part
def _ratio(above: float, below: float) -> float:
    return above / below if below > 0 else 0.0


@lean_part
def _deviation(total: float, squares: float, count: float) -> float:
    mean = _ratio(total, count)
    return float(np.sqrt(max(_ratio(squares, count) - mean * mean, 0.0)))


@lean_part
def _seconds(ns: Int) -> float:
    """Nanoseconds as seconds, nan where they are negative: not seen."""
    return ns * 1e-9 if ns >= 0 else _NAN


@lean_part
def _side(flow: Record, side: Int, payload: npt.NDArray[np.uint8], letters: Letters, out: Out, n: Int, at: Int) -> Int:
    """``_PER_SIDE`` of one side."""
    packets, size = np.float64(flow["packets"][side]), np.float64(flow["bytes"][side])
    carried, with_payload = np.float64(flow["payload"][side]), np.float64(flow["payload_packets"][side])
    out[at, n] = size - min(carried, size)
    out[at + 1, n] = with_payload
    out[at + 2, n] = _ratio(size, packets)
    out[at + 3, n] = _deviation(size, np.float64(flow["size_squares"][side]), packets)
    out[at + 4, n] = flow["size_min"][side]
    out[at + 5, n] = flow["size_max"][side]
    out[at + 6, n] = _ratio(carried, with_payload)
    out[at + 7, n] = flow["payload_max"][side]
    out[at + 8, n] = flow["fragments"][side]
    out[at + 9, n] = flow["ttl_first"][side]
    out[at + 10, n] = flow["gap_mean"][side]
    out[at + 11, n] = np.sqrt(_ratio(flow["gap_m2"][side], packets - 1.0))
    out[at + 12, n] = flow["gap_min"][side]
    out[at + 13, n] = flow["gap_max"][side]
    out[at + 14, n] = flow["pauses"][side]
    out[at + 15, n] = flow["fins"][side]
    out[at + 16, n] = flow["syns"][side]
    out[at + 17, n] = flow["resets"][side]
    out[at + 18, n] = flow["pushes"][side]
    out[at + 19, n] = flow["acks"][side]
    out[at + 20, n] = flow["urgents"][side]
    out[at + 21, n] = flow["eces"][side]
    out[at + 22, n] = flow["cwrs"][side]
    out[at + 23, n] = flow["mss"][side]
    out[at + 24, n] = flow["window_first"][side]
    out[at + 25, n] = flow["window_min"][side]
    out[at + 26, n] = flow["zero_windows"][side]
    out[at + 27, n] = flow["retransmissions"][side]
    out[at + 28, n] = flow["out_of_order"][side]
    out[at + 29, n] = _seconds(flow["rtt"][side])
    out[at + 30, n] = _entropy(payload, np.int64(flow["payload_kept"][side]), letters)
    return at + 31


@lean_part
def _entropy(payload: npt.NDArray[np.uint8], kept: Int, letters: Letters) -> float:
    """Shannon's entropy of the kept bytes in bits a byte, nan where there are none."""
    if kept == 0:
        return _NAN
    begin: Int = 0
    for i in range(1, kept + 1):  # of equal bytes in a row none waits for the one before to be counted
        if i == kept or payload[i] != payload[begin]:
            letters[payload[begin]] += np.uint8(i - begin)
            begin = i
    total, before = 0.0, np.int64(-1)
    for i in range(kept):
        byte = np.int64(payload[i])
        if byte != before:
            total += _LOGS[letters[byte]]
            letters[byte] = np.uint8(0)
            before = byte
    return float(max(np.log2(np.float64(kept)) - total / kept, 0.0))


@lean_part
def _whole(flow: Record, out: Out, n: Int, at: Int) -> Int:
    """``_WHOLE``."""
    seconds = (flow["last"] - flow["first"]) * 1e-9
    forth, back = np.float64(flow["packets"][FWD]), np.float64(flow["packets"][BWD])
    size = np.float64(flow["bytes"][FWD]) + np.float64(flow["bytes"][BWD])
    squares = np.float64(flow["size_squares"][FWD]) + np.float64(flow["size_squares"][BWD])
    out[at, n] = seconds
    out[at + 1, n] = _ratio(size, forth + back)
    out[at + 2, n] = _deviation(size, squares, forth + back)
    out[at + 3, n] = _ratio(forth + back, seconds)
    out[at + 4, n] = _ratio(size, seconds)
    out[at + 5, n] = _ratio(back, forth)
    out[at + 6, n] = _seconds(flow["response"])
    out[at + 7, n] = flow["turns"]
    out[at + 8, n] = flow["no_flags"]
    return at + 9


@lean_part
def _rare(flow: Record, rare: Record, out: Out, n: Int, at: Int) -> Int:
    """``_PERIODS`` (the running active period is counted in) and the ICMP errors."""
    for kind in (ACTIVE_PERIOD, IDLE_PERIOD):
        count = np.float64(rare["period_count"][kind])
        mean, m2 = rare["period_mean"][kind], rare["period_m2"][kind]
        least, most = np.float64(rare["period_min"][kind]), np.float64(rare["period_max"][kind])
        if kind == ACTIVE_PERIOD:
            began = rare["active_since"] if count > 0 else flow["first"]
            running = max(flow["last"] - began, 0) * 1e-9
            least = min(least, running) if count > 0 else running
            most = max(most, running)
            count += 1.0
            away = running - mean
            mean += away / count
            m2 += away * (running - mean)
        out[at, n] = count
        out[at + 1, n] = mean
        out[at + 2, n] = np.sqrt(_ratio(m2, count))
        out[at + 3, n] = least
        out[at + 4, n] = most
        at += 5
    for error in range(6):
        out[at + error, n] = rare["icmp_errors"][error]
    return at + 6


@lean_part
def _names(flow: Record, out: Out, n: Int, at: Int) -> Int:
    """``_NAMES_AND_ARP``."""
    out[at, n] = flow["dns_queries"]
    out[at + 1, n] = flow["dns_replies"]
    out[at + 2, n] = _ratio(np.float64(flow["dns_name_bytes"]), np.float64(flow["dns_queries"]))
    out[at + 3, n] = _ratio(np.float64(flow["dns_entropy_sum"]), np.float64(flow["dns_queries"]))
    out[at + 4, n] = flow["dns_type_first"]
    out[at + 5, n] = flow["dns_rcode_last"]
    out[at + 6, n] = flow["dns_nxdomain"]
    out[at + 7, n] = flow["dns_failed"]
    out[at + 8, n] = flow["dns_answers"]
    out[at + 9, n] = flow["dns_reply_bytes"]
    out[at + 10, n] = flow["dns_name_changes"]
    out[at + 11, n] = flow["arp_requests"]
    out[at + 12, n] = flow["arp_replies"]
    out[at + 13, n] = flow["arp_gratuitous"]
    out[at + 14, n] = flow["arp_mac_changes"]
    return at + 15
