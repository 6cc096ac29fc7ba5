"""Streams that must not be believed."""

from __future__ import annotations

import pyarrow as pa
import pytest

from contract.arrow_io import write_stream
from contract.errors import InputError
from contract.schemas import FRAMES, TRUTH
from detector.capture.stream import StreamSource
from tests.detector.captured import batch_of

BATCHES = [batch_of([bytes([i]) * 100 for i in range(50)]), batch_of([b"last"])]


def test_a_cut_in_a_message_is_an_input_error_after_the_whole_batches():
    source = StreamSource(write_stream(BATCHES, FRAMES)[:-200], "x")
    batches = source.batches()
    assert next(batches).num_rows == 50
    with pytest.raises(InputError, match=r"^x: "):
        list(batches)


@pytest.mark.parametrize("data", [b"", b"nonsense", write_stream([], TRUTH)])
def test_other_streams_are_refused(data):
    with pytest.raises(InputError, match=r"^x: "):
        list(StreamSource(data, "x").batches())


def test_compressed_batches_are_refused():
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, FRAMES, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(BATCHES[0])
    with pytest.raises(InputError, match="compressed"):
        list(StreamSource(sink.getvalue().to_pybytes(), "x").batches())


@pytest.mark.parametrize("time", [2**63 - 1, -(2**63), 2**62 + 1])
def test_times_that_cannot_be_are_refused(time):
    """Ticks count up from the newest time: near the end of 64 bits they once overflowed and ended the detector."""
    with pytest.raises(InputError, match="x: damaged Arrow batch: a frame's time lies beyond the year 2116"):
        list(StreamSource(write_stream([batch_of([b"a", b"b"], [5, time])], FRAMES), "x").batches())
