"""One meter as n shards: each has its own part of the flow table, and counts the flows whose hash falls to it.

Frames are worked off in chunks: each shard decodes its range of the chunk, then each counts what is its own. Slots are
numbered through, so what reads the table (windows, features, alerts) knows nothing of shards; at the end of a tick the
shards' lists of touched flows are merged in the order of the frames that touched them.

A crew does the work: ``Threads`` in this process (kernels run without the GIL), or ``detector.shard_processes`` in
others, over shared memory.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from detector import flow_life
from detector.flow_life import Limits
from detector.flowtable import FLOW, FlowTable, new_tables, zeros
from detector.fragments import Fragments
from detector.meter_kernel import new_work
from detector.packet import PACKET, REASONS, Columns
from detector.shard_kernel import Share, count_rows, decode_fragments, decode_rows
from detector.side_rows import Make
from detector.tick import close_tick

CHUNK_FRAMES: Final = 1 << 14  # decoded before they are counted: their rows fit a cache
MOST: Final = 64
DROPPED: Final = slice(1, 1 + len(REASONS))


class Memory(NamedTuple):
    """What the shards share."""

    tables: tuple[FlowTable, ...]  # one each; ``flows``, ``payload`` and ``deadline`` are the same arrays in all
    rows: npt.NDArray[np.void]  # (CHUNK_FRAMES + shards,) of PACKET; the last ones are spare, one each
    tallies: npt.NDArray[np.int64]  # (shards, 1 + len(REASONS)) fragments found, and frames dropped by reason


def new_memory(capacity: int, shards: int, make: Make = zeros, *, fresh: bool = True) -> Memory:
    """Memory for so many live flows and shards, in arrays that ``make`` gives; not ``fresh`` where they are filled."""
    rows = make(CHUNK_FRAMES + shards, PACKET)
    tallies = make(shards * (1 + len(REASONS)), np.dtype(np.int64)).reshape(shards, -1)
    return Memory(new_tables(capacity, shards, make, fresh=fresh), rows, tallies)


class Part:
    """One shard's work, whichever process does it."""

    def __init__(self, number: int, memory: Memory, limits: Limits) -> None:
        self.columns: Columns | None = None  # the frames at hand
        self._number, self._memory, self._limits = number, memory, limits
        self._table = memory.tables[number]
        self._shards = len(memory.tables)
        self._work = new_work(flow_life.blank_record(FLOW), 0)

    def decode(self, low: int, high: int) -> None:
        """Decode this shard's range of the frames ``low`` to ``high``."""
        memory, number, shards, size = self._memory, self._number, self._shards, high - low
        begin, end = low + size * number // shards, low + size * (number + 1) // shards
        memory.tallies[number, 0] = decode_rows(
            self._columns(), begin, end, low, memory.rows, CHUNK_FRAMES + number, self._work.fragments, self._limits
        )

    def count(self, low: int, high: int, number: int) -> None:
        """Count what is this shard's of the frames ``low`` to ``high``; the first is frame ``number`` of all."""
        self._work.dropped[:] = 0
        memory = self._memory
        count_rows(
            self._columns(),
            low,
            high,
            memory.rows,
            Share(self._number, self._shards, number),
            self._table,
            self._work,
            self._limits,
        )
        memory.tallies[self._number, DROPPED] = self._work.dropped

    def expire(self, now: int) -> None:
        """End what idled out."""
        flow_life.expire(self._table, now, self._limits)

    def end_all(self, reason: int) -> None:
        """End everything."""
        flow_life.end_all(self._table, reason)

    def close(self) -> None:
        """The tick is over."""
        close_tick(self._table)

    def _columns(self) -> Columns:
        if self.columns is None:
            raise ValueError("no frames were given")
        return self.columns


class Crew(Protocol):
    """Who does the shards' work."""

    memory: Memory

    def load(self, columns: Columns, low: int, high: int) -> tuple[Columns, int, int]:
        """Give the parts frames ``low`` to ``high``, or as many of them as they can take: what they see, and where."""

    def each(self, work: str, *numbers: int) -> None:
        """Let every part do that work (a method of ``Part``), and wait for all."""

    def close(self) -> None:
        """No more work."""


class Threads:
    """A crew of threads; this one does the first part."""

    def __init__(self, memory: Memory, limits: Limits) -> None:
        self.memory = memory
        self._parts = [Part(number, memory, limits) for number in range(len(memory.tables))]
        self._pool = ThreadPoolExecutor(max(len(self._parts) - 1, 1), "shard")

    def load(self, columns: Columns, low: int, high: int) -> tuple[Columns, int, int]:
        for part in self._parts:
            part.columns = columns
        return columns, low, min(high, low + CHUNK_FRAMES)

    def each(self, work: str, *numbers: int) -> None:
        jobs = [self._pool.submit(getattr(part, work), *numbers) for part in self._parts[1:]]
        getattr(self._parts[0], work)(*numbers)
        for job in jobs:
            job.result()

    def close(self) -> None:
        self._pool.shutdown()


class Shards:
    """The meter's work over several shards."""

    def __init__(self, crew: Crew, limits: Limits, fragments: Fragments) -> None:
        self.crew = crew
        self.tables = crew.memory.tables
        self._fragments = fragments
        self._limits = limits
        self._frames = 0

    def meter(self, columns: Columns, low: int, high: int) -> npt.NDArray[np.int64]:
        """Count frames; how many were dropped, by reason: ``(len(REASONS),)``."""
        memory = self.crew.memory
        dropped = np.zeros(len(REASONS), np.int64)
        while low < high:
            seen, begin, end = self.crew.load(columns, low, high)
            self.crew.each("decode", begin, end)
            if memory.tallies[:, 0].any():
                decode_fragments(seen, begin, end, memory.rows, CHUNK_FRAMES, self._fragments, self._limits)
            self.crew.each("count", begin, end, self._frames)
            self._frames += end - begin
            low += end - begin
            dropped += memory.tallies[:, DROPPED].sum(axis=0)
        return dropped
