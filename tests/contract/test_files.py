from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contract.errors import InputError
from contract.files import part_of, read_bytes, read_json, read_text, remove_parts, write_new


def test_what_is_there_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": "é"}', encoding="utf-8")
    assert read_text(path, "card", 100) == '{"a": "é"}'
    assert read_json(path, "card", 100) == {"a": "é"}


def test_a_pipe_and_a_device_are_refused_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(InputError, match="not a regular file"):
            read_bytes(path, "card", 100)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(3 << 20))
    (tmp_path / "file").write_bytes(b"\xff")
    cases = [
        (tmp_path / "absent", "no such card"),
        (tmp_path, "is a folder, not a card"),
        (tmp_path / "large", "a card of more than 2 MiB is refused"),
        (tmp_path / "file" / "below", "cannot read: Not a directory"),
        (tmp_path / ("x" * 300), "cannot read: File name too long"),
        (Path("a\0b"), "cannot read: embedded null"),
        (tmp_path / "file", "not a text file: invalid start byte at byte 0"),
    ]
    for path, words in cases:
        with pytest.raises(InputError, match=words) as caught:
            read_text(path, "card", 2 << 20)
        assert str(caught.value).startswith(f"{path}: ".replace("\0", "\\x00"))


@pytest.mark.parametrize("text", ["{", "", "[" * 100_000, "9" * 5000])
def test_not_json(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match="not JSON"):
        read_json(path, "card", 1 << 20)


def test_a_new_file_is_written_and_never_over_another(tmp_path):
    write_new(tmp_path / "a.toml", "x = 1\n")
    assert (tmp_path / "a.toml").read_text() == "x = 1\n"
    with pytest.raises(InputError, match="is there already"):
        write_new(tmp_path / "a.toml", "")
    with pytest.raises(InputError, match="cannot write"):
        write_new(tmp_path / "absent" / "a.toml", "")


def test_what_the_dead_left_half_written_is_removed_and_what_the_living_write_is_not(tmp_path: Path) -> None:
    path = tmp_path / "truth[1].parquet"
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    with subprocess.Popen([sys.executable, "-c", ""]) as unasked:
        os.waitid(os.P_PID, unasked.pid, os.WEXITED | os.WNOWAIT)
        stale = tmp_path / f".{path.name}.{unasked.pid}.part"
        stale.touch()
        remove_parts(path)
        assert not stale.exists()
    left = [part_of(path), *(tmp_path / f".{path.name}.{pid}.part" for pid in (ended.pid, 10**30, "x", 1))]
    other = tmp_path / f".other.{ended.pid}.part"
    for one in (*left, other):
        one.touch()
    remove_parts(path)
    assert sorted(tmp_path.iterdir()) == sorted([left[0], left[3], left[4], other])
