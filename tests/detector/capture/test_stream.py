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


@pytest.mark.parametrize("time", [2**63 - 1, -(2**63), 2**62 + 1])
def test_times_that_cannot_be_are_refused(time):
    """Ticks count up from the newest time: near the end of 64 bits they once overflowed and ended the detector."""
    with pytest.raises(InputError, match="x: damaged Arrow batch: a frame's time lies beyond the year 2116"):
        list(StreamSource(write_stream([batch_of([b"a", b"b"], [5, time])], FRAMES), "x").batches())


@pytest.mark.parametrize("head", [b"\xff\xff\xff\xff\x00\x00\x00\x7f", b"\xff\xff\xff\xff\xf0\xff\xff\xff"])
def test_a_message_is_not_believed_how_long_it_is(head):
    """Memory would be taken for what a peer says will come."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(head)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(InputError, match=r"^x: not an Arrow stream"):
            list(from_socket(ours, "x").batches())


def test_a_body_is_not_believed_how_long_it_is():
    data = bytearray(write_stream(BATCHES, FRAMES))
    at = data.index(b"\xff\xff\xff\xff", 8)
    size = int.from_bytes(data[at + 4 : at + 8], "little")
    message = pa.ipc.read_message(bytes(data[at:]))
    body = len(message.body).to_bytes(8, "little")
    where = data.index(body, at + 8, at + 8 + size)
    data[where : where + 8] = (1 << 40).to_bytes(8, "little")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=lambda: (theirs.sendall(data), theirs.shutdown(socket.SHUT_WR)))
        sender.start()
        with pytest.raises(InputError, match=r"^x: damaged Arrow .*more than 256 MiB"):
            list(from_socket(ours, "x").batches())
        sender.join()
