from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from contract.addresses import array_to_column
from contract.errors import InputError
from contract.flow_batch import KEY, MAX_PAYLOAD, Note, check_fields, read_batch, write_batch
from contract.schemas import FLOW_UPDATES, FLOW_UPDATES_REQUIRED, TIME

NOTE = Note("north", "a1", 3, through=7, newest=5, frames=9)


def rows(count: int = 3, **more: pa.Array) -> pa.RecordBatch:
    columns = {
        "tick": pa.array(np.full(count, 100, np.int64)).cast(TIME),
        "flow_id": pa.array(np.arange(count).astype(np.uint64)),
        "src": array_to_column(np.zeros((count, 16), np.uint8)),
        "dst": array_to_column(np.ones((count, 16), np.uint8)),
        **{name: pa.array(np.full(count, 6, np.uint16)) for name in ("src_port", "dst_port", "protocol")},
        "first": pa.array(np.full(count, 10, np.int64)).cast(TIME),
        "last": pa.array(np.full(count, 20, np.int64)).cast(TIME),
    } | more
    fields = [pa.field(name, column.type) for name, column in columns.items()]
    return pa.record_batch(list(columns.values()), schema=pa.schema(fields))


def test_what_is_written_is_read():
    note, batches = read_batch(write_batch(NOTE, [rows(), rows(2)]), "here")
    assert note == NOTE
    assert note.name == "north-a1-00000003"
    assert [batch.num_rows for batch in batches] == [3, 2]
    assert read_batch(write_batch(NOTE, []), "here") == (NOTE, [])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"sensor": "../x"}, "sensor"),
        ({"session": ""}, "session"),
        ({"sequence": -1}, "sequence"),
        ({"through": 1 << 63}, "through"),
        ({"newest": 1.5}, "newest"),
        ({"peers": True}, "peers"),
        ({"done": 1}, "done"),
    ],
)
def test_a_note_that_makes_no_sense_is_refused(change, word):
    document = json.loads(NOTE.to_bytes()) | change
    schema = pa.schema([], metadata={KEY: json.dumps(document).encode()})
    with pytest.raises(InputError, match=word):
        Note.from_schema(schema, "here")


@pytest.mark.parametrize("metadata", [{}, {KEY: b"{"}, {KEY: b"[]"}, {KEY: b"{}"}])
def test_a_batch_without_note_is_refused(metadata):
    with pytest.raises(InputError, match="note"):
        Note.from_schema(pa.schema([], metadata=metadata), "here")


@pytest.mark.parametrize("name", FLOW_UPDATES_REQUIRED)
def test_a_required_column_may_not_be_left_out(name):
    schema = pa.schema([field for field in rows().schema if field.name != name])
    with pytest.raises(InputError, match=name):
        check_fields(schema, "here")


def test_columns_that_are_unknown_twice_or_of_another_type_are_refused():
    check_fields(FLOW_UPDATES, "here")
    base = list(rows().schema)
    for more, word in (("x", "knows no"), ("packets_fwd", "packets_fwd"), ("tick", "twice")):
        with pytest.raises(InputError, match=word):
            check_fields(pa.schema([*base, pa.field(more, pa.string())]), "here")


@pytest.mark.parametrize(
    ("column", "word"),
    [
        ({"tick": pa.array([1, None, 3], TIME)}, "nulls"),
        ({"first": pa.array([1, -2, 3], pa.int64()).cast(TIME)}, "1970"),
        ({"first_payload_fwd": pa.array([b"", b"x" * (MAX_PAYLOAD + 1), b""])}, "128"),
        ({"rare": pa.array([[], [None], []], FLOW_UPDATES.field("rare").type)}, "nulls"),
    ],
)
def test_what_columns_hold_is_looked_at(column, word):
    with pytest.raises(InputError, match=word):
        read_batch(write_batch(NOTE, [rows(3, **column)]), "here")


def test_compressed_batches_are_refused():
    schema = rows().schema.with_metadata({KEY: NOTE.to_bytes()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(rows(500).replace_schema_metadata(schema.metadata))
    with pytest.raises(InputError, match="compressed"):
        read_batch(sink.getvalue().to_pybytes(), "here")


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.8, 0.97])
def test_a_batch_that_is_cut_off_is_refused(share):
    data = write_batch(NOTE, [rows()])
    with pytest.raises(InputError, match="here: "):
        read_batch(data[: int(len(data) * share)], "here")
