"""One detector over shards that meter elsewhere: what they tell is merged tick by tick, and looked at as a whole.

Each shard adds up by host, service, pair and conversation what its rows of a tick bring to the windows; these sums are
merged here, exactly, and folded into the windows once. So features, verdicts and incidents, worked out here, are those
of one detector that saw all frames; docs/scaling.md says what that costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from contract.clock import Clock
from detector.event_order import BEFORE
from detector.merged_meter import MergedMeter
from detector.outputs import Judge
from detector.partials import Gatherer, Partials
from detector.partials_packed import Sums
from detector.pipeline import Detector
from detector.shard_meter import Held, Setup, Told
from detector.stopwatch import Stopwatch


class Slice(NamedTuple):
    """What all shards share of a slice of the traffic: whole ticks, in order."""

    edges: npt.NDArray[np.int64]  # (t, 2): the number behind the last frame of each tick, and the tick's own number
    offered: int  # frames, those included that no shard got
    dropped: Mapping[str, int]  # ... by reason
    late: int = 0  # so far: frames behind the watermark
    backward: int = 0  # so far: frames older than one before them
    displaced: int = 0  # so far: packets in fragments that lost their place
    newest: int = BEFORE  # time of the newest frame so far (epoch ns)
    through: int = BEFORE  # nothing older than this is still to come


class Merger(Detector):
    """Takes slices instead of frames: ``take`` in the order of the slices, ``reach`` where time goes on, ``finish``."""

    meter: MergedMeter

    def __init__(
        self, setup: Setup, model: Judge, clock: Clock | None = None, stopwatch: Stopwatch | None = None
    ) -> None:
        super().__init__(setup.config, model, clock, stopwatch, meter=MergedMeter(setup))
        self._gatherer = Gatherer(self.observer.windows.seed)
        self._frames = 0  # numbered so far
        self._slice = Slice(np.zeros((0, 2), np.int64), 0, {})

    def take(self, found: Slice, told: Sequence[Told]) -> None:
        """Work off a slice of which every shard has told."""
        self._slice = found
        self.stopwatch.start()
        merged = self.meter.merge(told, found.edges)
        self.stopwatch.lap("meter")
        sums = Sums([part.entries for part in told], self._gatherer)
        low = 0
        for number, (high, (end, tick)) in enumerate(zip(merged.ends.tolist(), found.edges.tolist(), strict=True)):
            if self._tick == BEFORE:
                self._tick = tick
            self._reach(tick)
            if self._tick_frames >= self.config.tick_frames:
                self._close_tick((tick + 1) * self.config.tick_ns)
            self.stopwatch.start()
            self.meter.apply(merged, low, high)
            self._bring(told, sums, number)
            self._tick_frames += end - self._frames
            self._frames, low = end, high
            self.stopwatch.lap("meter")
        lost = sum(part.no_slot for part in told)
        passed = found.offered - sum(found.dropped.values()) - lost
        self._decode.offered += found.offered
        self._decode.delivered += passed
        self._decode.dropped.update(found.dropped)
        if lost:
            self._decode.dropped["table_full"] += lost
        self._metered.offered += passed
        self._order.newest = max(self._order.newest, found.newest)

    def _bring(self, told: Sequence[Told], sums: Sums, number: int) -> None:
        """Give the observer what the shards added up of a tick."""
        ends = np.array([part.ends[number] for part in told])
        begins = np.array([part.ends[number - 1] for part in told]) if number else np.zeros_like(ends)
        own = [p.claims[low:high] for p, low, high in zip(told, begins[:, 1], ends[:, 1], strict=True)]
        claims = np.concatenate(own)
        self.observer.bring(Partials(sums.tick(ends[:, 0]), claims[np.argsort(claims["at"])]))

    def reach(self, until_ns: int) -> None:
        """Nothing older than that is still to come: work off the ticks that are over."""
        if self._tick != BEFORE:
            self._reach(until_ns // self.config.tick_ns)

    def held(self, shard: int) -> Held | None:
        """What a shard must have to go on behind the last slice that was taken; None where it begins anew."""
        return self.meter.held(shard, (self._tick + 1) * self.config.tick_ns if self._tick != BEFORE else 0)

    def status(self) -> dict[str, int]:
        """As of every detector; what was counted on the frames' way comes from there."""
        return super().status() | {
            "frames_late": self._slice.late,
            "frames_out_of_order": self._slice.backward,
            "fragments_displaced": self._slice.displaced,
        }
