"""The bare meter: biflows with their 5-tuple, packets, bytes, times, flags and TCP state, and nothing else.

What nfpcapd and argus give, at several times the rate of the full meter: a flow is one cache line. It has the full
meter's rules of direction and end (``detector.meter``), so both find the same flows; tunnels are metered as they are.
"""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import array_to_column
from contract.schemas import ADDRESS, TIME
from detector.bare_kernel import meter_bare, new_bare_work
from detector.bare_life import end_all_bare, expire_bare, release_bare
from detector.bare_table import BareTable, new_bare_table
from detector.flow_life import Limits
from detector.flowtable import (
    BACKWARDS,
    BWD,
    END_OF_INPUT,
    ENDED_WAITING,
    EVICTED,
    FWD,
    HIGH_WATER,
    LAST_TS,
    LIVE_FLOWS,
)
from detector.packet import REASONS, Columns, columns_of
from detector.transport import MAPPED

Slots = npt.NDArray[np.int32]
_SIDES: Final = (("fwd", FWD), ("bwd", BWD))

# One row a biflow; names and units as in ``contract.schemas.FLOWS``. ``tcp_state``: bits of ``detector.flowtable``.
BARE_FLOWS: Final = pa.schema(
    [
        ("src", ADDRESS),
        ("dst", ADDRESS),
        ("src_port", pa.uint16()),
        ("dst_port", pa.uint16()),
        ("protocol", pa.uint16()),
        ("ip_version", pa.uint8()),
        ("first", TIME),
        ("last", TIME),
        ("packets_fwd", pa.uint32()),
        ("packets_bwd", pa.uint32()),
        ("bytes_fwd", pa.uint64()),
        ("bytes_bwd", pa.uint64()),
        ("tcp_flags_fwd", pa.uint8()),
        ("tcp_flags_bwd", pa.uint8()),
        ("tcp_state", pa.uint8()),
        ("ended", pa.uint8()),
    ],
    metadata={"tenfold.schema": "bare-flows/1"},
)
_FIELDS: Final = {"packets": "packets", "bytes": "bytes", "tcp_flags": "flags"}


class BareMeter:
    """Counts frames to biflows; used as ``detector.meter.Meter`` is, without ticks.

    Args:
        capacity: live flows at most; beyond, the one idle longest among the next 32 is ended as ``table_full``
        idle_s: a flow without frames for so long has ended
        active_s: a flow that lasts so long is ended, and goes on as a new one with the same direction
        linger_s: how long after RST, or FIN of both sides, late frames still count to the flow
        seed: of the hash of the table; drawn by chance if not given
    """

    def __init__(
        self,
        capacity: int = 1 << 20,
        idle_s: float = 60.0,
        active_s: float = 1800.0,
        linger_s: float = 2.0,
        seed: int | None = None,
    ) -> None:
        seed = secrets.randbits(64) if seed is None else seed
        self.table: BareTable = new_bare_table(capacity)
        times = (int(idle_s * 1e9), int(active_s * 1e9), int(linger_s * 1e9))
        self._limits = Limits(*times, capacity, np.uint64(seed))
        self._work = new_bare_work(seed)
        self._batch: pa.RecordBatch | None = None
        self._columns: Columns | None = None

    def update(self, batch: pa.RecordBatch, low: int = 0, high: int | None = None) -> Counter[str]:
        """Count frames ``low`` to ``high`` of a sound FRAMES batch; returns how many were dropped, by reason."""
        if batch is not self._batch or self._columns is None:
            self._batch, self._columns = batch, columns_of(batch)
        high = len(self._columns.ts) if high is None else high
        if not 0 <= low <= high <= len(self._columns.ts):
            raise ValueError(f"frames {low} to {high} of a batch of {len(self._columns.ts)}")
        self._work.dropped[:] = 0
        meter_bare(self._columns, low, high, self.table, self._work, self._limits)
        return Counter({name: int(n) for name, n in zip(REASONS, self._work.dropped, strict=True) if n})

    def expire(self, now_ns: int) -> Slots:
        """End what idled or lingered out at ``now_ns``; returns all slots that ended since the last call."""
        expire_bare(self.table, now_ns, self._limits)
        return self._take_ended()

    def finish(self) -> Slots:
        """End all flows (``end_of_input``); returns them and what else ended since the last ``expire``."""
        end_all_bare(self.table, END_OF_INPUT, self._limits)
        return self._take_ended()

    def _take_ended(self) -> Slots:
        slots: Slots = self.table.ended[: self.table.counters[ENDED_WAITING]].copy()
        self.table.counters[ENDED_WAITING] = 0
        return slots

    def export(self, slots: Slots) -> pa.RecordBatch:
        """The flows in these slots as a batch of ``BARE_FLOWS``."""
        flows = self.table.flows.take(slots)
        columns = {name: flows[name] for name in ("protocol", "ip_version", "first", "last", "tcp_state", "ended")}
        columns |= {"src_port": flows["port"][:, FWD], "dst_port": flows["port"][:, BWD]}
        for word, side in _SIDES:
            columns |= {f"{name}_{word}": flows[field][:, side] for name, field in _FIELDS.items()}
        found = {name: pa.array(np.ascontiguousarray(values)) for name, values in columns.items()}
        found |= {"src": self._addresses(flows, slots, FWD), "dst": self._addresses(flows, slots, BWD)}
        return pa.record_batch([found[field.name].cast(field.type) for field in BARE_FLOWS], schema=BARE_FLOWS)

    def _addresses(self, flows: npt.NDArray[Any], slots: Slots, side: int) -> pa.Array:
        words = np.zeros((len(flows), 2), ">u8")
        shift = np.uint64(32 if side == FWD else 0)
        words[:, 1] = np.uint64(MAPPED) | ((flows["ends"] >> shift) & np.uint64(0xFFFFFFFF))
        six = np.flatnonzero(flows["ip_version"] == 6)
        words[six] = self.table.wide[slots[six], side]
        return array_to_column(words.view(np.uint8).reshape(len(flows), 16))

    def release(self, slots: Slots) -> None:
        """Give ended slots back. Slots that did not end, or were released before, are left alone."""
        release_bare(self.table, np.asarray(slots, np.int32))

    def counts(self) -> dict[str, int]:
        """What a status wants: live flows, evictions, frames older than their flow, newest time, slots ever used."""
        names = {"live": LIVE_FLOWS, "evicted": EVICTED, "backwards": BACKWARDS, "last_ts": LAST_TS}
        names["slots_used"] = HIGH_WATER
        return {name: int(self.table.counters[at]) for name, at in names.items()}
