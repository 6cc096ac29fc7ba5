"""The meter: frames in Arrow batches become biflows in a table (RFC 5103, RFC 7011)."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from detector.flowtable import FlowTable, new_table

Slots = npt.NDArray[np.int32]
DEFAULT_CAPACITY: Final = 1 << 19


class Meter:
    """Counts frames to biflows.

    One tick is: ``update`` (any number of times), ``expire``, read ``dirty`` and the ended slots, ``clear_dirty``,
    ``export`` and ``release`` of the ended ones.

    Args:
        capacity: live flows at most; beyond, the one idle longest among a few is ended as ``table_full``
        idle_s: a flow without frames for so long has ended
        active_s: a flow that lasts so long is ended and goes on as a new one, with the same direction
        linger_s: how long after RST, or FIN of both sides, late frames still count to the flow
        seed: of the hash of the table, so that nobody can aim at its chains
    """

    table: FlowTable

    def __init__(
        self,
        capacity: int = DEFAULT_CAPACITY,
        idle_s: float = 60.0,
        active_s: float = 1800.0,
        linger_s: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.table = new_table(capacity)
        self._times = (int(idle_s * 1e9), int(active_s * 1e9), int(linger_s * 1e9))
        self._seed = seed

    def update(self, batch: pa.RecordBatch, low: int = 0, high: int | None = None) -> Counter[str]:
        """Count frames ``low`` to ``high`` of a FRAMES batch; returns how many were dropped, by reason.

        The rest (offered minus dropped) was metered.
        """
        raise NotImplementedError

    def dirty(self) -> Slots:
        """Slots touched since ``clear_dirty``, in order of first touch (a copy). Ended ones not yet released included."""
        raise NotImplementedError

    def clear_dirty(self) -> None:
        """Close a tick: ``at_tick_*`` of the dirty slots take the present values, ``fresh`` and ``dirty`` become 0."""
        raise NotImplementedError

    def expire(self, now_ns: int) -> Slots:
        """End what idled out, lingered out or lasted too long at ``now_ns``; returns all slots that ended since the last call.

        Frames do not find these flows any more; they can be read until they are released.
        """
        raise NotImplementedError

    def finish(self) -> Slots:
        """End all flows (``end_of_input``); returns them and what else ended since the last ``expire``."""
        raise NotImplementedError

    def export(self, slots: Slots) -> pa.RecordBatch:
        """The flows in these slots as a FLOWS batch."""
        raise NotImplementedError

    def release(self, slots: Slots) -> None:
        """Give ended slots back. Slots that did not end, or were released before, are left alone."""
        raise NotImplementedError
