"""The flow table of a centre: what sensors metered elsewhere, in the place of a meter.

To whatever reads the table (windows, features, alerts) it is a meter that counted the frames itself: a row of a sensor
is written over the record of its flow, and ``FlowTable.before`` still holds what the flow was a tick ago.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from detector import flow_life
from detector.flow_rows import Rows
from detector.flowtable import (
    DIRTY,
    END_OF_INPUT,
    ENDED,
    ENDED_WAITING,
    FREE,
    IDLE,
    LAST_TS,
    LIVE,
    LIVE_FLOWS,
    NEVER,
    NOT_ENDED,
)
from detector.meter import DEFAULT_CAPACITY, Meter, Slots
from detector.remote_index import forget, new_index, payload_rows_of, place, side_rows_of

GRACE_NS: Final = 10_000_000_000  # a flow of whose end nobody told is ended so long after its idle timeout


class RemoteMeter(Meter):
    """Takes rows instead of frames. One tick is: ``apply``, ``expire``, read ``dirty`` and the ended slots, and so on.

    Flows end when their sensor says so; or, where it fell silent, when they idled out and a grace is over. Where no
    slot is free a new flow is refused and counted: ``counts()["evicted"]``.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY, idle_s: float = 60.0, seed: int = 0) -> None:
        super().__init__(capacity, idle_s, seed=seed)
        slots = len(self.table.flows)
        self._index = new_index(slots, int(self._limits.seed))
        self._idle_ns = int(idle_s * 1e9) + GRACE_NS
        self._flows = 0  # flows so far: their numbers
        self._refused = 0

    def apply(self, rows: Rows, sessions: npt.NDArray[np.uint32]) -> int:
        """Take rows of one tick, in the order in which frames touched their flows; how many packets they bring.

        A flow may stand in several rows, the last of which counts.
        """
        table, count = self.table, len(rows.records)
        slots, new = np.empty(count, np.int32), np.empty(count, np.bool_)
        ids = np.ascontiguousarray(rows.records["flow_id"])
        self._refused += int(place(self._index, table, sessions, ids, slots, new))
        kept = slots >= 0
        last = _last_of_each(slots, kept)
        before = np.where(new[:, None], 0, table.flows["packets"][slots]) if count else np.zeros((0, 2), np.int64)
        began = new.copy()
        new[last] = _any_new(slots, new, last)
        packets = rows.records["packets"][last].astype(np.int64) - before[last]
        packets[new[last]] = rows.records["packets"][last][new[last]]
        self._number(slots[began & kept])
        self._write(rows, slots, new, last)
        self._beside(rows, slots, kept)
        self._list(slots[kept], rows.records["ended"], slots, last)
        if count:
            table.counters[LAST_TS] = max(int(table.counters[LAST_TS]), int(rows.records["last"].max()))
        return int(np.maximum(packets, 0).sum())

    def _number(self, slots: Slots) -> None:
        """Number new flows in the order of their first frames, as one meter of all frames would."""
        self.table.flows["flow_id"][slots] = np.arange(self._flows + 1, self._flows + 1 + len(slots), dtype=np.uint64)
        self._flows += len(slots)

    def _write(self, rows: Rows, slots: Slots, new: npt.NDArray[np.bool_], last: npt.NDArray[np.int64]) -> None:
        """Write records; what is the table's own business stays as it is."""
        table, at = self.table, slots[last]
        records = rows.records[last]
        held = table.flows[["flow_id", "fresh", "dirty", "payload_row", "payload_kept"]][at]
        fresh = new[last]
        records["flow_id"] = held["flow_id"]
        records["dirty"] = held["dirty"]
        records["fresh"] = np.where(fresh, 1, held["fresh"])
        records["state"] = np.where(records["ended"] == NOT_ENDED, LIVE, ENDED)
        told = records["payload_kept"]
        own = np.where(fresh, 0, held["payload_row"]).astype(np.uint32)
        needs = np.flatnonzero((told.sum(axis=1) > 0) & (own == 0))
        given = np.empty(len(needs), np.uint32)
        payload_rows_of(table, given)
        own[needs] = given
        records["payload_row"] = own
        kept = np.where(fresh[:, None], 0, held["payload_kept"])
        for side in range(2):
            some = np.flatnonzero(told[:, side] > 0)
            table.payload[own[some], side] = rows.payload[last[some], side]
        records["payload_kept"] = np.where(told > 0, told, kept)
        _bytes(table.flows)[at] = _bytes(records)
        table.deadline[at] = np.where(records["state"] == LIVE, records["last"] + self._idle_ns, NEVER)

    def _beside(self, rows: Rows, slots: Slots, kept: npt.NDArray[np.bool_]) -> None:
        for side, at, values in (
            (self.table.rare, rows.rare_at, rows.rare),
            (self.table.messages.side, rows.messages_at, rows.messages),
        ):
            some = kept[at]
            if not some.any():
                continue
            places = np.empty(int(some.sum()), np.int64)
            side_rows_of(side, slots[at[some]], places)
            side.rows[places] = values[some]

    def _list(self, touched: Slots, ended: Any, slots: Slots, last: npt.NDArray[np.int64]) -> None:  # noqa: ANN401
        """Put touched slots on the dirty list once, in order, and ended ones on that of the ended."""
        table = self.table
        _, first = np.unique(touched, return_index=True)
        fresh = touched[np.sort(first)]
        fresh = fresh[table.flows["dirty"][fresh] == 0]
        at = int(table.counters[DIRTY])
        table.dirty[at : at + len(fresh)] = fresh
        table.flows["dirty"][fresh] = 1
        table.counters[DIRTY] += len(fresh)
        over = slots[last][ended[last] != NOT_ENDED]
        over = over[self._index.session[over] != 0]  # not told of twice
        forget(self._index, over)
        self._end(over)

    def _end(self, slots: Slots) -> None:
        counters = self.table.counters
        at = int(counters[ENDED_WAITING])
        self.table.ended[at : at + len(slots)] = slots
        counters[ENDED_WAITING] += len(slots)
        counters[LIVE_FLOWS] -= len(slots)

    def dirty(self) -> Slots:
        slots = self.table.dirty[: self.table.counters[DIRTY]]
        kept: Slots = slots[self.table.flows["state"][slots] != FREE]
        return kept

    def expire(self, now_ns: int) -> Slots:
        overdue = np.flatnonzero(self.table.deadline <= now_ns).astype(np.int32)
        if len(overdue):
            self._close(overdue, IDLE)
        return self._take_ended()

    def finish(self) -> Slots:
        self._close(np.flatnonzero(self.table.deadline < NEVER).astype(np.int32), END_OF_INPUT)
        return self._take_ended()

    def _close(self, slots: Slots, reason: int) -> None:
        """End flows of whose end no sensor told."""
        flows = self.table.flows
        flows["state"][slots] = ENDED
        flows["ended"][slots] = reason
        self.table.deadline[slots] = NEVER
        forget(self._index, slots)
        self._end(slots)
        fresh = slots[flows["dirty"][slots] == 0]
        at = int(self.table.counters[DIRTY])
        self.table.dirty[at : at + len(fresh)] = fresh
        flows["dirty"][fresh] = 1
        self.table.counters[DIRTY] += len(fresh)

    def lives(self, session: int, flow_ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Which of a session's flows, by their own numbers, are in the table and have not ended."""
        return np.isin(flow_ids, self._index.flow_id[self._index.session == session])

    def next_end(self) -> int:
        if self.table.counters[ENDED_WAITING]:
            return int(self.table.counters[LAST_TS])
        return NEVER

    def release(self, slots: Slots) -> None:
        flow_life.release(self.table, np.asarray(slots, np.int32))

    def counts(self) -> dict[str, int]:
        return super().counts() | {"evicted": self._refused}


def _bytes(records: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Records as rows of bytes: an assignment of records goes field by field."""
    return records.view(np.uint8).reshape(len(records), records.dtype.itemsize)


def _last_of_each(slots: Slots, kept: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Where each slot stands for the last time, in the order of the rows."""
    rows = np.flatnonzero(kept)
    _, back = np.unique(slots[rows][::-1], return_index=True)
    return np.sort(rows[len(rows) - 1 - back])


def _any_new(slots: Slots, new: npt.NDArray[np.bool_], last: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether the flow of each last row is new in any row."""
    found: npt.NDArray[np.bool_] = np.isin(slots[last], slots[new])
    return found
