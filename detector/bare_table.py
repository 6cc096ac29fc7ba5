"""The table of the bare meter: one record of one cache line per biflow, for who wants counts and nothing else."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detector.flowtable import COUNTERS, FREE_SLOTS, NEVER, NEXT_DEADLINE, zeros

# ``BARE["ends"]`` of IPv4 and ARP is the starter's address << 32 | that of the other end; of IPv6 a row of ``wide``.
BARE: Final = np.dtype(
    [
        ("ends", "u8"),
        ("ports", "u4"),  # what frames are matched by: the starter's << 16 | that of the other end
        ("protocol", "u2"),
        ("ip_version", "u1"),
        ("state", "u1"),  # FREE, LIVE or ENDED of detector.flowtable, as all names below
        ("first", "i8"),
        ("last", "i8"),
        ("bytes", "u8", (2,)),
        ("packets", "u4", (2,)),
        ("port", "u2", (2,)),
        ("flags", "u1", (2,)),
        ("tcp_state", "u1"),
        ("ended", "u1"),
    ],
    align=True,
)

# What the bare meter needs of a frame.
SHORT: Final = np.dtype(
    [
        ("hash", "u8"),
        ("ends", "u8"),  # of IPv4 and ARP; sender first
        ("ports", "u4"),
        ("size", "u4"),
        ("slot", "i4"),  # where a flow with that hash lies, -1 where none does
        ("port", "u2", (2,)),
        ("protocol", "u2"),
        ("version", "u1"),
        ("flags", "u1"),
        ("has_tcp", "u1"),
        ("reason", "u1"),
    ],
    align=True,
)


class BareTable(NamedTuple):
    """All state of the bare meter: ``n`` slots. Names as in ``FlowTable``, so that its index serves both."""

    flows: npt.NDArray[Any]  # (n,) of BARE
    wide: npt.NDArray[np.uint64]  # (n, 2, 2) IPv6 addresses of the flow in that slot, as in ``FLOW``
    deadline: npt.NDArray[np.int64]  # (n,) of flows that close: ns at which they end
    places: npt.NDArray[np.uint64]  # the index, see detector.flow_index
    free: npt.NDArray[np.int32]
    ended: npt.NDArray[np.int32]
    counters: npt.NDArray[np.int64]  # those of detector.flowtable


def new_bare_table(capacity: int) -> BareTable:
    """An empty table for ``capacity`` live flows. Memory is taken by the system only for slots that are used."""
    slots = capacity + max(capacity // 3, 64)
    table = BareTable(
        flows=zeros(slots, BARE),
        wide=zeros(slots * 4, np.dtype(np.uint64)).reshape(slots, 2, 2),
        deadline=zeros(slots, np.dtype(np.int64)),
        places=zeros(1 << (2 * capacity - 1).bit_length(), np.dtype(np.uint64)),
        free=np.arange(slots - 1, -1, -1, dtype=np.int32),
        ended=np.zeros(slots, np.int32),
        counters=np.zeros(COUNTERS, np.int64),
    )
    table.counters[FREE_SLOTS] = slots
    table.counters[NEXT_DEADLINE] = NEVER
    return table
