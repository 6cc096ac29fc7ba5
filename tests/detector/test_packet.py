"""Reading bytes, and batches as arrays."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.schemas import FRAMES
from detector.packet import PACKET, REASONS, be16, be32, be48, be64, columns_of, u8
from tests.detector.captured import START, batch_of


@pytest.mark.parametrize(("read", "width"), [(u8, 1), (be16, 2), (be32, 4), (be48, 6), (be64, 8)])
@given(content=st.binary(min_size=12, max_size=12), at=st.integers(0, 4))
def test_network_order(read, width, content, at):
    data = np.frombuffer(content, np.uint8)
    assert int(read(data, at)) == int.from_bytes(content[at : at + width], "big")


def test_columns_lie_over_the_memory_of_a_slice():
    batch = batch_of([b"a", b"bc", b"", b"def"], link=[1, 101, 113, 1]).slice(1, 3)
    columns = columns_of(batch)
    starts = columns.offsets.tolist()
    frames = [columns.data[a:b].tobytes() for a, b in itertools.pairwise(starts)]
    assert frames == [b"bc", b"", b"def"]
    assert columns.ts.tolist() == [START + n * 1_000_000 for n in (1, 2, 3)]
    assert columns.wire_len.tolist() == [2, 0, 3]
    assert columns.link.tolist() == [101, 113, 1]


def test_empty_batches():
    columns = columns_of(pa.RecordBatch.from_pylist([], schema=FRAMES))
    assert (len(columns.ts), columns.offsets.tolist(), len(columns.data)) == (0, [0], 0)


def test_reasons_fit_their_column():
    assert len(REASONS) <= np.iinfo(PACKET["reason"]).max
    assert len(set(REASONS)) == len(REASONS)
