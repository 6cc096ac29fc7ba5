"""Unix sockets to which a detector writes: streams that come and go, datagrams."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from campaign.alert_socket import Listener
from contract.errors import InputError


def test_a_stream_in_pieces_and_a_second_writer(tmp_path: Path) -> None:
    path = tmp_path / "s"
    listener = Listener(path)
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as two:
        one.connect(str(path))
        one.sendall(b'{"a":1}\n{"b"')
        assert listener.lines() == [b'{"a":1}']
        two.connect(str(path))
        two.sendall(b"x\n")
        one.sendall(b":2}\nlast")
        assert sorted(listener.lines()) == [b"x", b'{"b":2}']
    assert listener.lines() == [b"last"]  # its writer has gone
    assert path.stat().st_mode & 0o077 == 0
    listener.close()
    assert not path.exists()


def test_datagrams_are_lines(tmp_path: Path) -> None:
    listener = Listener(tmp_path / "d", datagrams=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as writer:
        for data in (b"a", b"b\n", b"c\nd\n", b""):
            writer.sendto(data, str(tmp_path / "d"))
    assert listener.lines() == [b"a", b"b", b"c", b"d"]
    listener.close()


def test_a_socket_that_was_left_behind_is_taken_over_a_file_is_not(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "s"))
    Listener(tmp_path / "s").close()
    (tmp_path / "f").write_text("precious")
    for path in (tmp_path / "f", tmp_path / "no" / "s", tmp_path / ("x" * 200)):
        with pytest.raises(InputError, match="cannot listen"):
            Listener(path)
    assert (tmp_path / "f").read_text() == "precious"
