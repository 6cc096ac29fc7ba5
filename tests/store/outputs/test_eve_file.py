from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading

import pytest

from store.outputs.base import UnavailableError
from store.outputs.eve_file import EveFile
from tests.store.outputs.helpers import batch


def numbers(path):
    data = path.read_bytes()
    assert data == b"" or data.endswith(b"\n")
    return [json.loads(line)["n"] for line in data.splitlines()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "eve.json"


def test_lines_are_appended_also_by_the_next_process(path):
    for first in (0, 3):
        target = EveFile(path, 0, 0, 1)
        target.deliver(batch(3, first))
        target.close()
    assert numbers(path) == list(range(6))
    assert path.stat().st_mode & 0o777 == 0o640 & ~_mask()


def _mask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_it_is_opened_anew_when_it_was_moved_away_or_removed(path):
    target = EveFile(path, 0, 0, 1)
    target.deliver(batch(1))
    path.rename(path.with_suffix(".old"))
    target.deliver(batch(1, 1))
    assert (numbers(path.with_suffix(".old")), numbers(path)) == ([0], [1])
    path.unlink()
    target.deliver(batch(1, 2))
    target.reopen()
    target.deliver(batch(1, 3))
    assert numbers(path) == [2, 3]
    target.close()


def test_what_a_kill_left_of_a_line_is_cut_off(path):
    path.write_bytes(b'{"n": 1}\n{"n": 2, "half')
    target = EveFile(path, 0, 0, 1)
    target.deliver(batch(1, 5))
    target.close()
    assert numbers(path) == [1, 5]


def test_it_is_rotated_by_size_and_the_oldest_go(path):
    size = sum(len(line) + 1 for line in batch(3).lines)
    target = EveFile(path, size, 0, 2)
    for first in range(0, 15, 3):
        target.deliver(batch(3, first))
    target.close()
    rotated = sorted(path.parent.glob("eve.json.*"), key=numbers)
    assert [numbers(one) for one in rotated] == [[6, 7, 8], [9, 10, 11]]
    assert numbers(path) == [12, 13, 14]


def test_it_is_rotated_when_a_span_is_over(path):
    path.write_bytes(b'{"n": 0}\n')
    os.utime(path, (1_000_000_000, 1_000_000_000))
    other = path.with_name("eve.json.20240101-000000.gz")  # not one of ours: it is left alone
    other.touch()
    target = EveFile(path, 0, 3600, 5)
    target.deliver(batch(1, 1))
    target.close()
    assert numbers(path) == [1]
    assert len(list(path.parent.glob("eve.json.*"))) == 2


def test_a_reader_never_sees_half_a_line_while_files_rotate(path):
    target, over, seen, wrong = EveFile(path, 20_000, 0, 100), threading.Event(), set(), []

    def read():
        while True:
            last = over.is_set()
            for one in [*path.parent.glob("eve.json.*"), path]:
                try:
                    data = one.read_bytes()
                except FileNotFoundError:
                    continue
                if one != path and not data.endswith(b"\n"):
                    wrong.append(one)
                # what no newline ends yet is being written: the file grows page by page
                seen.update(json.loads(line)["n"] for line in data.split(b"\n")[:-1])
            if last:
                return

    reader = threading.Thread(target=read)
    reader.start()
    for first in range(0, 8000, 200):
        target.deliver(batch(200, first))
    over.set()
    reader.join()
    target.close()
    assert not wrong
    assert seen == set(range(8000))


def test_a_full_disk_leaves_whole_lines_and_the_rest_follows_later(path):
    target, given = EveFile(path, 0, 0, 1), batch(8000)
    target.deliver(batch(1, 90_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        with pytest.raises(UnavailableError, match="File too large"):
            target.deliver(given)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert 1 < len(numbers(path)) < 8000
    target.deliver(given)
    target.close()
    assert numbers(path) == [90_000, *range(8000)]


def test_two_followers_share_a_file_also_while_it_is_rotated(path):
    # A campaign's and that of what sensors post: each has a process of its own.
    program = (
        "import sys; from pathlib import Path; from store.outputs.eve_file import EveFile; "
        "from tests.store.outputs.helpers import batch; target = EveFile(Path(sys.argv[1]), 20_000, 0, 100); "
        "[target.deliver(batch(7, int(sys.argv[2]) + 7 * n)) for n in range(400)]"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, path, str(first)]) for first in (0, 10_000)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    files = [path, *path.parent.glob("eve.json.*")]
    assert len(files) > 5
    found = sorted(number for one in files for number in numbers(one))
    assert found == [*range(2800), *range(10_000, 12_800)]
