"""Where slices come from: generator shards that are Ray actors, or frames that are here already."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import pyarrow as pa
import ray
from ray.exceptions import RayError, RayTaskError

from campaign.ray_engine.actors import GeneratorShard, Planned, Start
from campaign.ray_engine.pool import FOR_EVER, PATIENCE_S, START_S, answers_of, check_version, line_of
from campaign.striping import Made, slice_end, slices
from contract.errors import InputError, LackingError
from detector.merging import Slice
from detector.shard_meter import Setup
from detector.slicing import ROWS, Cut, Slicer
from generator.workload import Workload

AHEAD: Final = 4  # slices made that no shard was given yet
SHORTEST_NS, LONGEST_NS = 250_000_000, 1_000_000_000


@dataclass
class Batch:
    """One slice, ready to be handed over: references of parcels by shard and by generator."""

    number: int
    slice: Slice
    parcels: list[list[Any]]
    attempts: int = 0
    truth: pa.RecordBatch | None = None
    end_ns: int = 0  # when it is due, 0 where that does not matter


class Source(Protocol):
    """Gives slices in order, and any of those that were not yet acknowledged again."""

    def next(self, timeout_s: float) -> Batch | None:
        """The next slice, None where it is not ready within that time."""

    @property
    def over(self) -> bool:
        """Whether all slices were given."""

    def again(self, numbers: list[int]) -> dict[int, list[list[Any]]]:
        """Parcels of slices made once more."""

    def acknowledge(self, number: int) -> None:
        """Slices up to this one will not be asked for again."""


class Frames:
    """FRAMES that are here, in batches of any size: cut into slices of at least ``rows`` frames."""

    def __init__(self, batches: Iterable[pa.RecordBatch], setup: Setup, rows: int = ROWS) -> None:
        self._batches = iter(batches)
        self._slicer: Slicer | None = Slicer(setup, rows)
        self._ready: list[Cut] = []
        self._kept: dict[int, Cut] = {}
        self._number = 0

    def next(self, timeout_s: float) -> Batch | None:  # noqa: ARG002 - as every source
        """The next slice; None where there is no more."""
        while not self._ready and self._slicer:
            batch = next(self._batches, None)
            if batch is None:
                self._slicer.finish()
            else:
                self._slicer.feed(batch)
            self._ready += self._slicer.cuts()
            if batch is None:
                self._slicer = None
        if not self._ready:
            return None
        number, cut = self._number, self._ready.pop(0)
        self._kept[number] = cut
        self._number += 1
        return Batch(number, cut.slice, _put(cut))

    @property
    def over(self) -> bool:
        """Whether all slices were given."""
        return self._slicer is None and not self._ready

    def again(self, numbers: list[int]) -> dict[int, list[list[Any]]]:
        """Parcels of slices once more."""
        return {number: _put(self._kept[number]) for number in numbers}

    def acknowledge(self, number: int) -> None:
        """Let go of it."""
        self._kept.pop(number, None)


class Generators:
    """Generator shards, at most ``AHEAD`` slices ahead of what was taken."""

    def __init__(self, workload: Workload, setup: Setup, count: int) -> None:
        self._setup, self._count = setup, count
        self.workload = workload
        make = ray.remote(**FOR_EVER)(GeneratorShard)
        text = workload.to_json()
        self._actors = [make.remote(text, setup, mine, count) for mine in range(count)]
        self._start = Start(0, 0)
        self.total = 0
        self._asked: dict[int, list[list[Any]]] = {}  # by slice, by generator: what is known of it, and its parcels
        self._next = 0
        self.remade = 0

    def plan(self) -> Planned:
        """Wait until all have the plan, which must be the same. Raises ``InputError``, ``LackingError``."""
        plans = [
            Planned(*found)
            for found in answers_of([a.plan.remote() for a in self._actors], START_S, "generator shards")
        ]
        for planned in plans:
            check_version(planned.version)
        if len({(planned.frames, planned.attempts) for planned in plans}) > 1:
            raise InputError(
                "the generator shards planned different campaigns: their nodes do not have the same libraries"
            )
        return plans[0]

    def start(self, at_ns: int, slice_ns: int) -> None:
        """Second 0 is at that moment; begin to make slices."""
        self._start = Start(at_ns, slice_ns)
        self.workload = _moved(self.workload, at_ns)
        self.total = slices(self.workload, slice_ns)
        self._ask()

    def next(self, timeout_s: float) -> Batch | None:
        """The next slice, None where it is not ready within that time. Raises ``LackingError`` where a shard fails."""
        made = self._known(self._next, timeout_s)
        if made is None:
            return None
        number = self._next
        dropped: Counter[str] = Counter()
        for part in made:
            dropped.update(part.slice.dropped)
        whole = made[0].slice._replace(offered=sum(part.slice.offered for part in made), dropped=dict(dropped))
        truth = next((part.truth for part in made if part.truth is not None), None)
        batch = Batch(number, whole, self._parcels(number), made[0].attempts, truth, self.end_of(number))
        self._next += 1
        self._ask()
        return batch

    def end_of(self, number: int) -> int:
        """When a slice ends (epoch ns)."""
        return slice_end(self.workload, self._start.slice_ns, number)

    @property
    def over(self) -> bool:
        """Whether all slices were given."""
        return self._next >= self.total

    def again(self, numbers: list[int]) -> dict[int, list[list[Any]]]:
        """Parcels of slices made once more: the same frames."""
        for number in numbers:
            self._make(number)
        self.remade += len(numbers)
        return {number: self._parcels(number) for number in numbers}

    def acknowledge(self, number: int) -> None:
        """Let go of its parcels."""
        self._asked.pop(number, None)

    def _ask(self) -> None:
        for number in range(self._next, min(self._next + AHEAD, self.total)):
            if number not in self._asked:
                self._make(number)

    def _make(self, number: int) -> None:
        count = self._setup.shards + 1
        self._asked[number] = [a.make.options(num_returns=count).remote(number, self._start) for a in self._actors]

    def _parcels(self, number: int) -> list[list[Any]]:
        return [[made[1 + shard] for made in self._asked[number]] for shard in range(self._setup.shards)]

    def _known(self, number: int, timeout_s: float) -> list[Made] | None:
        """What the generators say of a slice; one whose answer was lost with a node is asked again."""
        answers = [made[0] for made in self._asked[number]]
        ready, _ = ray.wait(answers, num_returns=len(answers), timeout=timeout_s)
        if len(ready) < len(answers):
            return None
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return [Made(*found) for found in ray.get(answers)]
            except RayTaskError as error:
                raise LackingError(f"a generator shard failed: {line_of(error)}") from None
            except RayError as error:
                if time.monotonic() > until:
                    raise LackingError(f"a generator shard does not come back: {line_of(error)}") from None
                self._make(number)
                answers = [made[0] for made in self._asked[number]]


def slice_length(frames: int, duration_s: float) -> int:
    """How long slices are to be (ns), so that they have ``ROWS`` frames or more where that takes a second or less."""
    wanted = int(ROWS / max(frames / duration_s, 1.0) * 1e9)
    return min(max(wanted, SHORTEST_NS), LONGEST_NS)


def _put(cut: Cut) -> list[list[Any]]:
    return [[ray.put(parcel)] for parcel in cut.parcels]


def _moved(workload: Workload, at_ns: int) -> Workload:
    return replace(workload, start_ns=at_ns)
