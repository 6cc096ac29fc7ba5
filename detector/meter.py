"""The meter: frames in Arrow batches become biflows in a table (RFC 5103, RFC 7011).

Who starts a flow: the sender of its first frame; but of a SYN/ACK the receiver, and of a TCP frame in mid-connection
from a system port (below 1024) to another one, the receiver too. A SYN after FIN or RST, or in a flow that was met in
mid-connection, is a new flow. The active timeout is looked at when a frame comes: the flow goes on as a new one.
"""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.schemas import FLOWS
from detector import flow_life
from detector.flow_columns import flow_columns
from detector.flowtable import (
    AFTER,
    BACKWARDS,
    DIRTY,
    END_OF_INPUT,
    ENDED_WAITING,
    EVICTED,
    FIRST_SLOT,
    FLOW,
    FREE,
    HIGH_WATER,
    LAST_TS,
    LIVE_FLOWS,
    NEXT_DEADLINE,
    FlowTable,
    live_of,
    new_table,
    reserve_of,
)
from detector.fragments import DISPLACED, UNMATCHED, Fragments
from detector.memory import touch
from detector.messages import DISPLACED as HELLOS_DISPLACED
from detector.meter_kernel import meter_frames, new_work
from detector.open_flows import open_since
from detector.packet import REASONS, Columns, columns_of
from detector.shard_processes import Processes
from detector.shards import Crew, Shards, Threads, new_memory
from detector.tick import close_tick
from detector.tunnels import levels_of

Slots = npt.NDArray[np.int32]
DEFAULT_CAPACITY: Final = 1 << 19


