from __future__ import annotations

import threading

import pytest

from contract.errors import InputError
from store.reader import StoreReader
from store.watch import CommitWatch
from store.writer import StoreWriter
from tests.store.helpers import alert, verdicts


def test_it_tells_of_each_commit_and_of_nothing_else(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer:
        watch = CommitWatch(tmp_path)
        first = watch.state()
        assert first[0] == 0
        assert watch.state() == first
        writer.commit(alerts=[alert(1)])
        second = watch.state()
        assert second[0] == 1
        assert second != first
        assert watch.state() == second
        writer.commit(verdicts=verdicts(3, 0))
        with StoreReader(tmp_path) as reader:
            assert watch.state()[0] == reader.last_commit() == 2
        watch.close()


def test_it_does_not_wait_for_a_reader(tmp_path):
    with StoreWriter(tmp_path, compact_after=0) as writer:
        writer.commit(alerts=[alert(1)])
        with StoreReader(tmp_path) as reader, reader._turn:  # somebody is at a long query
            watch = CommitWatch(tmp_path)
            found = []
            asking = threading.Thread(target=lambda: found.append(watch.state()), daemon=True)
            asking.start()
            asking.join(30)
            assert found[0][0] == 1
            watch.close()


def test_where_there_is_no_store_it_says_so(tmp_path):
    with pytest.raises(InputError, match="no store"):
        CommitWatch(tmp_path)
