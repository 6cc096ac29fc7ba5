"""Rows beside the flow table for facts that few flows have, so that the record of every flow stays small.

A flow gets a row when it first has something to say and keeps it until its slot is released. Row 0 belongs to nobody
and stays blank, so that ``side.rows[side.of[slots]]`` is right for flows without a row as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_part
from detector.packet import Int

_GIVEN_BACK: Final = 0  # counters: rows on the stack of free ones
_HIGH: Final = 1  # the highest row ever used
_BEFORE: Final = 2  # no row up to this one is given out

Make = Callable[[int, np.dtype[Any]], npt.NDArray[Any]]


class SideRows(NamedTuple):
    """Rows of one kind. Memory is taken by the system only for what was used."""

    of: npt.NDArray[np.int32]  # (slots,) row of the flow in a slot, 0 where it has none
    rows: npt.NDArray[Any]  # (slots + 1,)
    free: npt.NDArray[np.int32]  # (slots,) stack of rows given back
    counters: npt.NDArray[np.int64]  # (3,)


def new_side_rows(
    slots: int, dtype: np.dtype[Any], shards: int, make: Make, *, fresh: bool = True
) -> tuple[SideRows, ...]:
    """No rows yet, for flows in so many slots of each shard; shards give out rows of one array, each its own.

    ``make`` gives arrays of zeros; where they hold rows already (not ``fresh``) nothing is written.
    """
    of, rows = make(slots * shards, np.dtype(np.int32)), make(slots * shards + 1, dtype)
    sides = []
    for shard in range(shards):
        side = SideRows(of, rows, make(slots, np.dtype(np.int32)), make(3, np.dtype(np.int64)))
        if fresh:
            side.counters[_HIGH] = side.counters[_BEFORE] = shard * slots
        sides.append(side)
    return tuple(sides)


@lean_part
def take_row(side: SideRows, slot: Int) -> Int:
    """The row of the flow in ``slot``, a blank one where it had none."""
    row: Int = np.int64(side.of[slot])
    if row == 0:
        if side.counters[_GIVEN_BACK] > 0:
            side.counters[_GIVEN_BACK] -= 1
            row = np.int64(side.free[side.counters[_GIVEN_BACK]])
        else:
            side.counters[_HIGH] += 1
            row = np.int64(side.counters[_HIGH])
        side.rows[row] = side.rows[0]
        side.of[slot] = np.int32(row)
    return row


@lean_part
def drop_row(side: SideRows, slot: Int) -> None:
    """Give the row of a slot back, if it has one."""
    row = side.of[slot]
    if row != 0:
        side.of[slot] = np.int32(0)
        side.free[side.counters[_GIVEN_BACK]] = row
        side.counters[_GIVEN_BACK] += 1


def rows_in_use(side: SideRows) -> int:
    """How many flows have a row."""
    return int(side.counters[_HIGH] - side.counters[_BEFORE] - side.counters[_GIVEN_BACK])
