"""The columns of FLOWS out of the table, all in one pass over the records of the flows."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import array_to_column
from contract.jit import lean_kernel
from contract.schemas import FLOWS
from detector.flow_rows import place
from detector.flowtable import FLOW, FlowTable
from detector.prefetch import prefetch

Slots = npt.NDArray[np.int32]
AHEAD: Final = 8  # the record of a flow is asked for so many flows before it is read
RECORD: Final = FLOW.itemsize
_ADDRESS: Final = 16


class _Words(NamedTuple):
    """Something of each width: bytes, words of 16, 32 and 64 bits, and pairs of 64-bit words that are addresses."""

    one: npt.NDArray[Any]
    two: npt.NDArray[Any]
    four: npt.NDArray[Any]
    eight: npt.NDArray[Any]
    pair: npt.NDArray[Any]


def _place(name: str) -> tuple[int, int]:
    """Where a column begins in a record and how wide it is, in bytes."""
    fact, side = place(name)
    kind, begin = FLOW.fields[fact][:2]  # type: ignore[index]  # FLOW has fields
    width = _ADDRESS if fact == "address" else kind.base.itemsize
    return begin + (side or 0) * width, width


_WIDTHS: Final = (1, 2, 4, 8, _ADDRESS)
_BY_WIDTH: Final = {width: [name for name in FLOWS.names if _place(name)[1] == width] for width in _WIDTHS}


def _where(width: int) -> npt.NDArray[np.int64]:
    """Where the columns of a width stand in a record, counted in that width; of addresses in words of 64 bits."""
    return np.array([_place(name)[0] // min(width, 8) for name in _BY_WIDTH[width]], np.int64)


_WHERE: Final = _Words(_where(1), _where(2), _where(4), _where(8), _where(_ADDRESS))


def flow_columns(table: FlowTable, slots: Slots) -> list[pa.Array]:
    """The columns of FLOWS of the flows in these slots."""
    count = len(slots)
    one, two, four, eight = (np.empty((len(_BY_WIDTH[width]), count), f"u{width}") for width in (1, 2, 4, 8))
    out = _Words(one, two, four, eight, np.empty((len(_BY_WIDTH[_ADDRESS]), count, 2), np.uint64))
    records = table.flows.view(np.uint8).reshape(-1, RECORD)
    shorts, halves, words = records.view(np.uint16), records.view(np.uint32), records.view(np.uint64)
    _gather(records, shorts, halves, words, np.ascontiguousarray(slots, np.int32), _WHERE, out)
    found: dict[str, npt.NDArray[Any]] = {}
    for names, rows in zip(_BY_WIDTH.values(), out, strict=True):
        found |= zip(names, rows, strict=True)
    return [_column(found[field.name], field) for field in FLOWS]


@lean_kernel
def _gather(
    bytes_: npt.NDArray[np.uint8],
    shorts: npt.NDArray[np.uint16],
    halves: npt.NDArray[np.uint32],
    words: npt.NDArray[np.uint64],
    slots: Slots,
    where: _Words,
    out: _Words,
) -> None:
    """Copy each column of each record; the four arrays are views of the same records."""
    for n in range(len(slots)):
        if n + AHEAD < len(slots):
            for line in range(0, RECORD, 64):
                prefetch(bytes_, slots[n + AHEAD], line)
        slot = slots[n]
        for c in range(len(where.one)):
            out.one[c, n] = bytes_[slot, where.one[c]]
        for c in range(len(where.two)):
            out.two[c, n] = shorts[slot, where.two[c]]
        for c in range(len(where.four)):
            out.four[c, n] = halves[slot, where.four[c]]
        for c in range(len(where.eight)):
            out.eight[c, n] = words[slot, where.eight[c]]
        for c in range(len(where.pair)):
            out.pair[c, n, 0] = words[slot, where.pair[c]]
            out.pair[c, n, 1] = words[slot, where.pair[c] + 1]


def _column(values: npt.NDArray[Any], field: pa.Field) -> pa.Array:
    if values.ndim == 2:
        return array_to_column(values.byteswap().view(np.uint8).reshape(len(values), _ADDRESS))
    return pa.array(values).view(field.type)