class Meter:
    """Counts frames to biflows.

    One tick is: ``update`` (any number of times), ``expire``, read ``dirty`` and the ended slots, ``clear_dirty``,
    ``export`` and ``release`` of the ended ones.

    Args:
        capacity: live flows at most; beyond, of the next 32 the one idle longest is ended as ``table_full``, one of a
            single frame before others (where there is none, 512 are looked at)
        idle_s: a flow without frames for so long has ended
        active_s: a flow that lasts so long is ended, and goes on as a new one with the same direction
        linger_s: how long after RST, or FIN of both sides, late frames still count to the flow
        seed: of the table of fragments; drawn by chance if not given. The seed of the index always is, so that nobody
            can aim at its chains: no answer depends on it
        tunnels: ``outer`` meters a tunnel as one flow, ``inner`` what it carries (``detector.tunnels``)
        shards: parts of the table, each worked on by a thread, or by a process of its own with ``processes``; each has
            its share of ``capacity``, and no answer depends on them until one of them is full
    """

    def __init__(
        self,
        capacity: int = DEFAULT_CAPACITY,
        idle_s: float = 60.0,
        active_s: float = 1800.0,
        linger_s: float = 2.0,
        seed: int | None = None,
        tunnels: str = "outer",
        shards: int = 1,
        *,
        processes: bool = False,
    ) -> None:
        seed = secrets.randbits(64) if seed is None else seed
        self._limits = flow_life.Limits(
            int(idle_s * 1e9),
            int(active_s * 1e9),
            int(linger_s * 1e9),
            live_of(capacity, shards),
            np.uint64(secrets.randbits(64)),
            levels_of(tunnels),
        )
        self._work = new_work(flow_life.blank_record(FLOW), seed)
        self._shards = _shards(capacity, shards, self._limits, self._work.fragments, processes) if shards > 1 else None
        self._tables = self._shards.tables if self._shards else (new_table(capacity),)
        self.table: FlowTable = self._tables[0]  # of all flows; its lists are those of the first shard alone
        self._reserve = reserve_of(capacity)  # of the whole, so that it says the same of any number of shards
        self._batch: pa.RecordBatch | None = None
        self._columns: Columns | None = None

    def update(self, batch: pa.RecordBatch, low: int = 0, high: int | None = None) -> Counter[str]:
        """Count frames ``low`` to ``high`` of a sound FRAMES batch; returns how many were dropped, by reason.

        The rest (offered minus dropped) was metered. Reasons are those of ``detector.packet.REASONS``.
        """
        if batch is not self._batch or self._columns is None:
            self._batch, self._columns = batch, columns_of(batch)
        high = len(self._columns.ts) if high is None else high
        if not 0 <= low <= high <= len(self._columns.ts):
            raise ValueError(f"frames {low} to {high} of a batch of {len(self._columns.ts)}")
        self._work.dropped[:] = 0
        if self._shards:
            self._work.dropped[:] = self._shards.meter(self._columns, low, high)
        else:
            meter_frames(self._columns, low, high, self.table, self._work, self._limits)
        if not self._work.dropped.any():
            return Counter()
        return Counter({name: int(n) for name, n in zip(REASONS, self._work.dropped, strict=True) if n})

    def dirty(self) -> Slots:
        """Slots touched since ``clear_dirty`` in order of first touch (a copy), ended ones included until released.

        What ``expire`` ended comes last, in order of its ids.
        """
        return self.touched()[0]

    def touched(self) -> tuple[Slots, npt.NDArray[np.int64]]:
        """As ``dirty``, and what was worked on at that touch: ``NOW`` of ``detector.flowtable``."""
        lists = [(t.dirty[: t.counters[DIRTY]], t.dirty_at[: t.counters[DIRTY]]) for t in self._tables]
        slots, at = (np.concatenate(both) for both in zip(*lists, strict=True))
        if len(slots) and (self._shards or at[-1] > AFTER):
            order = np.argsort(at, kind="stable")
            slots, at = slots[order], at[order]
        kept = self.table.flows["state"][slots] != FREE
        return slots[kept], at[kept]

    def clear_dirty(self) -> None:
        """Close a tick: ``before`` of the dirty slots takes the present values, ``fresh`` and ``dirty`` become 0."""
        if self._shards:
            self._shards.crew.each("close")
        else:
            close_tick(self.table)

    def expire(self, now_ns: int) -> Slots:
        """End what idled or lingered out at ``now_ns``; returns all slots that ended since the last call.

        They come in order of their ids. Frames do not find these flows any more; they can be read until they are
        released.
        """
        if not self._shards:
            flow_life.expire(self.table, now_ns, self._limits)
        elif self.next_end() <= now_ns:
            self._shards.crew.each("expire", now_ns)
        return self._take_ended()

    @property
    def crowded(self) -> bool:
        """Whether flows that ended and were not handed out take a quarter of the slots that are kept for them."""
        waiting = sum(int(table.counters[ENDED_WAITING]) for table in self._tables)
        return waiting * 4 > self._reserve

    def finish(self) -> Slots:
        """End all flows (``end_of_input``); returns them and what else ended since the last ``expire``."""
        if self._shards:
            self._shards.crew.each("end_all", END_OF_INPUT)
        else:
            flow_life.end_all(self.table, END_OF_INPUT)
        return self._take_ended()

    def _take_ended(self) -> Slots:
        slots = np.concatenate([table.ended[: table.counters[ENDED_WAITING]] for table in self._tables])
        for table in self._tables:
            table.counters[ENDED_WAITING] = 0
        ids = self.table.flows["flow_id"][slots]
        ordered: Slots = slots if (ids[1:] > ids[:-1]).all() else slots[np.argsort(ids, kind="stable")]
        return ordered

    def next_end(self) -> int:
        """No flow ends before this time (epoch ns) if no frame comes; ``NEVER`` where none lives."""
        return min(int(table.counters[NEXT_DEADLINE]) for table in self._tables)

    def open_since(self) -> int:
        """The time of the oldest frame of all flows that were not handed out (``detector.open_flows``)."""
        return open_since(self._tables)

    def export(self, slots: Slots) -> pa.RecordBatch:
        """The flows in these slots as a FLOWS batch."""
        return pa.record_batch(flow_columns(self.table, slots), schema=FLOWS)

    def release(self, slots: Slots) -> None:
        """Give ended slots back. Slots that did not end, or were released before, are left alone."""
        slots = np.asarray(slots, np.int32)
        for table in self._tables:
            first = table.counters[FIRST_SLOT]
            flow_life.release(table, slots[(slots >= first) & (slots < first + len(table.free))])

    def take_memory(self, flows: int) -> int:
        """Take the memory of so many live flows now (``detector.memory``), before the first frame; how many bytes.

        Each shard takes its part, where shards are not processes of their own.
        """
        taken = 0
        for table in self._tables:
            first = int(table.counters[FIRST_SLOT])
            slots = min(-(-flows // len(self._tables)), len(table.free))
            for array in (table.flows, table.before, table.payload, table.rare.of, table.rare.rows):
                taken += touch(array, first, first + slots)
            for array in (table.dirty, table.dirty_at, table.ended):
                taken += touch(array, 0, slots)
            taken += touch(table.places)
        return taken

    def close(self) -> None:
        """Let go of threads and processes; what was counted can still be read."""
        if self._shards:
            self._shards.crew.close()

    def counts(self) -> dict[str, int]:
        """What a status wants: live flows, evictions, frames older than their flow, newest time, slots ever used,
        packets in fragments that lost their place in the table of ports, later fragments without ports, and hellos in
        several segments that lost their buffer.
        """
        fragments = self._work.fragments.counters
        counters = np.array([table.counters for table in self._tables])
        return {
            "live": int(counters[:, LIVE_FLOWS].sum()),
            "evicted": int(counters[:, EVICTED].sum()),
            "backwards": int(counters[:, BACKWARDS].sum()),
            "last_ts": int(counters[:, LAST_TS].max()),
            "slots_used": int((counters[:, HIGH_WATER] - counters[:, FIRST_SLOT]).sum()),
            "fragments_displaced": int(fragments[DISPLACED]),
            "fragments_unmatched": int(fragments[UNMATCHED]),
            "hellos_displaced": sum(int(table.messages.counters[HELLOS_DISPLACED]) for table in self._tables),
        }


def _shards(capacity: int, shards: int, limits: flow_life.Limits, fragments: Fragments, processes: bool) -> Shards:  # noqa: FBT001
    crew: Crew = Processes(capacity, shards, limits) if processes else Threads(new_memory(capacity, shards), limits)
    return Shards(crew, limits, fragments)
