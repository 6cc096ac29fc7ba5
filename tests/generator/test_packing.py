from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UnsafeError
from contract.schemas import FRAMES, TIME
from generator.packing import (
    BUCKET_NS,
    DUE_NS,
    RAW_BUCKET_NS,
    RAW_FRAMES,
    ArrowPacking,
    Packed,
    Packing,
    RawPacking,
    unpack,
)
from tests.generator.helpers import START

LAB = bytes.fromhex("0200000000020200000000010800") + bytes.fromhex("45000014000000004011") + bytes(2)
LAB += bytes([198, 18, 0, 1, 198, 19, 0, 2])
OUTSIDE = LAB[:-4] + bytes([192, 0, 2, 1])  # a documentation range: allowed in files, not on a wire


def batch(times: list[int], frames: list[bytes]) -> pa.RecordBatch:
    lengths = pa.array([len(frame) for frame in frames], pa.uint32())
    columns = [pa.array(times, pa.int64()).cast(TIME), pa.array(frames, pa.binary()), lengths]
    return pa.RecordBatch.from_arrays([*columns, pa.array([1] * len(times), pa.uint16())], schema=FRAMES)


def packed(packing: Packing, times: list[int], frames: list[bytes], skip: int = 0) -> list[Packed]:
    def begun(ends: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return (ends - START) // 1000

    return list(packing.pack(batch(times, frames).slice(skip), START, begun))


PLANS = st.lists(st.tuples(st.integers(0, 20_000_000), st.integers(0, 60)), max_size=60)


@given(PLANS, st.integers(0, 3))
def test_raw_messages_hold_every_frame_once_in_order(plan: list[tuple[int, int]], skip: int) -> None:
    times = sorted(START + at for at, _ in plan)
    frames = [LAB + bytes([number]) * size for number, (_, size) in enumerate(plan)]
    got_times, got_frames = [], []
    upto = START
    for record, parts, stamps in packed(RawPacking(), times, frames, skip):
        message = memoryview(b"".join(parts))
        assert len(message) % 8 == 0, "the times behind it would not be aligned"
        offsets, data = unpack(message, record.frames)
        got_frames += [data[low:high].tobytes() for low, high in itertools.pairwise(offsets)]
        got_times += stamps.tolist()
        assert record.due == stamps[0] >= upto
        assert stamps[-1] <= record.upto <= START + ((stamps[-1] - START) // RAW_BUCKET_NS + 1) * RAW_BUCKET_NS
        assert record.attempts >= (record.upto - START) // 1000
        upto = record.upto
    assert (got_times, got_frames) == (times[skip:], frames[skip:])


@given(PLANS)
def test_arrow_messages_hold_what_is_due_in_their_millisecond(plan: list[tuple[int, int]]) -> None:
    times = sorted(START + at for at, _ in plan)
    frames = [LAB + bytes([number]) * size for number, (_, size) in enumerate(plan)]
    got: list[tuple[int, bytes]] = []
    for record, (message,), stamps in packed(ArrowPacking(), times, frames):
        read = pa.ipc.read_record_batch(pa.py_buffer(message), FRAMES)
        got += zip(read.column("ts").cast(pa.int64()).to_pylist(), read.column("frame").to_pylist(), strict=True)
        assert record.frames == len(read) == len(stamps)
        assert record.due == record.upto - BUCKET_NS + DUE_NS
        assert record.upto - BUCKET_NS <= stamps[0] <= stamps[-1] < record.upto
    assert got == list(zip(times, frames, strict=True))


def test_a_record_for_the_wire_is_bounded() -> None:
    n = RAW_FRAMES + 10
    packs = packed(RawPacking(), [START + i for i in range(n)], [LAB] * n)
    assert [each.record.frames for each in packs] == [RAW_FRAMES, 10]
    assert packs[0].record.upto == START + RAW_FRAMES
    large = packed(RawPacking(), [START] * 3, [LAB + bytes(3 << 20)] * 3)
    assert [each.record.frames for each in large] == [1, 1, 1]


def test_only_frames_within_the_lab_are_packed_for_a_wire() -> None:
    with pytest.raises(UnsafeError, match="gate stopped frame 1"):
        packed(RawPacking(), [START, START + 1], [LAB, OUTSIDE])
    assert len(packed(ArrowPacking(), [START], [OUTSIDE])) == 1


def test_heads() -> None:
    (head,) = ArrowPacking().head(START)
    assert pa.ipc.read_schema(pa.py_buffer(head.parts[0])) == FRAMES
    assert (head.record.due, head.record.frames, head.record.upto) == (0, 0, START)
    assert not list(RawPacking().head(START))
