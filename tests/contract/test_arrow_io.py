from __future__ import annotations

import random

import pyarrow as pa
import pytest

from contract import arrow_io
from contract.errors import InputError
from contract.schemas import FRAMES, VERDICTS


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
