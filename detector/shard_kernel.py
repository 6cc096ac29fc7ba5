"""The loop over frames in two steps, so that several workers share it: decode to rows, then count the rows.

Rows are decoded in ranges, one a worker. Each worker then walks all rows in order and counts those whose flow is its
own; the quoted packet of an ICMP error is noted by the worker whose flow it belongs to, at that row's place.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.flow_index import fetch_entry, fetch_payload, fetch_record, key_hash
from detector.flow_life import Limits
from detector.flowtable import NOW, FlowTable
from detector.fragments import Fragments
from detector.meter_kernel import Work, blame, count_row, read_row
from detector.packet import NO_SLOT, Columns, Int, Record

Rows = npt.NDArray[np.void]
CHUNK: Final = 128  # rows whose flows are fetched together


class Share(NamedTuple):
    """Whose rows are counted: those of shard ``mine`` of so many; the first row is frame ``number`` of all."""

    mine: int
    shards: int
    number: int


@lean_part
def shard_of(hashed: np.uint64, shards: Int) -> Int:
    """Which of so many shards a flow belongs to, by the half of its hash that the index does not use."""
    return np.int64(((hashed & np.uint64(0xFFFFFFFF)) * np.uint64(shards)) >> np.uint64(32))


@lean_part
def _knows_fragments(row: Record) -> bool:
    """Whether decoding it may have read or written the table of ports: a fragment, or an error that quotes a packet."""
    return bool(row["reason"] == 0 and (row["fragment"] != 0 or row["quoted"] != 0))


@lean_kernel
def decode_rows(
    columns: Columns, low: Int, high: Int, first: Int, rows: Rows, spare: Int, scratch: Fragments, limits: Limits
) -> Int:
    """Decode frames ``low`` to ``high`` to rows, frame ``first`` being row 0; returns how many are fragments or
    quote a packet.

    These are not done yet: see ``decode_fragments``. ``rows[spare]`` is room to work in.
    """
    fragments = 0
    for n in range(low, high):
        read_row(columns, n, rows, n - first, spare, scratch, limits)
        if _knows_fragments(rows[n - first]):
            fragments += 1
    return fragments


@lean_kernel
def decode_fragments(
    columns: Columns, low: Int, high: Int, rows: Rows, spare: Int, fragments: Fragments, limits: Limits
) -> None:
    """Decode fragments and quotes among frames ``low`` to ``high`` once more, in order: later ones get their ports."""
    for n in range(low, high):
        if _knows_fragments(rows[n - low]):
            read_row(columns, n, rows, n - low, spare, fragments, limits)


@lean_kernel
def count_rows(
    columns: Columns,
    low: Int,
    high: Int,
    rows: Rows,
    share: Share,
    table: FlowTable,
    work: Work,
    limits: Limits,
) -> None:
    """Count the rows of frames ``low`` to ``high`` that belong to a shard."""
    mine, shards, at = share.mine, share.shards, low
    while at < high:
        stop = min(at + CHUNK, high)
        for n in range(at, stop):
            row = rows[n - low]
            if row["reason"] == 0 and shard_of(row["hash"], shards) == mine:
                fetch_entry(table, row["hash"])
        for n in range(at, stop):
            row = rows[n - low]
            if row["reason"] == 0 and shard_of(row["hash"], shards) == mine:
                fetch_record(table, row)
        for n in range(at, stop):
            row = rows[n - low]
            if row["reason"] == 0 and shard_of(row["hash"], shards) == mine:
                fetch_payload(table, row)
        for n in range(at, stop):
            row = rows[n - low]
            table.counters[NOW] = (share.number + n - low) * 2
            if row["reason"] != 0:
                if mine == 0:
                    work.dropped[np.int64(row["reason"])] += 1
                continue
            if shard_of(row["hash"], shards) == mine and not count_row(
                row, columns.data, columns.ts[n], table, work.blank, limits
            ):
                work.dropped[NO_SLOT] += 1
            if row["quoted"]:
                quoted = key_hash(row["quoted_address"], row["quoted_port"], row["quoted_protocol"], limits.seed)
                if shard_of(quoted, shards) == mine:
                    blame(row, table, limits)
        at = stop
