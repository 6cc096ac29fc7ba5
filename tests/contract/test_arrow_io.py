from __future__ import annotations

import random

import pyarrow as pa
import pytest

from contract import arrow_io
from contract.errors import InputError
from contract.schemas import FRAMES, TRUTH, VERDICTS


def frames(count: int = 3) -> pa.RecordBatch:
    return pa.record_batch(
        [
            pa.array(range(count), FRAMES.field("ts").type),
            pa.array([b"x" * (20 + i) for i in range(count)], pa.binary()),
            pa.array([60] * count, pa.uint32()),
            pa.array([1] * count, pa.uint16()),
        ],
        schema=FRAMES,
    )


def verdicts(names: list[str]) -> pa.RecordBatch:
    columns = []
    for field in VERDICTS:
        if pa.types.is_dictionary(field.type):
            columns.append(pa.array(names).dictionary_encode().cast(field.type))
        elif pa.types.is_fixed_size_binary(field.type):
            columns.append(pa.array([bytes(16)] * len(names), field.type))
        else:
            columns.append(pa.array([0] * len(names)).cast(field.type))
    return pa.record_batch(columns, schema=VERDICTS)


def test_batches_come_back() -> None:
    data = arrow_io.write_stream([frames(), frames(0), frames(5)], FRAMES)
    assert [b.num_rows for b in arrow_io.read_stream(data, FRAMES, "here")] == [3, 0, 5]


def test_dictionaries_come_back_when_they_change() -> None:
    batches = [verdicts(["syn_flood", "benign"]), verdicts(["udp_flood"])]
    data = arrow_io.write_stream(batches, VERDICTS)
    read = list(arrow_io.read_stream(data, VERDICTS, "here"))
    assert [b.column("family").to_pylist() for b in read] == [["syn_flood", "benign"], ["udp_flood"]]


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_compressed_bodies_are_refused(codec: str) -> None:
    for schema, batch in ((FRAMES, frames()), (VERDICTS, verdicts(["benign"] * 200))):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
            writer.write_batch(batch)
        with pytest.raises(InputError, match="compressed Arrow is refused"):
            list(arrow_io.read_stream(sink.getvalue(), schema, "here"))


@pytest.mark.parametrize("data", [b"", b"not arrow at all", b"\xff" * 64])
def test_not_a_stream(data: bytes) -> None:
    with pytest.raises(InputError, match="here: not an Arrow stream"):
        list(arrow_io.read_stream(data, FRAMES, "here"))


def test_another_schema() -> None:
    with pytest.raises(InputError, match="expected schema frames/1, found verdicts/1"):
        list(arrow_io.read_stream(arrow_io.write_stream([], VERDICTS), FRAMES, "here"))


def test_nulls_are_refused() -> None:
    nulls = pa.record_batch([pa.array([None], f.type) for f in FRAMES], schema=FRAMES)
    with pytest.raises(InputError, match="nulls"):
        arrow_io.check_batch(nulls, FRAMES, "here")


def test_mutated_streams_are_read_or_refused_and_never_kill() -> None:
    data = arrow_io.write_stream([frames(50), frames(50)], FRAMES)
    draw = random.Random(5)
    refused = 0
    for _ in range(2000):
        mutated = bytearray(data)
        for _ in range(draw.randint(1, 8)):
            mutated[draw.randrange(len(mutated))] = draw.randrange(256)
        try:
            for batch in arrow_io.read_stream(bytes(mutated[: draw.randint(1, len(mutated))]), FRAMES, "here"):
                batch.column("frame").to_pylist()
        except InputError:
            refused += 1
    assert refused > 500


def named(*families: str) -> pa.RecordBatch:
    """A batch of truth with these words in its dictionary, all of one family."""
    row = {
        "attempt": 1, "family": families[0], "intended": 5, "src": bytes(16), "dst": bytes(16), "src_port": 1,
        "dst_port": 2, "protocol": 6, "first": 5, "last": 6, "frames": 1,
    }  # fmt: skip
    batch = pa.RecordBatch.from_pylist([row], TRUTH)
    words = pa.DictionaryArray.from_arrays(pa.array([0], pa.int16()), pa.array(list(families)))
    return pa.record_batch([words if n == "family" else batch.column(n) for n in TRUTH.names], schema=TRUTH)


def test_a_dictionary_takes_the_place_of_the_one_before() -> None:
    stream = arrow_io.write_stream([named("a"), named("b"), named("a")], TRUTH)
    assert [b.column("family").to_pylist() for b in arrow_io.read_stream(stream, TRUTH, "x")] == [["a"], ["b"], ["a"]]


def test_dictionaries_that_grow_or_are_out_of_proportion_are_refused() -> None:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    with pa.ipc.new_stream(sink, TRUTH, options=options) as writer:
        for batch in (named("a"), named("a", "b")):
            writer.write_batch(batch)
    with pytest.raises(InputError, match="dictionaries that grow are refused"):
        list(arrow_io.read_stream(sink.getvalue().to_pybytes(), TRUTH, "x"))
    large = named(*(f"{n:0500}" for n in range(1000)))
    stream = arrow_io.write_stream([large] * 2, TRUTH)
    head = arrow_io.write_stream([large], TRUTH)
    again = stream[len(head) - 8 : -8]  # the batch alone: its dictionary is that of before
    with pytest.raises(InputError, match="out of proportion"):
        list(arrow_io.read_stream(head[:-8] + again * 200, TRUTH, "x"))


def test_a_message_says_how_long_it_is() -> None:
    stream = arrow_io.write_stream([frames(5), frames(50)], FRAMES)
    sizes, at = [], 0
    while size := arrow_io.message_size(memoryview(stream)[at:]):
        sizes.append(size)
        at += size
    assert sum(sizes) == len(stream)
    assert len(sizes) == 4, "schema, two batches, the end"
    head = stream.index(b"\xff\xff\xff\xff", 8)
    assert arrow_io.message_size(stream[head : head + 7]) == 0
    assert arrow_io.message_size(stream[head : head + 40]) == 0
    assert arrow_io.message_size(stream[head : head + sizes[1] - 1]) == sizes[1], "the header is there, the body is not"
    assert arrow_io.message_size(b"\xff\xff\xff\xff\x08\x00\x00\x00" + b"\xff" * 8) == 0
    assert arrow_io.message_size(b"nonsense" * 9) == 0
