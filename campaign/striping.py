"""Generator shards: each makes its stripe of one plan, and deals its frames out to detector shards.

Every shard plans and schedules the whole campaign, a small part of the work, and writes the frames of the attempts that
fall to it. So each knows the number of each of its frames among all, without asking the others; and any of them
can be started anew at any slice. Frames of one attempt stay together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from detector.merging import Slice
from detector.shard_meter import Setup
from detector.split import Parcel, Splitter
from generator.plan import Planner
from generator.rendering import render
from generator.traffic import Stretch, Traffic
from generator.workload import Workload

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_HALF: Final = np.uint64(32)
Int64 = npt.NDArray[np.int64]


class Made(NamedTuple):
    """One slice of one stripe."""

    number: int
    slice: Slice  # ``offered`` and ``dropped`` count this stripe's frames alone
    attempts: int  # malicious ones that begin in the slice, of all stripes
    truth: pa.RecordBatch | None  # of all stripes; one of them tells it
    parcels: list[Parcel]  # one for each detector shard


class Stripe:
    """One generator shard.

    Args:
        workload: the campaign; ``start_ns`` is when it begins
        setup: of the detector shards
        mine: number of this stripe
        stripes: how many there are
    """

    def __init__(self, workload: Workload, setup: Setup, mine: int = 0, stripes: int = 1) -> None:
        self._workload, self._setup = workload, setup
        self._mine, self._stripes = mine, stripes
        self._slice_ns = self._shift = 0
        self._begin()

    @property
    def frames(self) -> int:
        """Frames of all stripes that are planned so far."""
        return self._traffic.frames

    @property
    def attempts(self) -> int:
        """Malicious attempts of the campaign: those planned, and those to come on average."""
        planned_s = (self._traffic.planned_ns - self._traffic.workload.start_ns) / 1e9
        return self._traffic.attempts + round(self._planner.expected(planned_s))

    def warm_up(self) -> None:
        """Load the kernels before the clock matters."""
        self._traffic.warm_up()

    def start(self, at_ns: int, slice_ns: int) -> None:
        """Let second 0 be at that moment, and slices so long (rounded up to whole ticks); before the first slice."""
        tick_ns = self._setup.config.tick_ns
        self._shift = at_ns - self._workload.start_ns
        self._traffic.postpone(at_ns - self._traffic.workload.start_ns)
        self._slice_ns = -(-slice_ns // tick_ns) * tick_ns

    def ends(self, number: int) -> int:
        """Where a slice ends (epoch ns)."""
        return slice_end(self._traffic.workload, self._slice_ns, number)

    def make(self, number: int) -> Made:
        """One slice. Those before it are passed over, in little time; one that was made before takes a new plan."""
        if number < self._next:
            self._begin()
        while self._next < number:
            # A fragment's ports may stand in the slice before.
            self._slice(write=self._next == number - 1)
        return self._slice(write=True)

    def _begin(self) -> None:
        setup = self._setup
        self._planner = Planner(self._workload)
        self._traffic = Traffic(self._planner, shift_ns=self._shift)
        self._splitter = Splitter(setup.shards, setup.hash_seed, setup.config.seed, setup.config.tunnels)
        self._next = self._numbered = 0

    def _slice(self, *, write: bool) -> Made:
        number, before = self._next, self._numbered
        stretch = self._traffic.stretch(self.ends(number))
        ts = stretch.due.ts
        self._next, self._numbered = number + 1, before + len(ts)
        edges = tick_edges(ts, before, self._setup.config.tick_ns, self._setup.config.tick_frames)
        telling = write and number % self._stripes == self._mine
        parcels, offered, dropped = self._written(stretch, before) if write else ([], 0, {})
        newest = {"newest": int(ts[-1])} if len(ts) else {}
        found = Slice(
            edges, offered, dropped, displaced=self._splitter.displaced, through=self._traffic.at_ns, **newest
        )
        return Made(number, found, len(stretch.begins), stretch.truth() if telling else None, parcels)

    def _written(self, stretch: Stretch, before: int) -> tuple[list[Parcel], int, dict[str, int]]:
        numbers = np.arange(before, before + len(stretch.due.ts), dtype=np.int64)
        due = stretch.due
        if self._stripes > 1:
            seeds = stretch.plan.table.seed[due.attempt]
            rows = np.flatnonzero(stripes_of(seeds, self._stripes) == self._mine)
            due, numbers = due.take(rows), numbers[rows]
        frames = render(stretch.plan, due, known=stretch.ends)
        parcels, dropped = self._splitter.split(frames, numbers)
        return parcels, len(numbers), dict(dropped)


def slice_end(workload: Workload, slice_ns: int, number: int) -> int:
    """Where a slice ends (epoch ns): at the end of a tick, or at that of the campaign."""
    return min((workload.start_ns // slice_ns + number + 1) * slice_ns, workload.end_ns)


def slices(workload: Workload, slice_ns: int) -> int:
    """How many slices a campaign has."""
    return -(-workload.end_ns // slice_ns) - workload.start_ns // slice_ns


def stripes_of(seeds: npt.NDArray[np.uint64], stripes: int) -> Int64:
    """Which stripe attempts with these seeds fall to."""
    with np.errstate(over="ignore"):
        spread = (seeds * _GOLDEN) >> _HALF
    return ((spread * np.uint64(stripes)) >> _HALF).astype(np.int64)


def tick_edges(ts: Int64, before: int, tick_ns: int, tick_frames: int) -> Int64:
    """The ticks of sorted frames, of which ``before`` came already: see ``Slice.edges``."""
    return np.array(list(_edges(ts // tick_ns, before, tick_frames)), np.int64).reshape(-1, 2)


def _edges(ticks: Int64, before: int, tick_frames: int) -> Iterator[tuple[int, int]]:
    low = 0
    while low < len(ticks):
        high = min(int(np.searchsorted(ticks, ticks[low], "right")), low + tick_frames)
        yield before + high, int(ticks[low])
        low = high
