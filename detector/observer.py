"""What stands between meter and classifier: windows, the choice of flows to look at, and their features.

The live pipeline and training both look at flows through this class, so that a model learns from what it will see.
"""

from __future__ import annotations

import numpy as np

from detector.classifiers.base import Matrix
from detector.due import HEAD, SKIPPED, TAIL, new_due, select
from detector.features import WIDTH, features
from detector.flowtable import NEVER, FlowTable
from detector.hands import Hands
from detector.memory import touch
from detector.meter import Slots
from detector.partials import Gatherer, Partials
from detector.windows import fold
from detector.windows_state import EVICTED, PLACES, new_windows, own_room


def places_of(hosts: int) -> tuple[int, ...]:
    """Room of the windows, by kind, where so many hosts are kept: a power of two, the other kinds in proportion."""
    whole = 1 << max(hosts - 1, 1).bit_length()
    return tuple(max(places * whole // PLACES[0], 8) for places in PLACES)


class Observer:
    """Follows one flow table. Call ``look`` once a tick, after ``Meter.expire`` and before ``Meter.clear_dirty``."""

    def __init__(self, table: FlowTable, seed: int = 0, hands: Hands | None = None, hosts: int = PLACES[0]) -> None:
        self.table = table
        self.windows = new_windows(seed, places_of(hosts))
        self._due = new_due(table)
        self._hands = hands or Hands(1)
        self._gatherer = Gatherer(self.windows.seed)
        self._told: Partials | None = None
        self._views = [own_room(self.windows) for _ in range(self._hands.count)]

    def bring(self, partials: Partials) -> None:
        """What shards have added up of the running tick: ``look`` takes it in place of the rows themselves."""
        if self._told is not None:
            raise ValueError("sums of two ticks without a look between them")
        self._told = partials

    def look(self, dirty: Slots, now_ns: int, *, last: bool = False) -> tuple[Slots, Matrix]:
        """Fold the tick into the windows; the slots worth a look and their features ``(n, WIDTH)``.

        Args:
            dirty: slots that frames touched in this tick
            now_ns: the end of the tick
            last: no tick follows, so that every second look is due now
        """
        told, self._told = self._told, None
        if told is None:
            told = self._gatherer.reduce(self.table, dirty, np.arange(len(dirty), dtype=np.int64))
        fold(self.windows, told, now_ns)
        slots = select(self._due, self.table, self.windows, dirty, now_ns, NEVER if last else now_ns)
        return slots, self._features(slots, now_ns)

    def _features(self, slots: Slots, now_ns: int) -> Matrix:
        out = np.zeros((len(slots), WIDTH), np.float32)

        def work(hand: int, low: int, high: int) -> None:
            out[low:high] = features(self.table, self._views[hand], slots[low:high], now_ns)

        if len(slots):
            self._hands.share(len(slots), work)
        return out

    def take_memory(self, flows: int) -> int:
        """Take the memory of all windows, and of the looks at so many live flows, now; how many bytes."""
        due = self._due
        looks = sum(touch(array, 0, flows) for array in (due.flow_id, due.looked, due.packets, due.tcp_state))
        return looks + sum(touch(array) for array in (*self.windows, due.queue_slot, due.queue_flow, due.queue_time))

    def next_look(self) -> int:
        """When the next second look is due (epoch ns), ``NEVER`` where none waits."""
        head, tail = self._due.counters[HEAD], self._due.counters[TAIL]
        return int(self._due.queue_time[head % len(self._due.queue_time)]) if head < tail else NEVER

    @property
    def skipped(self) -> int:
        """How many second looks were left out because the queue of them was full."""
        return int(self._due.counters[SKIPPED])

    @property
    def evicted(self) -> int:
        """How many entities gave way because their set of places was full."""
        return int(self.windows.counters[EVICTED])
