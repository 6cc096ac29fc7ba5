"""Targets: frames, captures, Arrow streams of frames and of flows, and the gate before a wire."""

from __future__ import annotations

import json
import struct

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contract.arrow_io import read_stream, write_stream
from contract.errors import InputError
from contract.flow_batch import Note, read_batch, write_batch
from contract.schemas import FLOW_UPDATES, FRAMES, TRUTH
from detector.capture.opening import source_of
from detector.meter import Meter
from generator import gate
from tests.detector.captured import batch_of
from tests.faults.corpus import pcap, pcapng, small_batch, sound
from tests.fuzz.target import Target, refused
from tests.generator.oracle_gate import escapes

LINKS = (1, 113, 276, 101, 0, 108, 228, 229, 51, 9, 50, 104, 166, 204, 105, 119, 127, 163, 192)
GATED = ("198.18.77.201", "198.19.99.202", "2001:2::7a:201", "2001:2:0:99::202")


def through_meter(data: bytes) -> None:
    """The first two bytes say which tunnels and link type; the rest is one frame, twice."""
    meter = Meter(capacity=8, seed=1, tunnels="inner" if data[:1] > b"\x7f" else "outer")
    frame = data[2:]
    dropped = meter.update(batch_of([frame, frame], link=LINKS[data[1] % len(LINKS)] if len(data) > 1 else 1))
    flows = meter.table.flows[meter.finish()]
    assert int(flows["packets"].sum()) + dropped.total() == 2


def through_source(data: bytes) -> None:
    """A capture or stream, read to its end."""
    try:
        source = source_of(np.frombuffer(data, np.uint8), "x")
        frames = sum(batch.num_rows for batch in source.batches())
    except InputError as error:
        refused(error)
        return
    assert source.ledger_stage.unexplained == 0
    assert source.ledger_stage.delivered == frames


def through_stream(data: bytes) -> None:
    """A stream with a column of names: schema, dictionaries, batches."""
    try:
        for batch in read_stream(data, TRUTH, "x"):
            touched(batch)
    except InputError as error:
        refused(error)


def through_flows(data: bytes) -> None:
    """A sensor's batch, as the service takes it."""
    try:
        note, batches = read_batch(data, "x")
    except InputError as error:
        refused(error)
        return
    assert Note.from_schema(write_schema(note), "x") == note
    for batch in batches:
        touched(batch)


def touched(batch: pa.RecordBatch) -> None:
    """Read every value: what is not sound would kill the process here."""
    batch.validate(full=True)
    for column in batch.columns:
        plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        if pa.types.is_nested(column.type):
            column.flatten().to_pylist()
        else:
            pc.count_distinct(plain)


def write_schema(note: Note) -> pa.Schema:
    return pa.schema([], metadata={b"tenfold.batch": note.to_bytes()})


def through_gate(data: bytes) -> None:
    """What the gate lets through holds no address outside the lab, as a plain reader of it finds."""
    frame = np.frombuffer(data, np.uint8)
    if gate.survey(frame, np.array([0, len(frame)], np.int32), True)[1] == 0:
        assert not escapes(data), data.hex()


def framed() -> list[bytes]:
    """One of each kind that is decoded, as ``through_meter`` takes them."""
    return [bytes([200 * (n % 2), LINKS.index(link)]) + frame for n, (link, frame) in enumerate(sound())]


def gated() -> list[bytes]:
    """Honest frames in every encapsulation that the gate reads."""
    from tests.generator.test_hostile import bases

    return bases()


def truths() -> list[bytes]:
    """One attempt, with its names as a dictionary."""
    row = {
        "attempt": 1, "family": "syn_flood", "intended": 5, "src": bytes(16), "dst": bytes(16), "src_port": 1,
        "dst_port": 2, "protocol": 6, "first": 5, "last": 6, "frames": 1,
    }  # fmt: skip
    return [write_stream([pa.RecordBatch.from_pylist([row, row], TRUTH)], TRUTH)]


def sensors() -> list[bytes]:
    """A sensor's batch with one flow, and one with none."""
    note = Note("edge", "a", 1, 10, 9, frames=3)
    row = {field.name: _sample(field.type) for field in FLOW_UPDATES}
    batch = pa.RecordBatch.from_pylist([row], FLOW_UPDATES)
    return [write_batch(note, [batch]), write_batch(note, [])]


def _sample(kind: pa.DataType) -> object:
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return [_sample(kind.value_type)] * (kind.list_size if pa.types.is_fixed_size_list(kind) else 1)
    if pa.types.is_struct(kind):
        return {field.name: _sample(field.type) for field in kind}
    if pa.types.is_fixed_size_binary(kind):
        return bytes(kind.byte_width)
    if pa.types.is_binary(kind):
        return b"GET / HTTP/1.1\r\n"
    return "x" if pa.types.is_string(kind) else 1


BLOCKS = tuple(struct.pack("<I", n) for n in (0x0A0D0D0A, 1, 2, 3, 5, 6, 0x1A2B3C4D, 0xFFFFFFFF, 0xFFFFFFFC))
NOTES = tuple(json.dumps(name).encode() for name in Note.__dataclass_fields__)

TARGETS = {
    "frames": Target(through_meter, framed, (b"\x45\0", b"\x60\0\0\0", b"\x81\0", b"\x88\xa8", b"\x08\x06"), 300),
    "pcap": Target(through_source, lambda: [pcap()], (b"\xff\xff\xff\xff", b"\x4d\x3c\xb2\xa1")),
    "pcapng": Target(through_source, lambda: [pcapng("<"), pcapng(">")], BLOCKS),
    "stream": Target(through_source, lambda: [write_stream([small_batch()], FRAMES)], (b"\xff\xff\xff\xff",)),
    "names": Target(through_stream, truths, (b"\xff\xff\xff\xff",)),
    "flows": Target(through_flows, sensors, (b"\xff\xff\xff\xff", *NOTES)),
    "gate": Target(through_gate, gated, (b"\x45\0", b"\x60\0\0\0", b"\x81\0", b"\x08\x06", b"\x12\xb5"), 1000),
}
