"""A detector's eyes alone: frames are metered here, and what each tick brought is told to a centre elsewhere.

It works in the ticks of ``detector.ticking`` and ends flows at the same moments as a detector does, so that a centre
which is told of several sensors has, tick for tick, the flow table of one detector that saw all their frames. What
they cannot know of each other is how a frame at one bears on a flow at another: an ICMP error that quotes it.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.clock import Clock
from contract.ledger import Ledger
from detector.config import NS, Config
from detector.flow_rows import Rows, gather
from detector.flowtable import AFTER, NEVER
from detector.meter import Meter
from detector.ticking import Ticking

_DONE: Final = 1 << 62


class Sensor(Ticking):
    """Meters FRAMES (``feed``, ``tick``, ``finish``); ``rows`` is what the ticks since the last call brought."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        super().__init__(config, clock)
        self.meter = Meter(config.capacity, config.idle_s, config.active_s, seed=config.seed, tunnels=config.tunnels)
        self.ledger = Ledger()
        self._decode = self.ledger.stage("decode")
        self._told = np.zeros((len(self.meter.table.flows), 2), np.uint8)  # first payload bytes that were told
        self._chunks: list[tuple[int, npt.NDArray[np.int64]]] = []  # frames of the tick: number of the first, times
        self._frames = 0
        self._out: list[Rows] = []
        self.done = False

    @property
    def through(self) -> int:
        """Everything of ticks that end by then has been told (epoch ns); 0 before the first."""
        if self.done:
            return _DONE
        return 0 if self.newest is None else max(self.watermark // self.config.tick_ns * self.config.tick_ns, 0)

    @property
    def frames(self) -> int:
        """How many frames it was fed."""
        return self._decode.offered

    @property
    def waiting(self) -> int:
        """Rows that wait to be taken."""
        return sum(len(rows.records) for rows in self._out)

    def rows(self) -> list[Rows]:
        """What there is to tell, a tick each."""
        found, self._out = self._out, []
        return found

    def forget(self) -> None:
        """The centre may have missed what was told: tell the first bytes of each flow again when it is next touched."""
        self._told[:] = 0

    def finish(self) -> None:
        """The input has ended. Flows that live are told to end when they would if time went on without frames."""
        self._meter(self._order.flush())
        if self.newest is None:
            self.done = True
            return
        self._close_tick(self._end(), last=True)
        self._tick += 1
        while self.meter.next_end() != NEVER:
            self._reach(self._next_due() + 1)
        self.done = True

    def settle(self) -> Ledger:
        """Bring the ledger up to date and return it."""
        self._decode.in_flight = self._order.held
        return self.ledger

    def close(self) -> None:
        """Let go of the meter."""
        self.meter.close()

    def _offered(self, frames: int) -> None:
        self._decode.offered += frames

    def _next_due(self) -> int:
        sweep_ns = int(self.config.sweep_s * NS)
        swept = -(-self.meter.next_end() // sweep_ns) * sweep_ns
        return -(-swept // self.config.tick_ns) - 1

    def _count(self, batch: pa.RecordBatch, low: int, times: npt.NDArray[np.int64]) -> None:
        dropped: Counter[str] = self.meter.update(batch, low, low + len(times))
        self._decode.delivered += len(times) - sum(dropped.values())
        self._decode.dropped.update(dropped)
        self._chunks.append((self._frames, times))
        self._frames += len(times)

    def _end_tick(self, now: int, *, last: bool = False) -> None:  # noqa: ARG002 - as Ticking wants it
        ended = np.zeros(0, np.int32)
        sweep_ns = int(self.config.sweep_s * NS)
        if now // sweep_ns != (now - self.config.tick_ns) // sweep_ns or self.meter.crowded:
            ended = self.meter.expire(now)
        slots, at = self.meter.touched()
        if len(slots):
            flows = self.meter.table.flows
            kept, new = flows["payload_kept"][slots], flows["fresh"][slots] != 0
            fresh = (kept > 0) & ((kept != self._told[slots]) | new[:, None])
            self._out.append(gather(self.meter.table, slots, now, self._times(at, now), fresh))
            self._told[slots] = kept
        self._chunks.clear()
        self.meter.clear_dirty()
        self.meter.release(ended)

    def _times(self, at: npt.NDArray[np.int64], now: int) -> npt.NDArray[np.int64]:
        """When each flow was touched, from what was worked on then; what expired is touched at the end of the tick."""
        if not self._chunks:
            return np.full(len(at), now, np.int64)
        first = self._chunks[0][0]
        times = np.concatenate([times for _, times in self._chunks])
        found: npt.NDArray[np.int64] = times[np.clip((at >> 1) - first, 0, len(times) - 1)]
        return np.where(at >= AFTER, now, found)
