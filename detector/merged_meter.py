"""The flow table of whoever merges shards: what they tell is written into it, in the place of a meter.

To whatever reads the table (windows, features, alerts) it is a meter that counted the frames itself, with the same ids
and the same order. Flows idle out here as they do in their shard, at the same sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detector.config import NS
from detector.flowtable import BACKWARDS, EVICTED, FLOW, LAST_TS, LIVE, live_of, reserve_of
from detector.messages import DISPLACED
from detector.meter import Meter
from detector.remote_index import side_rows_of
from detector.shard_meter import BLANK, GATHERING, Held, Setup, Told
from detector.side_rows import SideRows
from detector.split_kernel import WORDS, ToldRows, take_told, unpack

Int64 = npt.NDArray[np.int64]
_GATHERED: Final = GATHERING.index("counters")


class Merged(NamedTuple):
    """What all shards tell of one slice, in the order in which frames touched the flows."""

    order: Int64  # (n,) rows of the columns below, in that order
    ends: Int64  # (t,) how many of them belong to the ticks up to each
    told: ToldRows
    beside: tuple[tuple[Int64, npt.NDArray[Any]], ...]  # payload, rare, messages: places in ``order``, and values


class MergedMeter(Meter):
    """Takes what shards tell instead of frames."""

    def __init__(self, setup: Setup) -> None:
        config = setup.config
        super().__init__(config.capacity, config.idle_s, config.active_s, seed=config.seed, tunnels=config.tunnels)
        live = live_of(config.capacity, setup.shards)
        self._setup = setup
        self._each = live + reserve_of(live)  # slots of a shard
        self._places = np.full(self._each * setup.shards, -1, np.int32)  # where each slot of each shard is kept
        self._owner = np.full(len(self.table.flows), -1, np.int32)
        self._told: list[Told | None] = [None] * setup.shards
        self.refused = 0

    def merge(self, told: Sequence[Told], edges: Int64) -> Merged:
        """Put together what the shards, all of them, tell of a slice."""
        begins = np.cumsum([0, *(len(part.slots) for part in told)])
        records = np.empty(int(begins[-1]), FLOW)
        words, blank = records.view(np.uint64).reshape(-1, WORDS), BLANK.view(np.uint64).ravel()
        for begin, part in zip(begins[:-1], told, strict=True):
            for packed in part.packed:
                unpack(packed.words, packed.rows, packed.columns, blank, words[begin : begin + len(part.slots)])
        at = np.concatenate([part.at for part in told])
        order = np.argsort(at, kind="stable")
        ends = np.searchsorted(at[order], edges[:, 0] * 2)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        beside = []
        for name in ("payload", "rare", "messages"):
            rows = [getattr(part, f"{name}_at") + int(begin) for begin, part in zip(begins[:-1], told, strict=True)]
            places = rank[np.concatenate(rows)]
            sort = np.argsort(places)
            beside.append((places[sort], np.concatenate([getattr(part, name) for part in told])[sort]))
        slots = [part.slots + np.int32(shard * self._each) for shard, part in enumerate(told)]
        deadline = np.concatenate([part.deadline for part in told])
        self._told = list(told)
        return Merged(order, ends, ToldRows(np.concatenate(slots), at, deadline, records), tuple(beside))

    def apply(self, merged: Merged, low: int, high: int) -> None:
        """Take the rows ``order[low:high]``, those of one tick."""
        taken = np.empty(high - low, np.int32)
        table = self.table
        self.refused += int(
            take_told(
                table,
                self._places,
                self._owner,
                merged.told,
                merged.order[low:high],
                taken,
            )
        )
        payload, rare, messages = (_some(rows, low, high, taken) for rows in merged.beside)
        table.payload[table.flows["payload_row"][payload[0]]] = payload[1]
        for side, (slots, values) in ((table.rare, rare), (table.messages.side, messages)):
            places = np.empty(len(slots), np.int64)
            side_rows_of(side, slots, places)
            side.rows[places] = values

    def held(self, shard: int, now: int) -> Held | None:
        """What a shard held behind the last slice, whose ticks up to ``now`` (ns) are worked off; None before."""
        told, table = self._told[shard], self.table
        if told is None:
            return None
        places = self._places[shard * self._each : (shard + 1) * self._each]
        slots = np.flatnonzero(places >= 0).astype(np.int32)
        at = places[slots]
        records = table.flows.take(at)
        live = (records["state"] == LIVE) & (self._owner[at] == slots + shard * self._each)
        slots, at, records = slots[live], at[live], records[live]
        rows = records["payload_row"]
        payload = table.payload[rows[rows > 0]]
        records["payload_row"] = np.where(rows > 0, np.cumsum(rows > 0), 0)
        records["fresh"] = records["dirty"] = 0
        sides = [_beside(side, at) for side in (table.rare, table.messages.side)]
        sweep_ns = int(self._setup.config.sweep_s * NS)
        return Held(
            slots,
            records,
            table.deadline[at],
            payload,
            *sides[0],
            *sides[1],
            told.counters,
            told.gathering,
            now // sweep_ns * sweep_ns,
        )

    def counts(self) -> dict[str, int]:
        """As of every meter; what shards count is theirs."""
        parts = [part for part in self._told if part is not None]
        told = [part.counters for part in parts]
        return super().counts() | {
            "evicted": self.refused + sum(int(counters[EVICTED]) for counters in told),
            "backwards": sum(int(counters[BACKWARDS]) for counters in told),
            "last_ts": max((int(counters[LAST_TS]) for counters in told), default=0),
            "hellos_displaced": sum(int(part.gathering[_GATHERED][DISPLACED]) for part in parts),
        }


def _some(rows: tuple[Int64, npt.NDArray[Any]], low: int, high: int, taken: npt.NDArray[np.int32]) -> Any:  # noqa: ANN401
    """Slots and values of those that belong to ``order[low:high]`` and were not passed over."""
    places, values = rows
    begin, end = np.searchsorted(places, (low, high))
    slots = taken[places[begin:end] - low]
    return slots[slots >= 0], values[begin:end][slots >= 0]


def _beside(side: SideRows, slots: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int32], npt.NDArray[Any]]:
    rows = side.of[slots]
    return np.flatnonzero(rows).astype(np.int32), side.rows[rows[rows > 0]]
