"""What Ray runs elsewhere: one actor for each generator shard and each detector shard.

Both can be started anew at any time. A generator shard makes any slice it is asked for. A detector shard that is asked
for another slice than the next says so, and is given what it needs to go on.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from campaign.striping import Made, Stripe
from contract.version import VERSION
from detector.config import Config
from detector.shard_meter import Held, Setup, ShardMeter, Told
from detector.slicing import Slicer
from detector.split import Parcel, joined
from detector.warm import warm_frames
from generator.workload import Workload


class Start(NamedTuple):
    """When second 0 is (epoch ns), and how long a slice is (ns)."""

    at_ns: int
    slice_ns: int


class Planned(NamedTuple):
    """What a generator shard says of the plan, and who it is."""

    frames: int
    attempts: int
    version: str
    pid: int


class Lost(NamedTuple):
    """A detector shard has not what it takes to work on a slice: it was started anew. ``needs`` is its next one."""

    needs: int


class GeneratorShard:
    """One stripe of the plan."""

    def __init__(self, workload: str, setup: Setup, mine: int, stripes: int) -> None:
        self._stripe = Stripe(Workload.from_json(workload), setup, mine, stripes)
        self._stripe.warm_up()
        self._start: Start | None = None

    def plan(self) -> Planned:
        """What is planned so far."""
        return Planned(self._stripe.frames, self._stripe.attempts, VERSION, os.getpid())

    def make(self, number: int, start: Start) -> tuple[Made | Parcel, ...]:
        """One slice: what is known of it, without the parcels; then each of these."""
        if self._start is None:
            self._start = start
            self._stripe.start(*start)
        made = self._stripe.make(number)
        return (made._replace(parcels=[]), *made.parcels)


class DetectorShard:
    """One shard of the flow table."""

    def __init__(self, setup: Setup, mine: int) -> None:
        warm_shard(setup)
        self._setup, self._mine = setup, mine
        self._meter = ShardMeter(setup, mine)
        self._next = 0
        self._last: Told | None = None

    def who(self) -> tuple[str, int]:
        """Version and process."""
        return VERSION, os.getpid()

    def restore(self, number: int, held: Held | None) -> int:
        """Go on with that slice, from what was held before it."""
        self._meter = ShardMeter(self._setup, self._mine, held)
        self._next, self._last = number, None
        return os.getpid()

    def work(self, number: int, edges: npt.NDArray[np.int64], *parcels: Parcel) -> Told | Lost:
        """Meter a slice. One that was just done is told of again, not counted again."""
        if number == self._next - 1 and self._last is not None:
            return self._last
        if number != self._next:
            return Lost(self._next)
        self._last = self._meter.work(joined(list(parcels)), edges)
        self._next = number + 1
        return self._last


def warm_shard(setup: Setup) -> None:
    """Compile the kernels of splitting and metering, on a small table that is thrown away."""
    small = Setup(Config(capacity=256, tunnels=setup.config.tunnels), 1, 1)
    slicer, meter = Slicer(small, 1), ShardMeter(small, 0)
    slicer.feed(warm_frames())
    slicer.finish()
    for cut in slicer.cuts():
        meter.work(cut.parcels[0], cut.slice.edges)
