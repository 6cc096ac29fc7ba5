"""Which frames are in flows that a store has: what a detector told of flows that ended before it died."""

from __future__ import annotations

import secrets

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from campaign.flow_keys import U64, hashes, hashes_of
from detector.frame_keys import UNREADABLE, Keys
from store.reader import StoreReader

I64 = npt.NDArray[np.int64]


class EndedFlows:
    """The flows of a store whose last frame is not older than ``since_ns``, by key and by the span of their frames.

    Flows of one key follow each other, so a frame is of the one in whose span it lies.
    """

    def __init__(self, store: StoreReader, since_ns: int) -> None:
        self._seed = secrets.randbits(64)  # nobody can make keys that collide
        key, first, last = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for table in store.flow_tables(store.first_row("flows", since_ns)):
            rows = table.filter(pa.array(_times(table, "last") >= since_ns))
            key.append(hashes_of(rows, self._seed))
            first.append(_times(rows, "first"))
            last.append(_times(rows, "last"))
        self._key: U64 = np.concatenate(key)
        order = np.lexsort((np.concatenate(first), self._key))
        self._key = self._key[order]
        self._first: I64 = np.concatenate(first)[order]
        self._last: I64 = np.concatenate(last)[order]

    def lack(self, keys: Keys, ts: I64) -> npt.NDArray[np.bool_]:
        """Which frames (n,) of those keys and times are of none of the flows; what cannot be read is not of any."""
        readable: npt.NDArray[np.bool_] = keys.protocol != UNREADABLE
        if not len(self._key):
            return readable
        found = hashes(keys.address, keys.key_port, keys.protocol, self._seed)
        low, end = (np.searchsorted(self._key, found, side) for side in ("left", "right"))
        begin = low
        while (open_ := begin < end).any():  # which of its key's flows began last before each frame, by halving
            middle = np.minimum((begin + end) // 2, len(self._key) - 1)
            later = open_ & (self._first[middle] <= ts)
            begin, end = np.where(later, middle + 1, begin), np.where(open_ & ~later, middle, end)
        held = (begin > low) & (self._last[np.maximum(begin - 1, 0)] >= ts)
        return readable & ~held


def _times(table: pa.Table, name: str) -> I64:
    return np.asarray(table.column(name).cast(pa.int64()))
