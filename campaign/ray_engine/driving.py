"""The loop over slices: from a source to the shards while there is credit, from there into the merger, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from campaign.ray_engine.pool import ParcelsLostError, Pool
from campaign.ray_engine.sources import Batch, Source
from detector.merging import Merger
from detector.outputs import Outputs

_POLL_S = 0.02


class Merged(NamedTuple):
    """A slice that every shard told of, and what came out of the detector."""

    batch: Batch
    outputs: Outputs


class Drive:
    """Moves slices until the source is over.

    Args:
        source: of slices
        pool: detector shards
        merger: where they are merged
        may_send: asked before a slice is handed over: seconds to wait, 0 to go on, below 0 to hand over no more
        sent: told of each slice that was handed over
    """

    def __init__(
        self,
        source: Source,
        pool: Pool,
        merger: Merger,
        may_send: Callable[[Batch], float] = lambda _: 0.0,
        sent: Callable[[Batch], None] = lambda _: None,
    ) -> None:
        self._source, self._pool, self._merger = source, pool, merger
        self._may_send, self._sent = may_send, sent
        self._ready: Batch | None = None
        self._batches: dict[int, Batch] = {}
        self._stopped = False

    def run(self) -> Iterator[Merged]:
        """Slices as they are merged. What was handed over is merged also where it stops early."""
        while True:
            wait_s = self._feed()
            if self._pool.under_way:
                yield from self._take(_POLL_S if wait_s is None else min(max(wait_s, 0.0), _POLL_S))
            elif self._stopped or (self._source.over and self._ready is None):
                return

    def _feed(self) -> float | None:
        """Hand over what there is credit for; how long until the next may go, None where that is not the clock's."""
        while self._pool.room and not self._stopped:
            if self._ready is None:
                if self._source.over:
                    return None
                self._ready = self._source.next(0.0 if self._pool.under_way else _POLL_S)
                if self._ready is None:
                    return None
            wait_s = self._may_send(self._ready)
            if wait_s < 0:
                self._stopped = True
                return None
            if wait_s > 0:
                return wait_s
            batch, self._ready = self._ready, None
            self._pool.send(batch.number, batch.slice.edges, batch.parcels)
            self._batches[batch.number] = batch
            self._sent(batch)
        return None

    def _take(self, timeout_s: float) -> Iterator[Merged]:
        try:
            told = self._pool.collect(timeout_s)
        except ParcelsLostError:
            self._pool.replace(self._source.again(self._pool.numbers()))
            return
        if told is None:
            return
        number = self._pool.numbers()[0]
        batch = self._batches.pop(number)
        self._merger.take(batch.slice, told)
        self._merger.reach(batch.slice.through)
        self._pool.acknowledge()
        self._source.acknowledge(number)
        yield Merged(batch, self._merger.outputs())
