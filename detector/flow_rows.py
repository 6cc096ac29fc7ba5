"""Records of the flow table as columns of FLOW_UPDATES, and back: what a sensor tells and what a centre is told.

Columns in which every flow has what a flow begins with (mostly zeros) are left out: of a flood of one-packet flows
three quarters of the columns.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import array_to_column, column_to_array
from contract.schemas import ENDED, FIRST_MESSAGES, FLOW_UPDATES, FLOW_UPDATES_REQUIRED, RARE_FACTS
from detector.flow_life import blank_record
from detector.flowtable import BWD, FIRST_SIZES, FLOW, FWD, NOT_ENDED, PAYLOAD_BYTES, FlowTable
from detector.http_facts import METHODS
from detector.message_row import ALPN_BYTES, MESSAGE
from detector.rare_facts import RARE

Array = npt.NDArray[Any]
_BLOCK: Final = 512
# Columns whose facts have another name in a record.
_OTHER: Final = {
    "src": ("address", FWD),
    "dst": ("address", BWD),
    "src_port": ("port", FWD),
    "dst_port": ("port", BWD),
    "src_mac": ("mac", FWD),
    "dst_mac": ("mac", BWD),
    "tcp_flags_fwd": ("flags", FWD),
    "tcp_flags_bwd": ("flags", BWD),
}
_BESIDE: Final = ("tick", "touched", "first_payload_fwd", "first_payload_bwd", "rare", "messages")


def place(name: str) -> tuple[str, int | None]:
    """Where a column stands in a record: the fact, and which side of it (None: it has no sides)."""
    if name in _OTHER:
        return _OTHER[name]
    for side, end in ((FWD, "_fwd"), (BWD, "_bwd")):
        if name.endswith(end):
            return name.removesuffix(end), side
    return name, None


PLACES: Final = {field.name: place(field.name) for field in FLOW_UPDATES if field.name not in _BESIDE}
# Facts that are a table's own business: where a slot stands, and what finds it by a frame.
OWN: Final = ("key_port", "state", "fresh", "dirty", "payload_kept", "payload_row")
BLANK: Final = blank_record(FLOW)


class Rows(NamedTuple):
    """Rows of a batch as a table takes them. All have ``n`` rows but ``rare`` and ``messages``."""

    tick: npt.NDArray[np.int64]  # (n,) ns
    touched: npt.NDArray[np.int64]  # (n,) ns
    records: Array  # (n,) of FLOW; ``flow_id`` is the sensor's, ``OWN`` facts are blank but for ``payload_kept``
    payload: npt.NDArray[np.uint8]  # (n, 2, PAYLOAD_BYTES)
    rare_at: npt.NDArray[np.int64]  # rows that have rare facts
    rare: Array  # (len(rare_at),) of RARE
    messages_at: npt.NDArray[np.int64]
    messages: Array  # (len(messages_at),) of MESSAGE


def gather(table: FlowTable, slots: npt.NDArray[np.int32], tick: int, touched: Array, fresh: Array) -> Rows:
    """What is to be told of flows of a table.

    Args:
        table: where they are
        slots: (n,) which flows
        tick: the end of the tick (ns)
        touched: (n,) int64, when each was first touched in it
        fresh: (n, 2) bool, whose first payload bytes are to be told
    """
    records = table.flows.take(slots)
    payload = np.zeros((len(slots), 2, PAYLOAD_BYTES), np.uint8)
    some = np.flatnonzero(fresh.any(axis=1))
    payload[some] = table.payload[records["payload_row"][some]]
    records["payload_kept"][~fresh] = 0
    rare, messages = table.rare.of[slots], table.messages.side.of[slots]
    return Rows(
        np.full(len(slots), tick, np.int64),
        touched,
        records,
        payload,
        np.flatnonzero(rare),
        table.rare.rows[rare[rare != 0]],
        np.flatnonzero(messages),
        table.messages.side.rows[messages[messages != 0]],
    )


def joined(parts: list[Rows]) -> Rows:
    """Rows one behind the other; there is at least one part."""
    if len(parts) == 1:
        return parts[0]
    begins = np.cumsum([0, *(len(part.records) for part in parts[:-1])])
    moved = [
        part._replace(rare_at=part.rare_at + begin, messages_at=part.messages_at + begin)
        for part, begin in zip(parts, begins, strict=True)
    ]
    return Rows(*(np.concatenate(columns) for columns in zip(*moved, strict=True)))


def taken(rows: Rows, order: npt.NDArray[np.int64]) -> Rows:
    """The rows at these places, in that order; each place at most once."""
    place = np.full(len(rows.records), -1, np.int64)
    place[order] = np.arange(len(order))
    rare, messages = place[rows.rare_at], place[rows.messages_at]
    return Rows(
        rows.tick[order],
        rows.touched[order],
        rows.records.take(order),
        rows.payload[order],
        rare[rare >= 0],
        rows.rare[rare >= 0],
        messages[messages >= 0],
        rows.messages[messages >= 0],
    )


def to_batch(rows: Rows) -> pa.RecordBatch:
    """Rows as a batch of FLOW_UPDATES, without the columns that say nothing."""
    records = rows.records
    columns = {"tick": _column("tick", rows.tick), "touched": _column("touched", rows.touched)}
    for name, (fact, side) in PLACES.items():
        values = records[fact] if side is None else records[fact][:, side]
        blank = BLANK[fact][0] if side is None else BLANK[fact][0, side]
        if name in FLOW_UPDATES_REQUIRED or (values != blank).any():
            columns[name] = _column(name, values)
    for side, name in ((FWD, "first_payload_fwd"), (BWD, "first_payload_bwd")):
        lengths = records["payload_kept"][:, side]
        if lengths.any():
            columns[name] = _binary(rows.payload[:, side], lengths)
    for name, at, values, kind in (
        ("rare", rows.rare_at, rows.rare, RARE_FACTS),
        ("messages", rows.messages_at, rows.messages, FIRST_MESSAGES),
    ):
        if len(at):
            columns[name] = _lists(at, len(records), values, kind)
    fields = [field for field in FLOW_UPDATES if field.name in columns]
    schema = pa.schema(fields, metadata=FLOW_UPDATES.metadata)
    return pa.record_batch([columns[field.name] for field in fields], schema=schema)


def from_batch(batch: pa.RecordBatch) -> Rows:
    """Rows of a sound batch (``contract.flow_batch.read_batch``), made safe for kernels that trust their table."""
    count = batch.num_rows
    records = np.empty(count, FLOW)
    present = [(batch.column(name), *place) for name, place in PLACES.items() if name in batch.schema.names]
    values = [(_words(c) if fact == "address" else _values(c), fact, side) for c, fact, side in present]
    for low in range(0, count, _BLOCK):  # a block of records stays in the cache until all its facts are written
        part = records[low : low + _BLOCK]
        part[:] = BLANK[0]
        for column, fact, side in values:
            (part[fact] if side is None else part[fact][:, side])[...] = column[low : low + _BLOCK]
    payload = np.zeros((count, 2, PAYLOAD_BYTES), np.uint8)
    for side, name in ((FWD, "first_payload_fwd"), (BWD, "first_payload_bwd")):
        if name in batch.schema.names:
            records["payload_kept"][:, side] = _unpacked(batch.column(name), payload[:, side])
    _tame(records)
    rare_at, rare = _rows(batch, "rare", RARE)
    messages_at, messages = _rows(batch, "messages", MESSAGE)
    np.minimum(messages["alpn_length"], ALPN_BYTES, out=messages["alpn_length"])
    np.minimum(messages["method"], len(METHODS) - 1, out=messages["method"])
    tick = _values(batch.column("tick"))
    touched = np.minimum(_values(batch.column("touched")), tick) if "touched" in batch.schema.names else tick
    return Rows(tick, touched, records, payload, rare_at, rare, messages_at, messages)


def _tame(records: Array) -> None:
    """Bring into bounds what kernels take for an index or a sound number."""
    np.minimum(records["sizes_count"], FIRST_SIZES, out=records["sizes_count"])
    records["ended"][records["ended"] >= len(ENDED)] = NOT_ENDED
    np.maximum(records["last"], records["first"], out=records["last"])
    for name in (name for name in FLOW.names or () if FLOW[name].base.kind == "f"):
        np.nan_to_num(records[name], copy=False, nan=0.0, posinf=0.0, neginf=0.0)


def _column(name: str, values: Array) -> pa.Array:
    kind = FLOW_UPDATES.field(name).type
    if pa.types.is_fixed_size_binary(kind):
        words = np.ascontiguousarray(values.astype(">u8"))
        return array_to_column(words.view(np.uint8).reshape(len(values), 16))
    if pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).ravel()), type=kind)
    return pa.array(np.ascontiguousarray(values)).view(kind)


def _words(column: pa.Array) -> Array:
    """Addresses as pairs of 64-bit words, the most significant first."""
    return column_to_array(column).view(">u8").astype(np.uint64)


def _values(column: pa.Array) -> Array:
    kind = column.type
    if pa.types.is_fixed_size_list(kind):
        return np.asarray(column.flatten()).reshape(len(column), kind.list_size)
    if pa.types.is_fixed_size_binary(kind):
        data = np.frombuffer(column.buffers()[1], np.uint8)[column.offset * kind.byte_width :]
        return data[: len(column) * kind.byte_width].reshape(len(column), kind.byte_width)
    found: Array = np.asarray(column.cast(pa.int64()) if pa.types.is_timestamp(kind) else column)
    return found


def _binary(rows: npt.NDArray[np.uint8], lengths: Array) -> pa.Array:
    """The first ``lengths`` bytes of each row."""
    mask = np.arange(rows.shape[1]) < lengths[:, None]
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    data = np.ascontiguousarray(rows[mask])
    return pa.Array.from_buffers(pa.binary(), len(rows), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def _unpacked(column: pa.Array, rows: npt.NDArray[np.uint8]) -> Array:
    """Write byte strings into the rows of a matrix; their lengths."""
    if not len(column):
        return np.zeros(0, np.int64)
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    lengths = np.diff(offsets)
    data = column.buffers()[2]
    if data is not None and lengths.any():
        mask = np.arange(rows.shape[1]) < lengths[:, None]
        rows[mask] = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
    return lengths


def _lists(at: npt.NDArray[np.int64], count: int, rows: Array, kind: pa.DataType) -> pa.Array:
    """``count`` lists: of one row at these places, else of none."""
    parts = []
    for field in kind:
        values = np.ascontiguousarray(rows[field.name])
        if pa.types.is_fixed_size_binary(field.type):
            part = pa.FixedSizeBinaryArray.from_buffers(field.type, len(rows), [None, pa.py_buffer(values)])
        elif pa.types.is_fixed_size_list(field.type):
            part = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), type=field.type)
        else:
            part = pa.array(values)
        parts.append(part)
    offsets = np.searchsorted(at, np.arange(count + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.StructArray.from_arrays(parts, fields=list(kind)))


def _rows(batch: pa.RecordBatch, name: str, dtype: np.dtype[Any]) -> tuple[npt.NDArray[np.int64], Array]:
    if name not in batch.schema.names:
        return np.zeros(0, np.int64), np.zeros(0, dtype)
    column = batch.column(name)
    at = np.flatnonzero(np.asarray(column.value_lengths())).astype(np.int64)
    whole = column.flatten()
    rows = np.zeros(len(at), dtype)
    for number, field in enumerate(column.type.value_type):
        rows[field.name] = _values(whole.field(number))
    return at, rows
