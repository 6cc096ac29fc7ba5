"""Which flows were already called an attack: so that a flow with several verdicts counts once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import kernel

_FIRST_CAPACITY = 1 << 12
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Table(NamedTuple):
    """A set of flow ids with open addressing: ``ids`` and ``used`` have a power of two slots, ``size`` is int64[1]."""

    ids: npt.NDArray[np.uint64]
    used: npt.NDArray[np.uint8]
    size: npt.NDArray[np.int64]


def empty(capacity: int = _FIRST_CAPACITY) -> Table:
    """A set for up to half of ``capacity`` (a power of two) ids."""
    return Table(np.zeros(capacity, np.uint64), np.zeros(capacity, np.uint8), np.zeros(1, np.int64))


@kernel
def home(flow_id: np.uint64, mask: np.int64) -> np.int64:
    """The slot at which the search for an id begins."""
    return np.int64((flow_id * _GOLDEN) >> np.uint64(32)) & mask


@kernel
def find(ids: npt.NDArray[np.uint64], used: npt.NDArray[np.uint8], flow_id: np.uint64) -> np.int64:
    """The slot of an id, or the free one where it would go."""
    mask = np.int64(ids.shape[0] - 1)
    slot = home(flow_id, mask)
    while used[slot] and ids[slot] != flow_id:
        slot = (slot + 1) & mask
    return slot


@kernel
def remove(ids: npt.NDArray[np.uint64], used: npt.NDArray[np.uint8], slot: np.int64) -> None:
    """Empty a slot and move up what was pushed behind it, so that no search ends early."""
    mask = np.int64(ids.shape[0] - 1)
    hole = slot
    following = (slot + 1) & mask
    while used[following]:
        wanted = home(ids[following], mask)
        if ((following - wanted) & mask) >= ((following - hole) & mask):
            ids[hole] = ids[following]
            hole = following
        following = (following + 1) & mask
    used[hole] = 0


@kernel
def put(table: Table, slot: np.int64, flow_id: np.uint64) -> None:
    """Take an id into its free slot."""
    table.ids[slot] = flow_id
    table.used[slot] = 1
    table.size[0] += 1


@kernel
def mark(
    table: Table,
    flow_ids: npt.NDArray[np.uint64],
    attack: npt.NDArray[np.bool_],
    final: npt.NDArray[np.bool_],
    change: npt.NDArray[np.int8],
) -> npt.NDArray[np.bool_]:
    """For each verdict in order, whether with it the flow first becomes an attack. A final verdict forgets the flow.

    The table must have room for all of them (``Seen.first_turns`` sees to it). ``change`` is set to 1 where an id was
    taken in, to -1 where one was forgotten.
    """
    turned = np.zeros(flow_ids.shape[0], np.bool_)
    for row in range(flow_ids.shape[0]):
        slot = find(table.ids, table.used, flow_ids[row])
        known = table.used[slot] != 0
        turned[row] = attack[row] and not known
        if final[row]:
            if known:
                remove(table.ids, table.used, slot)
                table.size[0] -= 1
                change[row] = -1
        elif attack[row] and not known:
            put(table, slot, flow_ids[row])
            change[row] = 1
    return turned


@kernel
def unmark(table: Table, flow_ids: npt.NDArray[np.uint64], change: npt.NDArray[np.int8]) -> None:
    """Take back what ``mark`` changed."""
    for row in range(flow_ids.shape[0] - 1, -1, -1):
        if change[row]:
            slot = find(table.ids, table.used, flow_ids[row])
            if change[row] < 0:
                put(table, slot, flow_ids[row])
            else:
                remove(table.ids, table.used, slot)
                table.size[0] -= 1


class Seen:
    """The set of live flows that were called an attack; it grows with their number."""

    def __init__(self) -> None:
        self._table = empty()
        self._last = (np.zeros(0, np.uint64), np.zeros(0, np.int8))

    def __len__(self) -> int:
        return int(self._table.size[0])

    def first_turns(
        self, flow_ids: npt.NDArray[np.uint64], attack: npt.NDArray[np.bool_], final: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        """As ``mark``, growing the set when it needs room."""
        capacity = len(self._table.ids)
        wanted = 2 * (len(self) + len(flow_ids))
        if wanted > capacity:
            held = self._table.ids[self._table.used != 0]
            self._table = empty(1 << (wanted - 1).bit_length())
            mark(self._table, held, np.ones(len(held), np.bool_), np.zeros(len(held), np.bool_), _changes(held))
        self._last = flow_ids, _changes(flow_ids)
        return mark(self._table, flow_ids, attack, final, self._last[1])

    @staticmethod
    def load() -> None:
        """Load the kernels, for arrays that may be written (when a set grows) and for columns, which may not."""
        ids, word = np.ones(1, np.uint64), np.ones(1, np.bool_)
        column = ids.copy()
        column.flags.writeable = False
        for flows in (ids, column):
            seen = Seen()
            seen.first_turns(flows, word, ~word)
            seen.take_back()

    def take_back(self) -> None:
        """Be as before the last ``first_turns``, unless it was settled: its rows were not kept and may come again."""
        unmark(self._table, *self._last)
        self.settle()

    def settle(self) -> None:
        """The rows of the last ``first_turns`` are kept."""
        self._last[1][:] = 0


def _changes(flow_ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.int8]:
    return np.zeros(len(flow_ids), np.int8)
