"""A growing file through rotation of every kind, lines in pieces, and a file that comes late."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from campaign.alert_tail import Tail


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_only_what_is_new_and_only_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "eve.json"
    path.write_bytes(b"old\n")
    tail = Tail(path)
    assert tail.lines() == []
    append(path, b"one\r\n\ntw")
    assert tail.lines() == [b"one"]
    append(path, b"o\nthree")
    assert tail.lines() == [b"two"]
    tail.close()


@pytest.mark.parametrize("at", range(1, 12))
def test_a_line_that_comes_in_two_pieces(tmp_path: Path, at: int) -> None:
    path, data = tmp_path / "f", b"first\nsecond\n"
    path.write_bytes(b"")
    tail, found = Tail(path), []
    for piece in (data[:at], data[at:]):
        append(path, piece)
        found += tail.lines()
    assert found == [b"first", b"second"]
    tail.close()


def test_the_header_of_a_log_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "notice.log"
    path.write_bytes(b"#separator \\x09\n#fields\tts\n1\n2\n")
    tail = Tail(path)
    append(path, b"3\n")
    assert tail.lines() == [b"#separator \\x09", b"#fields\tts", b"3"]
    tail.close()
    csv = tmp_path / "a.csv"
    csv.write_bytes(b"a,b\n1,2\n")
    tail = Tail(csv, header_lines=1)
    assert tail.lines() == [b"a,b"]
    tail.close()


def test_renamed_and_written_to_for_a_while(tmp_path: Path) -> None:
    path, old = tmp_path / "eve.json", tmp_path / "eve.json.1"
    path.write_bytes(b"")
    tail = Tail(path)
    append(path, b"a\n")
    assert tail.lines() == [b"a"]
    path.rename(old)
    append(old, b"b\nc")
    assert tail.lines() == [b"b"]  # the new one is not there yet
    append(old, b"!\n")
    path.write_bytes(b"d\n")
    assert tail.lines() == [b"c!", b"d"]
    assert (tail.rotations, tail.truncations) == (1, 0)
    tail.close()


def test_copied_and_truncated(tmp_path: Path) -> None:
    path = tmp_path / "eve.json"
    path.write_bytes(b"")
    tail = Tail(path)
    append(path, b"a\nb\n")
    assert tail.lines() == [b"a", b"b"]
    shutil.copy(path, tmp_path / "eve.json.1")
    path.write_bytes(b"c\n")
    assert tail.lines() == [b"c"]
    path.write_bytes(b"dddddddddddddd\n")  # longer than what we had read: told by its bytes
    assert tail.lines() == [b"dddddddddddddd"]
    assert tail.truncations == 2
    tail.close()


def test_a_file_that_comes_late(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "f")
    assert (tail.lines(), tail.inode) == ([], 0)
    (tmp_path / "f").write_bytes(b"a\n")
    assert tail.lines() == [b"a"]
    assert tail.inode
    tail.close()
