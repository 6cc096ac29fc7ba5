from __future__ import annotations

import os
import threading

import pytest

from api.problems import ProblemError
from api.runs import RunBook
from contract.errors import InputError
from tests.api.conftest import finish
from tests.api.helpers import START, make_run


def run(tmp_path, name, state="finished", started=START, **more):
    finish(make_run(tmp_path / name, alerts=1, seconds=1, per_second=1), state, started_ns=started, **more)


def test_the_active_run_comes_before_the_latest(tmp_path):
    book = RunBook(tmp_path)
    with pytest.raises(ProblemError, match="no run yet"):
        book.choose(None)
    run(tmp_path, "old")
    run(tmp_path, "new", started=START + 10)
    assert book.choose(None).id == "new"
    assert book.active() is None
    run(tmp_path, "going", "running", START - 10, pid=os.getpid())
    assert book.choose(None).id == "going" == book.active().id
    assert book.choose("old").id == "old"
    assert RunBook(tmp_path, "old").choose(None).id == "old"
    assert [facts.id for facts in book.all()] == ["new", "old", "going"]


def test_what_sensors_post_is_shown_where_nothing_else_is(tmp_path):
    make_run(tmp_path / "live", alerts=1, seconds=1, per_second=1)
    book = RunBook(tmp_path)
    assert book.choose(None).id == "live"
    assert book.active() is None


@pytest.mark.parametrize("name", ["..", ".", "../x", "a/b", "", "x" * 130])
def test_a_name_that_is_none_is_not_looked_for(tmp_path, name):
    with pytest.raises(ProblemError):
        RunBook(tmp_path).choose(name)


def test_readers_are_kept_and_shared_and_bounded(tmp_path):
    for number in range(12):
        run(tmp_path, f"r{number}")
    book = RunBook(tmp_path)
    assert book.reader("r0") is book.reader("r0")
    found = []
    threads = [threading.Thread(target=lambda: found.append(book.reader("r1").counts())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    for number in range(12):
        assert book.reader(f"r{number}").last_commit() >= 1
    assert len(book._readers) == 8
    book.close()


def test_a_run_without_store_and_a_damaged_store(tmp_path):
    (tmp_path / "one").mkdir()
    book = RunBook(tmp_path)
    with pytest.raises(ProblemError, match="no detections yet"):
        book.reader("one")
    (tmp_path / "one" / "store.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(InputError):
        book.reader("one")


def test_the_folder_may_be_missing_but_not_unreadable(tmp_path):
    RunBook(tmp_path / "none").check()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError):
        RunBook(tmp_path / "file").check()
