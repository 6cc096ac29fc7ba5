"""Frames over a real socket: in order, joined where they came together, and never believed."""

from __future__ import annotations

import socket
import threading

import pyarrow as pa
import pytest

from contract.arrow_io import write_stream
from contract.errors import InputError
from contract.schemas import FRAMES
from detector.capture.socket_stream import Reader, from_socket
from tests.detector.captured import batch_of

BATCHES = [batch_of([bytes([i]) * 100 for i in range(50)]), batch_of([b"last"])]


def read(data: bytes, pieces: int = 1) -> tuple[list[pa.RecordBatch], str]:
    """What comes out where these bytes are sent in so many pieces, and what was wrong with them."""
    ours, theirs = socket.socketpair()
    size = -(-len(data) // pieces)

    def send() -> None:
        with theirs:
            for low in range(0, len(data), size):
                theirs.sendall(data[low : low + size])

    sender = threading.Thread(target=send)
    found, wrong = [], ""
    with ours:
        sender.start()
        source = from_socket(ours, "x")
        try:
            found.extend(source.batches())
        except InputError as error:
            wrong = str(error)
        assert source.ledger_stage.delivered == sum(batch.num_rows for batch in found)
        sender.join()
    return found, wrong


def rows(batches: list[pa.RecordBatch]) -> list[dict[str, object]]:
    return [row for batch in batches for row in batch.to_pylist()]


@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_frames_come_over_a_socket_in_their_order(pieces):
    many = [batch_of([bytes([i]) * (7 * i + 1)] * 3) for i in range(1, 200)]
    found, wrong = read(write_stream([*BATCHES, *many], FRAMES), pieces)
    assert not wrong
    assert rows(found) == rows([*BATCHES, *many])


def test_what_came_together_is_one_batch_that_outlives_the_bytes_that_came():
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(write_stream(BATCHES, FRAMES)[:-8])
        batches = from_socket(ours, "x").batches()
        first = next(batches)
        assert rows([first]) == rows(BATCHES)
        theirs.sendall(write_stream([batch_of([b"\xee" * 9000])], FRAMES)[len(write_stream([], FRAMES)) - 8 :])
        theirs.close()
        assert next(batches).num_rows == 1
        assert rows([first]) == rows(BATCHES)


def test_a_message_larger_than_the_room_comes_whole():
    large = batch_of([b"a" * (6 << 20), b"b" * 5])
    found, wrong = read(write_stream([*BATCHES, large, *BATCHES], FRAMES))
    assert not wrong
    assert rows(found) == rows([*BATCHES, large, *BATCHES])


def test_a_cut_is_an_input_error_after_the_whole_batches():
    found, wrong = read(write_stream(BATCHES, FRAMES)[:-200])
    assert rows(found) == rows(BATCHES[:1])
    assert wrong.startswith("x: ")


def test_a_batch_that_is_wrong_takes_none_with_it_that_came_before():
    nulls = pa.record_batch([pa.array([None], f.type) for f in FRAMES], schema=FRAMES)
    for bad, why in ((batch_of([b"a"], [2**63 - 1]), "beyond the year 2116"), (nulls, "holds nulls")):
        found, wrong = read(write_stream([*BATCHES, bad, *BATCHES], FRAMES))
        assert rows(found) == rows(BATCHES)
        assert why in wrong


def test_memory_that_is_looked_at_is_not_written_again():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader = Reader(ours)
        theirs.sendall(b"a" * 64)
        seen = reader.read(64)
        theirs.sendall(b"b" * 64)
        assert bytes(reader.read(64)) == b"b" * 64
        assert bytes(seen) == b"a" * 64
        reader.free()
        theirs.sendall(b"c" * 64)
        assert bytes(reader.read(64)) == b"c" * 64


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
