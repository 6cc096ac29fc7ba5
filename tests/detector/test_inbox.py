"""The inbox holds the sender back, and what is in it is not lost when it is told to stop."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from contract.errors import InputError
from contract.schemas import FRAMES
from detector.inbox import Inbox
from tests.detector.streams import batch, tcp


def one(number: int) -> pa.RecordBatch:
    return batch([(number, tcp("198.18.0.1", "198.18.1.1", number, 80))])


def send(path: Path, count: int) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        with connection.makefile("wb") as sink, pa.ipc.new_stream(sink, FRAMES) as writer:
            for number in range(count):
                writer.write_batch(one(number))


def test_everything_arrives_in_order_and_joined(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "s", once=True)
    sender = threading.Thread(target=send, args=(tmp_path / "s", 2000))
    sender.start()
    ports, over, pieces = [], False, 0
    while not over:
        found, over = inbox.take(1.0)
        if found is not None:
            pieces += 1
            ports += found.column("ts").cast(pa.int64()).to_pylist()
    sender.join()
    inbox.close()
    assert len(ports) == 2000
    assert ports == sorted(ports)
    assert pieces < 2000
    assert (inbox.received, inbox.handed, inbox.backlog) == (2000, 2000, 0)
    assert inbox.error is None


def test_stop_ends_a_stream_that_goes_on(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "s", once=False)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(tmp_path / "s"))
        with connection.makefile("wb") as sink:
            writer = pa.ipc.new_stream(sink, FRAMES)
            writer.write_batch(one(1))
            sink.flush()
            found, over = inbox.take(30.0)
            assert found is not None
            assert not over
            inbox.stop()
            while not over:
                _, over = inbox.take(5.0)
    assert inbox.error is None
    inbox.close()


def test_a_socket_that_was_left_behind_is_taken_over_and_a_used_one_is_not(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    inbox = Inbox(tmp_path / "s", once=False)
    with pytest.raises(InputError, match="cannot listen"):
        Inbox(tmp_path / "s", once=False)
    inbox.close()
    with pytest.raises(InputError, match="cannot listen"):
        Inbox(tmp_path / ("x" * 200), once=False)
