"""Frames over a real socket, and streams that must not be believed."""

from __future__ import annotations

import socket
import threading

import pyarrow as pa
import pytest

from contract.arrow_io import write_stream
from contract.errors import InputError
from contract.schemas import FRAMES, TRUTH
from detector.capture.stream import StreamSource, from_socket
from tests.detector.captured import batch_of

BATCHES = [batch_of([bytes([i]) * 100 for i in range(50)]), batch_of([b"last"])]


def test_batches_come_over_a_socket_as_they_were_sent():
    ours, theirs = socket.socketpair()
    data = write_stream(BATCHES, FRAMES)

    def send() -> None:
        with theirs:
            theirs.sendall(data)

    sender = threading.Thread(target=send)
    sender.start()
    source = from_socket(ours)
    received = list(source.batches())
    sender.join()
    ours.close()
    assert [batch.to_pylist() for batch in received] == [batch.to_pylist() for batch in BATCHES]
    assert (source.ledger_stage.offered, source.ledger_stage.delivered) == (51, 51)


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
