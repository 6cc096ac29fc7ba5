"""Against one hash over all frames at once."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.schemas import FRAMES, TIME
from generator.fingerprint import Fingerprint, Frames, Seal
from generator.ring import MESSAGE, Record

ROWS = st.lists(st.tuples(st.integers(0, 1 << 62), st.binary(max_size=40)), max_size=30)


def batch(rows: list[tuple[int, bytes]]) -> pa.RecordBatch:
    times, frames = [time for time, _ in rows], [frame for _, frame in rows]
    sizes, ones = [len(frame) for frame in frames], [1] * len(rows)
    columns = [pa.array(times, pa.int64()).cast(TIME), pa.array(frames, pa.binary()), pa.array(sizes, pa.uint32())]
    return pa.record_batch([*columns, pa.array(ones, pa.uint16())], schema=FRAMES)


def naive(rows: list[tuple[int, bytes]]) -> bytes:
    parts = (
        b"".join(time.to_bytes(8, "little", signed=True) for time, _ in rows),
        b"".join(len(frame).to_bytes(4, "little") for _, frame in rows),
        b"".join(frame for _, frame in rows),
    )
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


@given(ROWS, st.lists(st.integers(0, 30), max_size=6))
def test_it_is_one_hash_over_all_frames_however_they_are_cut(rows, cuts) -> None:
    found = Fingerprint()
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    whole = batch(rows)
    for low, high in pairwise(bounds):
        found.add(Frames.of(whole.slice(low, high - low)))
    again = Fingerprint()
    for low, high in pairwise(bounds):
        again.add(Frames.of(whole), low, high)
    assert found.frames == again.frames == len(rows)
    assert found.digest() == again.digest() == naive(rows)


@pytest.mark.parametrize("other", [[(1, b"abd")], [(2, b"abc")], [(1, b"ab"), (1, b"c")], []])
def test_another_time_byte_or_border_makes_another(other) -> None:
    assert naive([(1, b"abc")]) != naive(other)


def test_a_seal_tells_what_left_up_to_any_of_its_messages() -> None:
    rows = [(time, bytes([time] * time)) for time in range(10)]
    seal = Seal()
    for part in (rows[:6], rows[6:]):
        seal.begin(batch(part))
        for low in range(0, len(part), 2):
            upto = part[low + 1][0] + 1
            seal.message(Record(MESSAGE, 0, 0, 0, 2, 0, upto, 0))
    for upto in range(0, 11, 2):
        document = seal.document(upto)
        assert (document["frames"], document["sha256"]) == (upto, naive(rows[:upto]).hex())
    assert seal.document(99)["frames"] == 10
    assert seal.document(5) == {"format": "tenfold-frames/1", "upto_ns": 5, "frames": None, "sha256": None}
    assert np.all([seal.document(3)[name] is None for name in ("frames", "sha256")])
